using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;
using ArtifactTrust.Scanning.Models.Decompression;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines what comes out of compressed data.</summary>
/// <param name="examiner">What examines it.</param>
internal sealed class CompressedExaminer(ModelFileExaminer examiner)
{
    private int _windows;

    /// <summary>What comes out: the outermost may have the largest window that the zstd program takes unasked.</summary>
    internal ZstandardStream Zstandard(Stream stream) =>
        new(stream, _windows > 1 ? Limits.ZstandardWindowBytes : Limits.ZstandardLargestWindowBytes, leaveOpen: true);

    /// <summary>Examines data whose decompressor has a large window: few are open inside each other.</summary>
    internal string InWindow(string format, Place place, Func<string> examine)
    {
        if (_windows == Limits.WindowNesting)
        {
            examiner.Log.AddGap(place, $"{format} data lies too deep inside other data of a large window");
            return format;
        }
        _windows++;
        try
        {
            return examine();
        }
        finally
        {
            _windows--;
        }
    }

    /// <summary>Whether bytes that begin like zlib data are some: two bytes are little to go by.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="start">The first bytes that come out.</param>
    internal static bool Inflates(Stream stream, out ReadOnlyMemory<byte> start)
    {
        const int enough = 64;
        using var probe = new InflatedStream(DeflatedStream.Zlib(stream), new InflationBudget());
        start = probe.Peek(enough).ToArray();
        var length = start.Length;
        var inflates = length == enough || (length > 0 && probe.Problem is null);
        stream.Position = 0;
        return inflates;
    }

    /// <summary>Examines compressed data.</summary>
    /// <returns>The format, and that of what is inside, in words.</returns>
    internal string Examine(FileFormat format, Stream stream, string name, Place place) =>
        format.Treatment is FormatTreatment.Xz or FormatTreatment.Lzma or FormatTreatment.Zstandard
            ? InWindow(format.Name, place, () => Examine(Decompressor(format, stream), format.Name, name, place))
            : Examine(Decompressor(format, stream), format.Name, name, place);

    private string Examine(Stream decompressor, string format, string name, Place place)
    {
        using var inflated = new InflatedStream(decompressor, examiner.Budget);
        if (place.IsTooDeep)
        {
            examiner.Log.AddGap(place, "archives lie too deep inside each other");
            return format;
        }
        var inside = place.Inside(format, null);
        var result = $"{format}, {examiner.ExamineInflated(inflated, WithoutExtension(name), inside)} inside";
        inflated.ReadToEnd();
        if (inflated.Problem is not null)
        {
            examiner.Log.AddGap(inside, inflated.Problem);
        }
        return result;
    }

    private Stream Decompressor(FileFormat format, Stream stream)
    {
        switch (format.Treatment)
        {
            case FormatTreatment.Gzip:
                return DeflatedStream.Gzip(stream);
            case FormatTreatment.Bzip2:
                return new Bzip2Stream(stream);
            case FormatTreatment.Xz:
                return new XzStream(stream);
            case FormatTreatment.Lzma:
                return new LzmaStream(stream);
            case FormatTreatment.Lz4:
                return new Lz4Stream(stream);
            case FormatTreatment.Zstandard:
                return Zstandard(stream);
            case FormatTreatment.Zlib:
                return DeflatedStream.Zlib(stream);
            case FormatTreatment.OldJoblib:
                // The magic and a size in hexadecimal digits.
                stream.ReadExactly(new byte[FileFormat.OldJoblibHeader]);
                return DeflatedStream.Zlib(stream);
            default:
                throw new ArgumentException($"{format.Name} is not compressed", nameof(format));
        }
    }

    private static string WithoutExtension(string name) =>
        name.LastIndexOf('.') is var dot && dot > name.LastIndexOf('/') ? name[..dot] : name;
}
