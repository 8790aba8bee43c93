using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;

namespace ArtifactTrust.Tests.Notation;

/// <summary>A trust store, a policy, a clock and a manifest: what a verification needs beside the signature.</summary>
internal sealed class NotationScene : IDisposable
{
    /// <summary>The instant that the clock shows unless a test sets it: after the signatures in <c>Data</c> were made, before any of them expires.</summary>
    internal static readonly DateTimeOffset Now = TestChain.Now;

    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("artifact-trust-");

    internal NotationScene()
    {
        Add("ca", "example", Data("root.pem"));
        Add("tsa", "own", Data("tsa-root.pem"));
        Add("ca", "self", Data("self-signed.pem"));
    }

    internal string Folder => _folder.FullName;

    internal DateTimeOffset Time { get; set; } = Now;

    internal bool SkipRevocation { get; set; }

    internal Dictionary<string, string> Annotations { get; } = [];

    internal string Stores { get; set; } = "\"ca:example\"";

    internal string Identities { get; set; } = "\"x509.subject: C=DE, ST=Berlin, O=Example\"";

    internal string Verification { get; set; } = """{"level":"strict"}""";

    /// <summary>The manifest that the signatures in <c>Data</c> are of.</summary>
    internal byte[] Manifest { get; set; } = Data("manifest.json");

    internal string MediaType { get; set; } = ManifestType;

    /// <summary>A file made by notation 1.3.2, or for it by OpenSSL 3.0; the private keys were thrown away.</summary>
    internal static byte[] Data(string name) =>
        File.ReadAllBytes(Path.Combine(LayerTests.Repository(), "tests", "ArtifactTrust.Tests", "Notation", "Data", name));

    internal static NotationSignature Read(string name) => Parse(name.EndsWith(".jws", StringComparison.Ordinal), Data(name));

    internal static NotationSignature Parse(bool jws, byte[] envelope) =>
        NotationSignature.Parse(jws ? NotationSignature.JwsMediaType : NotationSignature.CoseMediaType, envelope);

    internal void Add(string type, string name, byte[] content, string file = "root.pem")
    {
        var store = Directory.CreateDirectory(Path.Combine(Folder, "x509", type, name));
        File.WriteAllBytes(Path.Combine(store.FullName, file), content);
    }

    internal NotationTrustPolicy Policy() =>
        NotationTrustPolicy.Parse(
            Encoding.UTF8.GetBytes(
                $$"""
                {"version":"1.0","trustPolicies":[{"name":"models","registryScopes":["*"],"signatureVerification":{{Verification}},
                "trustStores":[{{Stores}}],"trustedIdentities":[{{Identities}}]}]}
                """
            )
        );

    internal NotationVerifier Verifier() =>
        new(Policy().Rules[0], NotationTrustStore.Open(Folder), new Clock(Time))
        {
            SkipRevocation = SkipRevocation,
            Annotations = Annotations,
        };

    internal NotationReport Verify(NotationSignature signature) =>
        Verifier().Verify(signature, MediaType, DigestAlgorithm.Sha256.Hash(Manifest), Manifest.Length);

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>A clock that stands still.</summary>
    internal sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
