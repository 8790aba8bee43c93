using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Notation;

/// <summary>Reads an envelope in JWS's flattened JSON form.</summary>
/// <remarks>Spec: Notary Project, "JWS Signature Envelope"; RFC 7515 §5.1, §7.2.2.</remarks>
internal static class JwsEnvelope
{
    // Headers that JOSE defines and the specification does not take: a key or an encoding from them would be the signer's word against ours.
    private static readonly string[] Refused =
    [
        "b64",
        "enc",
        "jku",
        "jwk",
        "kid",
        "nonce",
        "typ",
        "url",
        "x5c",
        "x5t",
        "x5t#S256",
        "x5u",
        "zip",
    ];

    internal static Envelope Read(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, Envelope.Format, Limits.NotationEnvelopeBytes);
        StrictJson.CheckMembers(json, Envelope.Format, "$", "payload", "protected", "header", "signature");
        var payload = StrictJson.RequiredString(json, "payload", Envelope.Format, "$");
        var headers = StrictJson.RequiredString(json, "protected", Envelope.Format, "$");
        var signature = StrictJson.RequiredString(json, "signature", Envelope.Format, "$");
        var unprotected = StrictJson.RequiredObject(json, "header", Envelope.Format, "$");
        StrictJson.CheckMembers(unprotected, Envelope.Format, "$.header", "x5c", Envelope.TimestampName, Envelope.AgentName);
        return ReadProtected(StrictBase64.DecodeUrl(headers, Envelope.Format, "$.protected")) with
        {
            Signed = Encoding.ASCII.GetBytes($"{headers}.{payload}"),
            Payload = StrictBase64.DecodeUrl(payload, Envelope.Format, "$.payload"),
            Signature = StrictBase64.DecodeUrl(signature, Envelope.Format, "$.signature"),
            Chain = ReadChain(unprotected),
            Timestamp = StrictJson.OptionalString(unprotected, Envelope.TimestampName, Envelope.Format, "$.header") is { Length: > 0 } token
                // Without the cast null would be an empty token, which is one.
                ? (ReadOnlyMemory<byte>?)StrictBase64.Decode(token, Envelope.Format, $"$.header.{Envelope.TimestampName}")
                : null,
            Agent = StrictJson.OptionalString(unprotected, Envelope.AgentName, Envelope.Format, "$.header"),
        };
    }

    private static Envelope ReadProtected(byte[] utf8)
    {
        const string at = "$.protected";
        var json = StrictJson.Parse(utf8, Envelope.Format, Limits.NotationEnvelopeBytes);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(Envelope.Format, at, "an object is expected");
        }
        var names = json.EnumerateObject().Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        Envelope.CheckCount(names.Count, Limits.NotationHeaders, at);
        if (Array.Find(Refused, names.Contains) is { } refused)
        {
            throw new MalformedDataException(Envelope.Format, $"{at}.{refused}", "the format has no such header");
        }
        return new Envelope
        {
            Algorithm = Text("alg"),
            ContentType = Text("cty"),
            Names = names,
            Critical =
            [
                .. StrictJson
                    .RequiredArray(json, "crit", Envelope.Format, at, Limits.NotationHeaders)
                    .EnumerateArray()
                    .Select(
                        (e, i) =>
                            e.ValueKind == JsonValueKind.String
                                ? e.GetString()!
                                : throw new MalformedDataException(Envelope.Format, $"{at}.crit[{i}]", "a string is expected")
                    ),
            ],
            SigningScheme = Text(Envelope.Scheme),
            SigningTime = Time(Envelope.SigningTimeName),
            AuthenticSigningTime = Time(Envelope.AuthenticTimeName),
            Expiry = Time(Envelope.ExpiryName),
        };

        string Text(string name) => StrictJson.RequiredString(json, name, Envelope.Format, at);

        DateTimeOffset? Time(string name) => names.Contains(name) ? Rfc3339.Parse(Text(name), Envelope.Format, $"{at}.{name}") : null;
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> ReadChain(JsonElement unprotected) =>
        [
            .. StrictJson
                .RequiredArray(unprotected, "x5c", Envelope.Format, "$.header", Limits.CertificatesPerBundle)
                .EnumerateArray()
                .Select(
                    (e, i) =>
                        e.ValueKind == JsonValueKind.String
                            ? (ReadOnlyMemory<byte>)StrictBase64.Decode(e.GetString()!, Envelope.Format, $"$.header.x5c[{i}]")
                            : throw new MalformedDataException(Envelope.Format, $"$.header.x5c[{i}]", "a string is expected")
                ),
        ];
}
