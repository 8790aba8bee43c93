using ArtifactTrust.Formats;

namespace ArtifactTrust.Notation;

/// <summary>What the two forms of an envelope have in common. Nothing of it is verified.</summary>
internal sealed record Envelope
{
    internal const string Format = "Notation signature";
    internal const string JwsType = "application/jose+json";
    internal const string CoseType = "application/cose";
    internal const string Scheme = "io.cncf.notary.signingScheme";
    internal const string SigningTimeName = "io.cncf.notary.signingTime";
    internal const string AuthenticTimeName = "io.cncf.notary.authenticSigningTime";
    internal const string ExpiryName = "io.cncf.notary.expiry";
    internal const string PluginName = "io.cncf.notary.verificationPlugin";
    internal const string PluginVersionName = "io.cncf.notary.verificationPluginMinVersion";
    internal const string TimestampName = "io.cncf.notary.timestampSignature";
    internal const string AgentName = "io.cncf.notary.signingAgent";

    /// <summary>The algorithm, by its JOSE name.</summary>
    internal required string Algorithm { get; init; }

    /// <summary>The type of the payload.</summary>
    internal required string ContentType { get; init; }

    /// <summary>The names of the protected headers.</summary>
    internal required IReadOnlyCollection<string> Names { get; init; }

    /// <summary>The names listed as critical; numbers in decimal.</summary>
    internal required IReadOnlyList<string> Critical { get; init; }

    internal required string SigningScheme { get; init; }

    internal DateTimeOffset? SigningTime { get; init; }

    internal DateTimeOffset? AuthenticSigningTime { get; init; }

    internal DateTimeOffset? Expiry { get; init; }

    /// <summary>The bytes that the signature is over.</summary>
    internal ReadOnlyMemory<byte> Signed { get; init; }

    internal ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The signature: r and s side by side for ECDSA.</summary>
    internal ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>The certificates, the signer's first, DER.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> Chain { get; init; } = [];

    /// <summary>The time-stamp token, DER, or null.</summary>
    internal ReadOnlyMemory<byte>? Timestamp { get; init; }

    internal string? Agent { get; init; }

    internal static void CheckCount(int count, int maximum, string location)
    {
        if (count > maximum)
        {
            throw new MalformedDataException(Format, location, $"{count} elements; at most {maximum} are accepted");
        }
    }
}
