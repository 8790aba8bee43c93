namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>What tests with the real notation share: a registry, who signs in it, and the files that notation verifies by.</summary>
public abstract class NotationTest : IAsyncLifetime
{
    private protected const string Example = "C=DE, ST=Berlin, O=Example";

    private protected Scene Scene { get; } = new();

    private protected DockerRegistry Registry { get; private set; } = null!;

    private protected NotationUser User { get; private set; } = null!;

    public virtual async Task InitializeAsync()
    {
        Registry = await DockerRegistry.StartAsync();
        User = new NotationUser(Scene);
    }

    public async Task DisposeAsync()
    {
        await Registry.DisposeAsync();
        Scene.Dispose();
    }

    /// <summary>The command line that verifies an image by <see cref="TrustPolicy"/>.</summary>
    private protected static string[] Verify(string image) =>
        ["verify", image, "--notation-policy", "notation/trustpolicy.json", "--notation-store", "notation/truststore"];

    /// <summary>Writes the trust policy that this tool and notation read, in place of the one before.</summary>
    private protected void TrustPolicy(string level, string scope, string identity = Example, params string[] stores) =>
        Scene.Write(
            "notation/trustpolicy.json",
            $$"""
            {"version":"1.0","trustPolicies":[{"name":"models","registryScopes":["{{scope}}"],"signatureVerification":{"level":"{{level}}"},
            "trustStores":["{{string.Join(
                "\",\"",
                stores is [] ? ["ca:example"] : stores
            )}}"],"trustedIdentities":["x509.subject: {{identity}}"]}]}
            """
        );

    /// <summary>Pushes an image of one layer to the registry.</summary>
    /// <returns>Its name by digest.</returns>
    private protected Task<string> PushAsync(string repository = "app", string content = "the blob") =>
        User.PushAsync($"{Registry.Host}/demo/{repository}", content);
}
