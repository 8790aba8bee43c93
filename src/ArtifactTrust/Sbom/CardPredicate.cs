using System.Buffers;
using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom.Readers;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom;

/// <summary>What an attestation says of a model or dataset card: the front matter of a README, and the digest of the whole file.</summary>
/// <remarks>
/// <c>{"card":{"digest":{"sha256":HEX},"name":"README.md"},"metadata":{…}}</c>, members in code point order, so that one card has one predicate.
/// YAML's scalars are texts here, as they are written: what <c>no</c> or <c>1.0</c> is differs between readers of YAML. Only null is null.
/// </remarks>
public static class CardPredicate
{
    /// <summary>Whether predicates of this type are made from a README.</summary>
    public static bool IsMadeFor(PredicateType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.Name is PredicateType.ModelCardName or PredicateType.DatasetCardName;
    }

    /// <summary>Makes the predicate.</summary>
    /// <param name="readme">The whole file.</param>
    /// <param name="name">The file's name, without its directory.</param>
    /// <exception cref="MalformedDataException">
    /// The file has no front matter, or it is too large, no mapping, or has anchors, aliases, tags or a repeated key.
    /// </exception>
    public static JsonElement FromReadme(ReadOnlySpan<byte> readme, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var card = ReadmeReader.Card(readme);
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteStartObject("card");
            json.WriteStartObject("digest");
            json.WriteString(DigestAlgorithm.Sha256.Name, DigestAlgorithm.Sha256.Hash(readme).Hex);
            json.WriteEndObject();
            json.WriteString("name", name);
            json.WriteEndObject();
            json.WritePropertyName("metadata");
            Write(json, card, isRoot: true);
            json.WriteEndObject();
        }
        return StrictJson.Parse(output.WrittenMemory, "card", Limits.PredicateBytes);
    }

    private static void Write(Utf8JsonWriter json, YamlNode node, bool isRoot = false)
    {
        if (node.IsList)
        {
            json.WriteStartArray();
            foreach (var item in node.Items)
            {
                Write(json, item);
            }
            json.WriteEndArray();
        }
        else if (node.IsMapping || isRoot)
        {
            json.WriteStartObject();
            foreach (var (key, value) in node.Members.OrderBy(m => m.Key, CodePointOrder.Instance))
            {
                json.WritePropertyName(key);
                Write(json, value);
            }
            json.WriteEndObject();
        }
        else
        {
            json.WriteStringValue(node.Scalar);
        }
    }
}
