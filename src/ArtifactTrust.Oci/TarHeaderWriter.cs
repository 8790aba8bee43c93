using System.Globalization;
using System.Text;

namespace ArtifactTrust.Oci;

/// <summary>Writes tar headers that depend on name and size only: no times, no owners, one mode.</summary>
/// <remarks>Spec: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header". The platform's own writer puts the process's number into its headers.</remarks>
internal static class TarHeaderWriter
{
    private const int NameBytes = 100;

    /// <summary>Writes what goes before a file's content.</summary>
    internal static void WriteFile(Stream tar, string name, long size)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        if (bytes.Length > NameBytes || !Ascii.IsValid(bytes))
        {
            var record = Record("path", name);
            Write(tar, "PaxHeader"u8, record.Length, 'x');
            tar.Write(record);
            Pad(tar, record.Length);
            bytes = "file"u8.ToArray();
        }
        Write(tar, bytes, size, '0');
    }

    /// <summary>Fills the last block of some content.</summary>
    internal static void Pad(Stream tar, long written) => tar.Write(stackalloc byte[TarHeader.Padding(written)]);

    /// <summary>Ends the archive.</summary>
    internal static void WriteEnd(Stream tar) => tar.Write(stackalloc byte[2 * TarHeader.BlockBytes]);

    /// <summary>A record, whose length counts itself.</summary>
    private static byte[] Record(string key, string value)
    {
        var rest = Encoding.UTF8.GetByteCount($" {key}={value}\n");
        var length = rest + 1;
        while (rest + length.ToString(CultureInfo.InvariantCulture).Length != length)
        {
            length++;
        }
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{length} {key}={value}\n"));
    }

    private static void Write(Stream tar, ReadOnlySpan<byte> name, long size, char type)
    {
        Span<byte> header = stackalloc byte[TarHeader.BlockBytes];
        header.Clear();
        name.CopyTo(header);
        Octal(header[100..108], 0x1A4); // 0644
        Octal(header[108..116], 0);
        Octal(header[116..124], 0);
        Octal(header[124..136], size);
        Octal(header[136..148], 0);
        header[156] = (byte)type;
        "ustar\000"u8.CopyTo(header[257..]);
        Octal(header[329..337], 0);
        Octal(header[337..345], 0);
        Octal(header[148..155], TarHeader.Checksum(header));
        header[155] = (byte)' ';
        tar.Write(header);
    }

    private static void Octal(Span<byte> field, long value)
    {
        var digits = Convert.ToString(value, 8).PadLeft(field.Length - 1, '0');
        Encoding.ASCII.GetBytes(digits, field);
        field[^1] = 0;
    }
}
