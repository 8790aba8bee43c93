using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>The records of an extended header of a tar archive: what an ordinary one has no room for.</summary>
/// <remarks>
/// Spec: POSIX.1-2017 pax, "pax Extended Header": the record's length in decimal, a blank, the name, <c>=</c>, the value, a line feed. Two of one name
/// are refused: programs differ in which of them they take.
/// </remarks>
internal static class PaxRecords
{
    /// <summary>Reads the records: values by names. Names that are not ASCII stand for bytes.</summary>
    /// <exception cref="MalformedDataException">They are of another form.</exception>
    internal static Dictionary<string, byte[]> Read(ReadOnlySpan<byte> bytes, Func<string, MalformedDataException> malformed)
    {
        var records = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        while (!bytes.IsEmpty)
        {
            var blank = bytes.IndexOf((byte)' ');
            if (
                blank is <= 0 or > 7
                || !int.TryParse(bytes[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length <= blank + 1
                || length > bytes.Length
                || bytes[length - 1] != '\n'
            )
            {
                throw malformed("an extended header is not of the form that POSIX gives it");
            }
            var record = bytes[(blank + 1)..(length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0 || !records.TryAdd(Encoding.Latin1.GetString(record[..equals]), record[(equals + 1)..].ToArray()))
            {
                throw malformed("an extended header has a record without a name, or two of one name");
            }
            bytes = bytes[length..];
        }
        return records;
    }

    /// <summary>The size that the records state, in bytes; null where they state none.</summary>
    /// <exception cref="MalformedDataException">It is no number.</exception>
    internal static long? SizeOf(Dictionary<string, byte[]> records, Func<string, MalformedDataException> malformed) =>
        !records.TryGetValue("size", out var text) ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size
        : throw malformed("an extended header has a size that is no number");
}
