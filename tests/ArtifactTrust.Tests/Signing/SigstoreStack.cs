using System.Text;
using System.Text.Json;
using ArtifactTrust.Signing;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Tests.Signing;

/// <summary>A real Sigstore instance on this machine, whose folder the variable ARTIFACT_TRUST_SIGSTORE names.</summary>
internal static class SigstoreStack
{
    public static string? Directory { get; } = Find();

    public static string File(string name) => Path.Combine(Directory!, "run", name);

    public static TrustedRoot Root() => TrustedRoot.Parse(System.IO.File.ReadAllBytes(File("trusted_root.json")));

    public static SigningConfig Config(string name) => SigningConfig.Parse(System.IO.File.ReadAllBytes(File(name)));

    /// <summary>A token of one of the issuers, and what its holder proves the key's possession with.</summary>
    public static async Task<(string Token, string ProofSubject)> MintAsync(string kind, HttpClient http, string query = "")
    {
        using var ports = JsonDocument.Parse(await System.IO.File.ReadAllBytesAsync(File("ports.json")));
        var token = await http.GetStringAsync(
            new Uri($"http://127.0.0.1:{ports.RootElement.GetProperty("oidc").GetInt32()}/{kind}/mint?{query}")
        );
        var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
        var bytes = Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '='));
        using var claims = JsonDocument.Parse(Encoding.UTF8.GetString(bytes));
        return (token, claims.RootElement.GetProperty(kind == "email" ? "email" : "sub").GetString()!);
    }

    public static HttpClient CreateClient() => new(SigstoreServices.CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };

    private static string? Find()
    {
        var path = Environment.GetEnvironmentVariable("ARTIFACT_TRUST_SIGSTORE");
        return path is not null && System.IO.File.Exists(Path.Combine(path, "run", "trusted_root.json")) ? path : null;
    }
}

/// <summary>A test that needs a running Sigstore instance, and says so where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StackTheoryAttribute : TheoryAttribute
{
    public StackTheoryAttribute()
    {
        if (SigstoreStack.Directory is null)
        {
            Skip = "ARTIFACT_TRUST_SIGSTORE does not name the folder of a running Sigstore instance";
        }
    }
}

/// <inheritdoc cref="StackTheoryAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StackFactAttribute : FactAttribute
{
    public StackFactAttribute()
    {
        if (SigstoreStack.Directory is null)
        {
            Skip = "ARTIFACT_TRUST_SIGSTORE does not name the folder of a running Sigstore instance";
        }
    }
}
