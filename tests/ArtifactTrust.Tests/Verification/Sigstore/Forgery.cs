using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Verification.Sigstore;

/// <summary>In what a bundle differs from a right one.</summary>
internal sealed record Forgery
{
    /// <summary>1 for a log with promises, 2 for one without; 0 for none.</summary>
    public int LogVersion { get; init; } = 2;
    public string? Kind { get; init; }
    public (string Type, byte[] Payload)? Envelope { get; init; }
    public byte[]? SignedContent { get; init; }
    public Action<JsonObject>? Change { get; init; }

    public TestKey? Key { get; init; }
    public TestKey? ManagedKey { get; init; }

    // The log
    public string? LoggedDetails { get; init; }
    public Func<Checkpoint, SignedNote>? Checkpoint { get; init; }
    public byte[]? LoggedDigest { get; init; }
    public byte[]? LoggedSignature { get; init; }
    public byte[]? LoggedCertificate { get; init; }
    public NoteSigner? Signer { get; init; }
    public string? Origin { get; init; }
    public Digest? TreeRoot { get; init; }
    public DateTimeOffset IntegratedTime { get; init; } = TestAuthority.Now;
    public SigningKey? PromiseKey { get; init; }

    // The time stamp
    public bool HasTimestamp { get; init; } = true;
    public TestTsa? Tsa { get; init; }
    public byte[]? StampedContent { get; init; }
    public DateTimeOffset StampTime { get; init; } = TestAuthority.Now;
    public HashAlgorithmName StampHash { get; init; } = HashAlgorithmName.SHA256;
    public bool StampHasCertificate { get; init; }

    // The certificate
    public ECDsa? LeafKey { get; init; }
    public DateTimeOffset LeafFrom { get; init; } = TestAuthority.Now.AddMinutes(-5);
    public DateTimeOffset LeafTo { get; init; } = TestAuthority.Now.AddMinutes(5);
    public string? LeafUsage { get; init; } = "1.3.6.1.5.5.7.3.3";
    public X509KeyUsageFlags LeafKeyUsage { get; init; } = X509KeyUsageFlags.DigitalSignature;
    public bool LeafIsAuthority { get; init; }
    public (X509Certificate2 Certificate, ECDsa Key)? LeafIssuer { get; init; }
    public bool HasSct { get; init; } = true;
    public SigningKey? SctKey { get; init; }
    public byte[]? SctLogId { get; init; }
    public DateTimeOffset SctTime { get; init; } = TestAuthority.Now;
    public byte[] SctExtensions { get; init; } = [];
    public X509Certificate2? SctIssuer { get; init; }
    public bool HasForeignSct { get; init; }
    public bool HasIssuerName { get; init; } = true;
    public X509Extension? NameExtension { get; init; }
    public IReadOnlyList<X509Extension> FurtherExtensions { get; init; } = [];
}
