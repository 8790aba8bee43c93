using System.Buffers;
using System.Text.Json;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Bundles;

/// <summary>A signature with all that is needed to verify it, apart from trust.</summary>
/// <remarks>
/// Spec: Sigstore bundle v0.1–v0.3 (protobuf-specs, sigstore_bundle.proto), JSON form. Exactly one of
/// <see cref="Envelope"/> and <see cref="Message"/> is there. Nothing in a bundle is trustworthy until it is verified.
/// </remarks>
public sealed class Bundle
{
    /// <summary>The media type written, of version 0.3.</summary>
    public const string MediaTypeV03 = "application/vnd.dev.sigstore.bundle.v0.3+json";

    private const string FormatName = "Sigstore bundle";

    private readonly BundleText _text;

    private Bundle(string mediaType, VerificationMaterial material, DsseEnvelope? envelope, MessageSignature? message, BundleText text)
    {
        MediaType = mediaType;
        Material = material;
        Envelope = envelope;
        Message = message;
        _text = text;
        Digest = text.Digest();
    }

    /// <summary>The media type, which names the version.</summary>
    public string MediaType { get; }

    /// <summary>The minor version that the media type names: 1, 2 or 3.</summary>
    public int Version => VersionOf(MediaType, out var version) ? version : 0;

    /// <summary>The key hint or certificates, log entries and timestamps.</summary>
    public VerificationMaterial Material { get; }

    /// <summary>The signed envelope, or null.</summary>
    public DsseEnvelope? Envelope { get; }

    /// <summary>The signature over a message kept elsewhere, or null.</summary>
    public MessageSignature? Message { get; }

    /// <summary>The bundle as it was read, or is to be written: JSON on one line without a line feed at its end.</summary>
    /// <remarks>Made anew where the payload is large: <see cref="WriteTo"/> needs no memory for it.</remarks>
    public ReadOnlyMemory<byte> Utf8 => _text.Whole();

    /// <summary>The length of <see cref="Utf8"/>, in bytes.</summary>
    public int Length => _text.Length;

    /// <summary>SHA-256 of <see cref="Utf8"/>.</summary>
    public Digest Digest { get; }

