using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Oci;

/// <summary>One way in which a bundle beside an image differs from the one that cosign writes.</summary>
/// <param name="Name">What differs.</param>
/// <param name="Why">Why our answer is another than cosign's; null where it is the same.</param>
internal sealed record BundleVariant(string Name, string? Why = null)
{
    private const string StatementType = "https://in-toto.io/Statement/v1";
    private const string PayloadType = "application/vnd.in-toto+json";

    private static readonly Dictionary<string, string> NoAnnotations = [];

    /// <summary>All of them, in the order of the table.</summary>
    internal static IReadOnlyList<BundleVariant> All { get; } =
    [
        new("v1-no-annotations-member") { Statement = (s, _) => ((JsonObject)s["subject"]![0]!).Remove("annotations") },
        new("no-manifest-annotations") { Manifest = m => m with { Annotations = NoAnnotations } },
        new("named-subject") { Statement = (s, _) => s["subject"]![0]!["name"] = "registry.example.com/app" },
        new("two-subjects") { Statement = (s, _) => s["subject"]!.AsArray().Insert(0, Subject(DigestAlgorithm.Sha256.Hash("another"u8))) },
        new("extra-sha512-digest")
        {
            Statement = (s, image) => s["subject"]![0]!["digest"]!["sha512"] = DigestAlgorithm.Sha512.Hash(image).Hex,
        },
        new("no-predicate-member") { Statement = (s, _) => s.Remove("predicate") },
        new("predicate-with-data") { Statement = (s, _) => s["predicate"] = new JsonObject { ["reviewed"] = true } },
        new("statement-v0.1") { Statement = (s, _) => s["_type"] = "https://in-toto.io/Statement/v0.1" },
        new("wrong-digest") { Statement = (s, _) => s["subject"] = new JsonArray(Subject(DigestAlgorithm.Sha256.Hash("another"u8))) },
        new(
            "other-predicate-type",
            "An attestation is no signature, whoever signed it: `verify --type` finds it. cosign takes a statement of any type for a signature."
        )
        {
            Statement = (s, _) => s["predicateType"] = "https://example.com/other",
        },
        new("no-hint") { Bundle = b => b["verificationMaterial"]!["publicKey"] = new JsonObject() },
        new(
            "with-keyid",
            "A `keyid` is a hint that nobody signed and decides nothing (DSSE 1.0.2, `keyid`): each trusted key is tried. cosign wants its own there, or none."
        )
        {
            Bundle = b => b["dsseEnvelope"]!["signatures"]![0]!["keyid"] = "release",
        },
        new("two-dsse-signatures")
        {
            Bundle = b => b["dsseEnvelope"]!["signatures"]!.AsArray().Add(b["dsseEnvelope"]!["signatures"]![0]!.DeepClone()),
        },
        new("payloadtype-json") { Type = "application/json" },
        new("message-signature-over-manifest") { Message = image => image },
        new("message-signature-over-digest-str")
        {
            Message = image => Encoding.UTF8.GetBytes(DigestAlgorithm.Sha256.Hash(image).ToString()),
        },
        new("old-mediatype-layer") { Layer = "application/vnd.dev.sigstore.bundle+json;version=0.3" },
        new("two-layers") { Manifest = m => m with { Layers = [m.Layers[0], m.Layers[0]] } },
        new("unknown-json-member") { Bundle = b => b["comment"] = "not in the format" },
    ];

    private Action<JsonObject, byte[]> Statement { get; init; } = (_, _) => { };

    private Action<JsonObject> Bundle { get; init; } = _ => { };

    private Func<ImageManifest, ImageManifest> Manifest { get; init; } = m => m;

    private string Type { get; init; } = PayloadType;

    private string Layer { get; init; } = OciMediaTypes.SigstoreBundle;

    /// <summary>What is signed as a message, of an image's manifest; null where a statement is signed.</summary>
    private Func<byte[], byte[]>? Message { get; init; }

    /// <summary>Pushes an image and the bundle beside it.</summary>
    /// <returns>The image's digest.</returns>
    internal async Task<Digest> PushAsync(OciStore store, ECDsa key)
    {
        var config = await store.PushBlobAsync("application/vnd.oci.image.config.v1+json", "{}"u8.ToArray());
        var content = await store.PushBlobAsync("application/vnd.oci.image.layer.v1.tar", Encoding.UTF8.GetBytes(Name));
        var image = new ImageManifest(OciMediaTypes.ImageManifest, null, config, [content], null, NoAnnotations).ToUtf8Bytes();
        var subject = await store.PushManifestAsync(image, "v1");
        var empty = await store.PushBlobAsync(OciMediaTypes.Empty, "{}"u8.ToArray());
        var layer = await store.PushBlobAsync(Layer, Encoding.UTF8.GetBytes(Sign(image, key).ToJsonString()));
        var annotations = new Dictionary<string, string>
        {
            [EvidenceStore.ContentAnnotation] = Message is null ? "dsse-envelope" : "message-signature",
            [EvidenceStore.PredicateTypeAnnotation] = Verification.BundleVerifier.ImageSignatureType,
        };
        var referrer = new ImageManifest(OciMediaTypes.ImageManifest, OciMediaTypes.SigstoreBundle, empty, [layer], subject, annotations);
        await store.PushManifestAsync(Manifest(referrer).ToUtf8Bytes());
        return subject.Digest;
    }

    private JsonObject Sign(byte[] image, ECDsa key)
    {
        var bundle = new JsonObject
        {
            ["mediaType"] = OciMediaTypes.SigstoreBundle,
            ["verificationMaterial"] = new JsonObject
            {
                ["publicKey"] = new JsonObject { ["hint"] = Convert.ToBase64String(SHA256.HashData(key.ExportSubjectPublicKeyInfo())) },
            },
        };
        if (Message is not null)
        {
            var message = Message(image);
            bundle["messageSignature"] = new JsonObject
            {
                ["messageDigest"] = new JsonObject
                {
                    ["algorithm"] = "SHA2_256",
                    ["digest"] = Convert.ToBase64String(SHA256.HashData(message)),
                },
                ["signature"] = Signature(key, message),
            };
        }
        else
        {
            var statement = new JsonObject
            {
                ["_type"] = StatementType,
                ["subject"] = new JsonArray(Subject(DigestAlgorithm.Sha256.Hash(image))),
                ["predicateType"] = Verification.BundleVerifier.ImageSignatureType,
                ["predicate"] = new JsonObject(),
            };
            Statement(statement, image);
            var payload = Encoding.UTF8.GetBytes(statement.ToJsonString());
            bundle["dsseEnvelope"] = new JsonObject
            {
                ["payload"] = Convert.ToBase64String(payload),
                ["payloadType"] = Type,
                ["signatures"] = new JsonArray(
                    new JsonObject { ["sig"] = Signature(key, DsseEnvelope.PreAuthenticationEncoding(Type, payload)) }
                ),
            };
        }
        Bundle(bundle);
        return bundle;
    }

    private static JsonObject Subject(Digest digest) =>
        new()
        {
            ["digest"] = new JsonObject { ["sha256"] = digest.Hex },
            ["annotations"] = new JsonObject { ["env"] = "prod" },
        };

    private static string Signature(ECDsa key, byte[] message) =>
        Convert.ToBase64String(key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
}
