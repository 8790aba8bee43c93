using System.Buffers.Binary;
using System.Globalization;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Notation;

/// <summary>Reads an envelope in the form of a tagged COSE_Sign1.</summary>
/// <remarks>Spec: Notary Project, "COSE Sign1 Signature Envelope"; RFC 9052 §3.1, §4.2, §4.4; RFC 9360 §2 (x5chain).</remarks>
internal static class CoseEnvelope
{
    private const ulong Sign1Tag = 18;
    private const ulong EpochTimeTag = 1;
    private const string AlgorithmLabel = "1";
    private const string CriticalLabel = "2";
    private const string ContentTypeLabel = "3";
    private const string ChainLabel = "33";

    // RFC 3339 ends with the year 9999 too.
    private const long LatestSecond = 253_402_300_799;

    internal static Envelope Read(ReadOnlyMemory<byte> cbor)
    {
        StrictJson.CheckLength(cbor.Length, Envelope.Format, Limits.NotationEnvelopeBytes);
        var reader = new CborReader(cbor, Envelope.Format, "$");
        if (reader.ReadTag() != Sign1Tag || reader.ReadArray() != 4)
        {
            throw reader.Malformed("a tagged COSE_Sign1 is expected (RFC 9052 §4.2)");
        }
        var headers = reader.ReadBytes();
        var unprotected = new Unprotected();
        ReadMap(reader, unprotected.Read);
        var payload = reader.ReadBytes();
        var signature = reader.ReadBytes();
        reader.End();
        return ReadProtected(headers, unprotected) with
        {
            Signed = Signed(headers.Span, payload.Span),
            Payload = payload,
            Signature = signature,
            Chain = unprotected.Chain ?? throw new MalformedDataException(Envelope.Format, "$.x5chain", "the header is required"),
            Timestamp = unprotected.Timestamp,
            Agent = unprotected.Agent,
        };
    }

    /// <summary>The Sig_structure: what is signed (RFC 9052 §4.4).</summary>
    private static byte[] Signed(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> payload) =>
        [0x84, 0x6A, .. "Signature1"u8, .. Head(headers.Length), .. headers, 0x40, .. Head(payload.Length), .. payload];

    /// <summary>The head of a byte string, in its shortest form.</summary>
    private static byte[] Head(int length)
    {
        if (length < 24)
        {
            return [(byte)(0x40 | length)];
        }
        if (length < 0x100)
        {
            return [0x58, (byte)length];
        }
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, length);
        return length < 0x1_0000 ? [0x59, .. number[2..]] : [0x5A, .. number];
    }

    private static Envelope ReadProtected(ReadOnlyMemory<byte> headers, Unprotected unprotected)
    {
        const string at = "$.protected";
        var reader = new CborReader(headers, Envelope.Format, at);
        long? algorithm = null;
        var critical = new List<string>();
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        var times = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        var names = ReadMap(
            reader,
            (name, isNumber, value) =>
            {
                switch ((isNumber, name))
                {
                    case (true, AlgorithmLabel):
                        algorithm = value.ReadInteger();
                        break;
                    case (true, CriticalLabel):
                        var count = value.ReadArray();
                        Envelope.CheckCount(count, Limits.NotationHeaders, $"{at}.crit");
                        for (var i = 0; i < count; i++)
                        {
                            critical.Add(Label(value).Name);
                        }
                        break;
                    case (true, ContentTypeLabel):
                    case (false, Envelope.Scheme):
                        texts[name] = value.ReadText();
                        break;
                    case (true, ChainLabel):
                        unprotected.Read(name, isNumber, value);
                        break;
                    case (true, _):
                        throw value.Malformed($"the format has no header {name}");
                    case (false, Envelope.SigningTimeName or Envelope.AuthenticTimeName or Envelope.ExpiryName):
                        times[name] = Time(value);
                        break;
                    default:
                        value.Skip();
                        break;
                }
            }
        );
        reader.End();
        return new Envelope
        {
            Algorithm = SignerAlgorithm.NameOf(algorithm ?? throw Missing("alg")),
            ContentType = texts.GetValueOrDefault(ContentTypeLabel) ?? throw Missing("content type"),
            Names = names,
            Critical = names.Contains(CriticalLabel) ? critical : throw Missing("crit"),
            SigningScheme = texts.GetValueOrDefault(Envelope.Scheme) ?? throw Missing(Envelope.Scheme),
            SigningTime = Find(Envelope.SigningTimeName),
            AuthenticSigningTime = Find(Envelope.AuthenticTimeName),
            Expiry = Find(Envelope.ExpiryName),
        };

        DateTimeOffset? Find(string name) => times.TryGetValue(name, out var time) ? time : null;

        static MalformedDataException Missing(string name) => new(Envelope.Format, at, $"the header '{name}' is required");
    }

    private static DateTimeOffset Time(CborReader reader)
    {
        if (reader.ReadTag() != EpochTimeTag)
        {
            throw reader.Malformed("a time in seconds since 1970 is expected (RFC 8949 §3.4.2)");
        }
        return reader.ReadInteger() is var seconds and >= 0 and <= LatestSecond
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw reader.Malformed("a time is out of range");
    }

    private static (string Name, bool IsNumber) Label(CborReader reader) =>
        reader.Next is CborReader.Kind.Text
            ? (reader.ReadText(), false)
            : (reader.ReadInteger().ToString(CultureInfo.InvariantCulture), true);

    /// <summary>Reads a map of headers: each label once, and for each the value.</summary>
    private static HashSet<string> ReadMap(CborReader reader, Action<string, bool, CborReader> read)
    {
        var count = reader.ReadMap();
        Envelope.CheckCount(count, Limits.NotationHeaders, "$");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var (name, isNumber) = Label(reader);
            // A text of digits would be taken for a number where names are compared.
            if (!isNumber && name.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
            {
                throw reader.Malformed("a header's name is a text of digits");
            }
            if (!names.Add(name))
            {
                throw reader.Malformed($"the header '{name}' is there twice");
            }
            read(name, isNumber, reader);
        }
        return names;
    }

    private sealed class Unprotected
    {
        internal IReadOnlyList<ReadOnlyMemory<byte>>? Chain { get; private set; }

        internal ReadOnlyMemory<byte>? Timestamp { get; private set; }

        internal string? Agent { get; private set; }

        internal void Read(string name, bool isNumber, CborReader reader)
        {
            switch ((isNumber, name))
            {
                case (true, ChainLabel) when Chain is null:
                    var count = reader.ReadArray();
                    Envelope.CheckCount(count, Limits.CertificatesPerBundle, "$.x5chain");
                    Chain = [.. Enumerable.Range(0, count).Select(_ => reader.ReadBytes())];
                    break;
                case (false, Envelope.TimestampName):
                    // Without the cast null would be an empty token, which is one.
                    Timestamp = reader.ReadBytes() is { Length: > 0 } token ? (ReadOnlyMemory<byte>?)token : null;
                    break;
                case (false, Envelope.AgentName):
                    Agent = reader.ReadText();
                    break;
                default:
                    throw reader.Malformed($"the format has no header '{name}' there");
            }
        }
    }
}
