using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>A file of TUF metadata that was split into signatures and what they are over; nothing of it is trusted yet.</summary>
/// <remarks>Spec: TUF 1.0 §4.2.1.</remarks>
internal sealed class TufFile
{
    internal const string Root = "root";
    internal const string Timestamp = "timestamp";
    internal const string Snapshot = "snapshot";
    internal const string Targets = "targets";

    private TufFile(JsonElement signed, string type, IReadOnlyList<(string KeyId, byte[] Signature)> signatures, byte[] canonical) =>
        (Signed, Type, Signatures, Canonical) = (signed, type, signatures, canonical);

    /// <summary>The part that is signed.</summary>
    internal JsonElement Signed { get; }

    /// <summary>The role it says it is of.</summary>
    internal string Type { get; }

    /// <summary>The signatures; one that is not hex is empty, as repositories leave it until a signer comes, and verifies with no key.</summary>
    internal IReadOnlyList<(string KeyId, byte[] Signature)> Signatures { get; }

    /// <summary>The bytes that are signed.</summary>
    internal byte[] Canonical { get; }

    internal static string Format(string role) => $"TUF {role} metadata";

    /// <exception cref="MalformedDataException">The bytes are not a signed TUF object, or repeat a key id.</exception>
    internal static TufFile Parse(ReadOnlyMemory<byte> utf8, string role, int maximumBytes)
    {
        var format = Format(role);
        var json = StrictJson.Parse(utf8, format, maximumBytes);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, "$", "an object is expected");
        }
        var signed = StrictJson.RequiredObject(json, "signed", format, "$");
        var signatures = new List<(string, byte[])>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in StrictJson.RequiredArray(json, "signatures", format, "$", Limits.TufKeys).EnumerateArray())
        {
            var location = $"$.signatures[{signatures.Count}]";
            if (element.ValueKind != JsonValueKind.Object)
            {
                throw new MalformedDataException(format, location, "an object is expected");
            }
            var id = StrictJson.RequiredString(element, "keyid", format, location);
            if (!ids.Add(id))
            {
                throw new MalformedDataException(format, location, $"the key id '{TufJson.CheckName(id, format, location)}' signs twice");
            }
            signatures.Add((id, Decode(StrictJson.RequiredString(element, "sig", format, location))));
        }
        var type = StrictJson.RequiredString(signed, "_type", format, "$.signed");
        return new TufFile(signed, type, signatures, CanonicalJson.Encode(signed, format));
    }

    private static byte[] Decode(string hex)
    {
        try
        {
            return Convert.FromHexString(hex);
        }
        catch (FormatException)
        {
            return [];
        }
    }
}