    /// <summary>Writes <see cref="Utf8"/>, block by block where the payload is large.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void WriteTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _text.WriteTo(stream.Write);
    }

    /// <summary>A bundle of an envelope signed by a managed key.</summary>
    /// <param name="envelope">The envelope, with one signature.</param>
    /// <param name="keyHint">What helps a verifier find the key.</param>
    public static Bundle ForEnvelope(DsseEnvelope envelope, string keyHint) =>
        Create(new VerificationMaterial { PublicKeyHint = keyHint }, envelope, null);

    /// <summary>A bundle of a message signed by a managed key.</summary>
    /// <param name="message">The signature.</param>
    /// <param name="keyHint">What helps a verifier find the key.</param>
    public static Bundle ForMessage(MessageSignature message, string keyHint) =>
        Create(new VerificationMaterial { PublicKeyHint = keyHint }, null, message);

    /// <summary>Reads a bundle.</summary>
    /// <param name="utf8">The whole text; it is copied.</param>
    /// <exception cref="MalformedDataException">The text is not such a bundle, or is over a limit.</exception>
    public static Bundle Parse(ReadOnlyMemory<byte> utf8) => Parse(utf8, Limits.BundleBytes);

    /// <summary>Reads a bundle that may be the signature of a model of very many files, from a file on this machine that has nothing else.</summary>
    /// <param name="utf8">The whole text, of at most <see cref="Limits.ModelSignatureBytes"/>; it is copied.</param>
    /// <exception cref="MalformedDataException">The text is not such a bundle, or is over a limit.</exception>
    public static Bundle ParseModelSignature(ReadOnlyMemory<byte> utf8) => Parse(utf8, Limits.ModelSignatureBytes);

    private static Bundle Parse(ReadOnlyMemory<byte> utf8, int maximumBytes)
    {
        using var document = StrictJson.Open(utf8, FormatName, maximumBytes);
        var json = document.RootElement;
        StrictJson.CheckMembers(json, FormatName, "$", "mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope");
        var mediaType = StrictJson.RequiredString(json, "mediaType", FormatName, "$");
        if (!VersionOf(mediaType, out var version))
        {
            throw new MalformedDataException(
                FormatName,
                "$.mediaType",
                $"'{MediaTypeV03}' or an older version is expected, not '{mediaType}'"
            );
        }
        var material = VerificationMaterial.Parse(
            StrictJson.RequiredObject(json, "verificationMaterial", FormatName, "$"),
            version,
            "$.verificationMaterial"
        );
        var hasEnvelope = json.TryGetProperty("dsseEnvelope", out var envelope);
        var hasMessage = json.TryGetProperty("messageSignature", out var message);
        if (hasEnvelope == hasMessage)
        {
            throw new MalformedDataException(FormatName, "$", "exactly one of dsseEnvelope and messageSignature is expected");
        }
        var parsed = hasEnvelope ? DsseEnvelope.Parse(envelope, "$.dsseEnvelope") : null;
        if (parsed is { Signatures.Count: not 1 })
        {
            throw new MalformedDataException(FormatName, "$.dsseEnvelope.signatures", "a bundle's envelope has exactly one signature");
        }
        return new Bundle(
            mediaType,
            material,
            parsed,
            hasMessage ? MessageSignature.Parse(message, "$.messageSignature") : null,
            BundleText.Of(utf8, hasEnvelope ? envelope.GetProperty("payload") : default, parsed)
        );
    }

    /// <summary>Reads a text of bundles, one a line; empty lines are skipped.</summary>
    /// <returns>For each line its number, from one, and the bundle or the reason why it cannot be read.</returns>
    /// <exception cref="MalformedDataException">There are too many lines.</exception>
    /// <remarks>Spec: in-toto bundle v1: the order means nothing, and a line that cannot be read does not spoil the others.</remarks>
    public static IReadOnlyList<(int Line, Bundle? Bundle, MalformedDataException? Problem)> ParseLines(ReadOnlyMemory<byte> utf8)
    {
        var bundles = new List<(int, Bundle?, MalformedDataException?)>();
        var number = 0;
        for (var rest = utf8; !rest.IsEmpty; )
        {
            var end = rest.Span.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            number++;
            if (line.Span.Trim(" \t\r"u8).IsEmpty)
            {
                continue;
            }
            if (bundles.Count == Limits.BundlesPerSubject)
            {
                throw new MalformedDataException("bundle lines", $"line {number}", $"more than {Limits.BundlesPerSubject} bundles");
            }
            try
            {
                bundles.Add((number, Parse(line), null));
            }
            catch (MalformedDataException e)
            {
                bundles.Add((number, null, e));
            }
        }
        return bundles;
    }

    /// <summary>
    /// The bundle, read from the bytes that will be stored. A large payload is not encoded and decoded for that, which gives what it was; all around
    /// it is.
    /// </summary>
    /// <exception cref="MalformedDataException">What was written cannot be read.</exception>
    internal Bundle ReadAgain(bool isModelSignature)
    {
        var maximum = isModelSignature ? Limits.ModelSignatureBytes : Limits.BundleBytes;
        if (!_text.IsSplit)
        {
            return Parse(Utf8, maximum);
        }
        StrictJson.CheckLength(Length, FormatName, maximum);
        var around = Parse(_text.Around(), maximum);
        return new Bundle(around.MediaType, around.Material, around.Envelope! with { Payload = Envelope!.Payload }, null, _text);
    }

    internal static Bundle Create(VerificationMaterial material, DsseEnvelope? envelope, MessageSignature? message)
    {
        // A large payload is left out here, and encoded wherever the text is asked for.
        var isLarge = envelope?.Payload.Length >= BundleText.LargeBytes;
        var buffer = new ArrayBufferWriter<byte>();
        using (
            var writer = new Utf8JsonWriter(
                buffer,
                new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
            )
        )
        {
            writer.WriteStartObject();
            writer.WriteString("mediaType", MediaTypeV03);
            writer.WritePropertyName("verificationMaterial");
            material.WriteTo(writer);
            if (envelope is not null)
            {
                writer.WritePropertyName("dsseEnvelope");
                (isLarge ? envelope with { Payload = default } : envelope).WriteTo(writer);
            }
            if (message is not null)
            {
                writer.WritePropertyName("messageSignature");
                message.WriteTo(writer);
            }
            writer.WriteEndObject();
        }
        var text = buffer.WrittenSpan.ToArray();
        return new Bundle(
            MediaTypeV03,
            material,
            envelope,
            message,
            isLarge ? BundleText.Around(text, envelope!.Payload) : BundleText.Of(text)
        );
    }

    private static bool VersionOf(string mediaType, out int minorVersion)
    {
        minorVersion = mediaType switch
        {
            "application/vnd.dev.sigstore.bundle+json;version=0.1" => 1,
            "application/vnd.dev.sigstore.bundle+json;version=0.2" => 2,
            "application/vnd.dev.sigstore.bundle+json;version=0.3" or MediaTypeV03 => 3,
            _ => 0,
        };
        return minorVersion > 0;
    }
}
