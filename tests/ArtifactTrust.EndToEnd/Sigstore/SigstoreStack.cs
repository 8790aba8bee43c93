using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArtifactTrust.EndToEnd.Sigstore;

/// <summary>A real Sigstore instance on this machine; the environment variable <c>ARTIFACT_TRUST_SIGSTORE</c> names the folder of its state.</summary>
internal static class SigstoreStack
{
    private const string Variable = "ARTIFACT_TRUST_SIGSTORE";

    private static readonly Lazy<IReadOnlyDictionary<string, int>> AllPorts = new(() =>
        JsonSerializer.Deserialize<Dictionary<string, int>>(System.IO.File.ReadAllText(File("ports.json")))!
    );

    /// <summary>Why a test that needs the instance and programs of others is skipped, or null.</summary>
    internal static string? Missing(params ReadOnlySpan<string> programs) =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder
        && System.IO.File.Exists(Path.Join(folder, "run", "trusted_root.json"))
            ? Peers.Missing(programs)
            : $"no Sigstore instance runs here: set {Variable} to the folder of one";

    /// <summary>A file of the instance's state.</summary>
    internal static string File(string name) => Path.Join(Path.GetFullPath(Environment.GetEnvironmentVariable(Variable)!), "run", name);

    /// <summary>The address of one of its services.</summary>
    internal static string Url(string service) => $"http://127.0.0.1:{AllPorts.Value[service]}";

    /// <summary>The address of one of its issuers.</summary>
    internal static string Issuer(string kind) => $"{Url("oidc")}/{kind}";

    /// <summary>An identity token.</summary>
    internal static async Task<string> MintAsync(string kind, string query = "")
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri($"{Issuer(kind)}/mint?{query}"));
    }

    /// <summary>A signing config of the instance with other addresses for some of its services.</summary>
    /// <param name="name">The file of the instance.</param>
    /// <param name="addresses">The addresses, by the member of the config that lists the services.</param>
    internal static string Config(string name, params (string Member, string Url)[] addresses)
    {
        var config = JsonNode.Parse(System.IO.File.ReadAllText(File(name)))!;
        foreach (var (member, url) in addresses)
        {
            foreach (var service in config[member]!.AsArray())
            {
                // The time-stamp authority's address has a path.
                service!["url"] = url + new Uri(service["url"]!.GetValue<string>()).AbsolutePath.TrimEnd('/');
            }
        }
        return config.ToJsonString();
    }
}

/// <summary>A test that needs a Sigstore instance and programs of others, and says so where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SigstoreFactAttribute : FactAttribute
{
    public SigstoreFactAttribute(params string[] programs) => Skip = SigstoreStack.Missing(programs);
}

/// <inheritdoc cref="SigstoreFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SigstoreTheoryAttribute : TheoryAttribute
{
    public SigstoreTheoryAttribute(params string[] programs) => Skip = SigstoreStack.Missing(programs);
}
