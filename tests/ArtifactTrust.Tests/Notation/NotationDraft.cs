using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Notation;

/// <summary>A signature that is right until a test changes something of it; then it is signed with the test's own key all the same.</summary>
internal sealed partial class NotationDraft
{
    internal const string Scheme = "io.cncf.notary.signingScheme";
    internal const string SigningTime = "io.cncf.notary.signingTime";
    internal const string AuthenticTime = "io.cncf.notary.authenticSigningTime";
    internal const string Expiry = "io.cncf.notary.expiry";

    /// <param name="chain">The signer's.</param>
    /// <param name="manifest">What is signed.</param>
    /// <param name="time">When, as the signer says.</param>
    /// <param name="mediaType">The manifest's type.</param>
    internal NotationDraft(
        TestChain chain,
        byte[] manifest,
        DateTimeOffset time,
        string mediaType = "application/vnd.oci.image.manifest.v1+json"
    )
    {
        Key = chain.LeafKey;
        Chain = [.. chain.Certificates];
        Headers = new() { [Scheme] = "notary.x509", [SigningTime] = time };
        Payload = new JsonObject
        {
            ["targetArtifact"] = new JsonObject
            {
                ["mediaType"] = mediaType,
                ["digest"] = DigestAlgorithm.Sha256.Hash(manifest).ToString(),
                ["size"] = manifest.Length,
            },
        };
    }

    internal AsymmetricAlgorithm Key { get; set; }

    internal List<X509Certificate2> Chain { get; }

    internal string Algorithm { get; set; } = "ES256";

    internal string ContentType { get; set; } = "application/vnd.cncf.notary.payload.v1+json";

    internal List<string> Critical { get; } = [Scheme];

    internal Dictionary<string, object> Headers { get; }

    internal JsonNode Payload { get; set; }

    /// <summary>The payload's text, in place of <see cref="Payload"/>.</summary>
    internal string? PayloadText { get; set; }

    /// <summary>Makes the time stamp of the signature, if it is to have one.</summary>
    internal Func<byte[], byte[]>? Stamp { get; set; }

    /// <summary>Changes the text of JWS's protected headers before they are signed.</summary>
    internal Func<string, string> EditProtected { get; set; } = text => text;

    /// <summary>Makes it a signature of a signing authority, which vouches for the time.</summary>
    internal void UseAuthority(DateTimeOffset time)
    {
        Headers[Scheme] = "notary.x509.signingAuthority";
        Headers.Remove(SigningTime);
        AddCritical(AuthenticTime, time);
    }

    internal void AddCritical(string name, object value)
    {
        Headers[name] = value;
        Critical.Add(name);
    }

    internal byte[] Build(bool jws) => jws ? Jws() : Cose();

    private string PayloadJson => PayloadText ?? Payload.ToJsonString();

    private byte[] Jws()
    {
        var json = new JsonObject
        {
            ["alg"] = Algorithm,
            ["cty"] = ContentType,
            ["crit"] = new JsonArray([.. Critical.Select(c => (JsonNode)c)]),
        };
        foreach (var (name, value) in Headers)
        {
            json[name] = value is DateTimeOffset time ? time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null) : (string)value;
        }
        var headers = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(EditProtected(json.ToJsonString())));
        var payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(PayloadJson));
        var signature = Sign(Encoding.ASCII.GetBytes($"{headers}.{payload}"));
        var unprotected = new JsonObject
        {
            ["x5c"] = new JsonArray([.. Chain.Select(c => (JsonNode)Convert.ToBase64String(c.RawData))]),
            ["io.cncf.notary.signingAgent"] = "test",
        };
        if (Stamp is not null)
        {
            unprotected["io.cncf.notary.timestampSignature"] = Convert.ToBase64String(Stamp(signature));
        }
        return Encoding.UTF8.GetBytes(
            new JsonObject
            {
                ["payload"] = payload,
                ["protected"] = headers,
                ["header"] = unprotected,
                ["signature"] = Base64Url.EncodeToString(signature),
            }.ToJsonString()
        );
    }

    private byte[] Cose()
    {
        var algorithm = Algorithm switch
        {
            "PS256" => -37,
            "PS384" => -38,
            "PS512" => -39,
            "ES256" => -7,
            "ES384" => -35,
            "ES512" => -36,
            _ => -8,
        };
        var headers = Cbor.Map([
            (Cbor.Number(1), Cbor.Number(algorithm)),
            (Cbor.Number(2), Cbor.Array([.. Critical.Select(Cbor.Text)])),
            (Cbor.Number(3), Cbor.Text(ContentType)),
            .. Headers.Select(h =>
                (
                    Cbor.Text(h.Key),
                    h.Value is DateTimeOffset t ? Cbor.Tag(1, Cbor.Number(t.ToUnixTimeSeconds())) : Cbor.Text((string)h.Value)
                )
            ),
        ]);
        var payload = Encoding.UTF8.GetBytes(PayloadJson);
        var signature = Sign(Cbor.Array([Cbor.Text("Signature1"), Cbor.Bytes(headers), Cbor.Bytes([]), Cbor.Bytes(payload)]));
        List<(byte[], byte[])> unprotected = [(Cbor.Number(33), Cbor.Array([.. Chain.Select(c => Cbor.Bytes(c.RawData))]))];
        if (Stamp is not null)
        {
            unprotected.Add((Cbor.Text("io.cncf.notary.timestampSignature"), Cbor.Bytes(Stamp(signature))));
        }
        return Cbor.Tag(18, Cbor.Array([Cbor.Bytes(headers), Cbor.Map(unprotected), Cbor.Bytes(payload), Cbor.Bytes(signature)]));
    }

    private byte[] Sign(byte[] signed) =>
        Key switch
        {
            ECDsa ec => ec.SignData(signed, ec.KeySize == 256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA384),
            RSA rsa => rsa.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            _ => throw new InvalidOperationException("a key of another kind"),
        };
}

/// <summary>Writes CBOR, as little of it as envelopes have.</summary>
internal static class Cbor
{
    internal static byte[] Number(long value) => value < 0 ? Head(1, -1 - value) : Head(0, value);

    internal static byte[] Bytes(byte[] value) => [.. Head(2, value.Length), .. value];

    internal static byte[] Text(string value) => [.. Head(3, Encoding.UTF8.GetByteCount(value)), .. Encoding.UTF8.GetBytes(value)];

    internal static byte[] Array(params byte[][] items) => [.. Head(4, items.Length), .. items.SelectMany(i => i)];

    internal static byte[] Map(IReadOnlyCollection<(byte[] Key, byte[] Value)> members) =>
        [.. Head(5, members.Count), .. members.SelectMany(m => m.Key.Concat(m.Value))];

    internal static byte[] Tag(int tag, byte[] value) => [.. Head(6, tag), .. value];

    private static byte[] Head(int kind, long value) =>
        value < 24 ? [(byte)(kind << 5 | (int)value)]
        : value < 0x100 ? [(byte)(kind << 5 | 24), (byte)value]
        : value < 0x1_0000 ? [(byte)(kind << 5 | 25), (byte)(value >> 8), (byte)value]
        : [(byte)(kind << 5 | 26), (byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
