using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;

namespace ArtifactTrust.Scanning.Models.SevenZip;

/// <summary>Members of a 7z archive that are compressed as one, by one or more coders.</summary>
/// <remarks>Spec: 7zFormat.txt 18.06, "Folder".</remarks>
internal sealed class Folder
{
    private readonly Coder[] _coders;
    private readonly int[] _chain;
    private readonly int _main;
    private long[] _sizes = [];

    private Folder(Coder[] coders, int[] chain, int main, int packedStreams) =>
        (_coders, _chain, _main, PackedStreams) = (coders, chain, main, packedStreams);

    /// <summary>How many stored streams it is made of.</summary>
    internal int PackedStreams { get; }

    /// <summary>How many streams the coders give, those between them too.</summary>
    internal int Outputs => _coders.Sum(c => c.Outputs);

    /// <summary>Where what is stored begins in the archive.</summary>
    internal long Start { get; private set; }

    /// <summary>How much is stored, in bytes.</summary>
    internal long StoredBytes { get; private set; }

    /// <summary>How much comes out, in bytes.</summary>
    internal long Size => _sizes[_main];

    /// <summary>The checksum of all that comes out; null where there is none.</summary>
    internal uint? Checksum { get; set; }

    /// <summary>The sizes and checksums of the members.</summary>
    internal (long Size, uint? Checksum)[] Members { get; set; } = [];

    /// <summary>Whether the members are stored as they are.</summary>
    internal bool IsCopy => _coders.All(c => c.IsCopy);

    /// <summary>What keeps a large window of what came out; null where nothing does.</summary>
    internal string? Window => _coders.Select(c => c.Window).FirstOrDefault(w => w is not null);

    /// <summary>Why what comes out cannot be had; null where it can.</summary>
    internal string? Problem
    {
        get
        {
            for (var i = 0; i < _coders.Length; i++)
            {
                if (_coders[i].Problem(_chain.Length > 0 ? _sizes[i] : 0) is { } problem)
                {
                    return problem;
                }
            }
            if (_chain.Length == 0)
            {
                return "it is put together of several streams, which is not read here";
            }
            // So that all that is decoded is what comes out, and is counted.
            if (_coders.Count(c => !c.IsFilter) > 1)
            {
                return "it is compressed several times over, which is not read here";
            }
            var size = StoredBytes;
            foreach (var i in _chain)
            {
                if (_coders[i].IsFilter && _sizes[i] != size)
                {
                    return "its sizes disagree";
                }
                size = _sizes[i];
            }
            return null;
        }
    }

    /// <summary>Reads the coders, and how they are put together.</summary>
    internal static Folder Read(HeaderReader reader)
    {
        var coders = new Coder[reader.Count(Limits.SevenZipCoders, "coders of one folder")];
        var (inputs, outputs) = (0, 0);
        for (var i = 0; i < coders.Length; i++)
        {
            coders[i] = ReadCoder(reader);
            inputs += coders[i].Inputs;
            outputs += coders[i].Outputs;
        }
        if (coders.Length == 0 || outputs == 0 || inputs < outputs || inputs > Limits.SevenZipCoders)
        {
            throw reader.Malformed("coders that do not fit together");
        }
        // Which output an input takes; all outputs but one are taken.
        var sources = new int[inputs];
        Array.Fill(sources, -1);
        var taken = new bool[outputs];
        for (var i = 0; i < outputs - 1; i++)
        {
            var (input, output) = (reader.Index(inputs), reader.Index(outputs));
            if (sources[input] >= 0 || taken[output])
            {
                throw reader.Malformed("coders that do not fit together");
            }
            (sources[input], taken[output]) = (output, true);
        }
        var packed = inputs - (outputs - 1);
        if (packed > 1)
        {
            for (var i = 0; i < packed; i++)
            {
                if (sources[reader.Index(inputs)] >= 0)
                {
                    throw reader.Malformed("coders that do not fit together");
                }
            }
        }
        var main = Array.IndexOf(taken, false);
        var isChain = Array.TrueForAll(coders, c => c is { Inputs: 1, Outputs: 1 });
        return new Folder(coders, isChain ? Chain(reader, sources, main) : [], main, packed);
    }

    /// <summary>Takes what comes out of each coder, in bytes.</summary>
    internal void SetSizes(long[] sizes) => _sizes = sizes;

    /// <summary>Takes where it is stored.</summary>
    internal void SetStored(long start, long bytes) => (Start, StoredBytes) = (start, bytes);

    /// <summary>What is made before anything comes out, in bytes. There is no <see cref="Problem"/>.</summary>
    internal long Setup => _chain.Sum(i => _coders[i].Setup(_sizes[i]));

    /// <summary>Begins to decode. There is no <see cref="Problem"/>.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="zstandard">What decodes Zstandard.</param>
    internal Stream Open(Stream archive, Func<Stream, ZstandardStream> zstandard)
    {
        Stream stream = new RangeStream(archive, Start, StoredBytes);
        foreach (var i in _chain)
        {
            stream = _coders[i].Open(stream, _sizes[i], zstandard);
        }
        return stream;
    }

    private static Coder ReadCoder(HeaderReader reader)
    {
        var flags = reader.Byte();
        var idBytes = flags & 0xf;
        if (idBytes > 8 || (flags & 0xc0) != 0)
        {
            throw reader.Malformed("a coder of an unknown kind");
        }
        var method = 0ul;
        foreach (var b in reader.Bytes(idBytes))
        {
            method = (method << 8) | b;
        }
        var (inputs, outputs) = (1, 1);
        if ((flags & 0x10) != 0)
        {
            inputs = reader.Count(Limits.SevenZipCoders, "streams of one coder");
            outputs = reader.Count(Limits.SevenZipCoders, "streams of one coder");
        }
        var properties = (flags & 0x20) != 0 ? reader.Bytes(reader.Size()).ToArray() : [];
        return new Coder(method, properties, inputs, outputs);
    }

    /// <summary>The coders from the stored one to that which gives the content; each has one input.</summary>
    private static int[] Chain(HeaderReader reader, int[] sources, int main)
    {
        var chain = new int[sources.Length];
        var at = main;
        for (var i = chain.Length - 1; i >= 0; i--)
        {
            if (at < 0)
            {
                throw reader.Malformed("coders that do not fit together");
            }
            chain[i] = at;
            at = sources[at];
        }
        return at < 0 ? chain : throw reader.Malformed("coders that do not fit together");
    }
}
