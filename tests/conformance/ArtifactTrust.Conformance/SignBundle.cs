using ArtifactTrust.Hashing;
using ArtifactTrust.Signing;
using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Conformance;

/// <summary><c>sign-bundle</c>: a file's bytes, or a statement as it is, with the certificate that the token earns.</summary>
internal static class SignBundle
{
    internal static async Task<int> RunAsync(Arguments arguments)
    {
        using var http = new HttpClient(SigstoreServices.CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        var output = arguments.Required("--bundle");
        var token = IdentityToken.Parse(arguments.Required("--identity-token"));
        var services = new SigstoreServices(http, arguments.SigningConfig, TimeProvider.System);
        using var credential = await services.IssueAsync(token);
        var signer = new BundleSigner(credential, services, arguments.TrustedRoot);
        if (arguments.IsStatement)
        {
            var statement = await signer.SignStatementAsync(await File.ReadAllBytesAsync(arguments.Artifact));
            await File.WriteAllBytesAsync(output, statement.Utf8.ToArray());
            return 0;
        }
        using var file = ArtifactFile.Open(arguments.Artifact);
        var bundle = await signer.SignFileAsync(file);
        await File.WriteAllBytesAsync(output, bundle.Utf8.ToArray());
        return 0;
    }
}
