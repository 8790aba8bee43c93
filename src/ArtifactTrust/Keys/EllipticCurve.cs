using System.Security.Cryptography;

namespace ArtifactTrust.Keys;

/// <summary>A curve of FIPS 186-5 that ECDSA keys may be on.</summary>
internal sealed class EllipticCurve
{
    private EllipticCurve(string name, string oid, ECCurve parameters, int coordinateBytes)
    {
        Name = name;
        Oid = oid;
        Parameters = parameters;
        CoordinateBytes = coordinateBytes;
    }

    internal static EllipticCurve P256 { get; } = new("P-256", "1.2.840.10045.3.1.7", ECCurve.NamedCurves.nistP256, 32);

    internal static EllipticCurve P384 { get; } = new("P-384", "1.3.132.0.34", ECCurve.NamedCurves.nistP384, 48);

    internal static EllipticCurve P521 { get; } = new("P-521", "1.3.132.0.35", ECCurve.NamedCurves.nistP521, 66);

    internal string Name { get; }

    /// <summary>Object identifier of the named-curve parameters (RFC 5480 §2.1.1.1).</summary>
    internal string Oid { get; }

    internal ECCurve Parameters { get; }

    /// <summary>Bytes of a coordinate, of the private number and of each half of a raw signature.</summary>
    internal int CoordinateBytes { get; }

    internal static EllipticCurve? Find(string oid) =>
        oid == P256.Oid ? P256
        : oid == P384.Oid ? P384
        : oid == P521.Oid ? P521
        : null;

    public override string ToString() => Name;
}
