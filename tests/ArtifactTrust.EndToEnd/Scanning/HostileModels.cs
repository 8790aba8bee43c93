using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ArtifactTrust.Tests.Scanning.Models;

namespace ArtifactTrust.EndToEnd.Scanning;

/// <summary>Files made to take a scanner's memory or time. Nothing in them does anything.</summary>
internal static class HostileModels
{
    private const int MiB = 1 << 20;

    /// <summary>What writes each, by name.</summary>
    internal static IReadOnlyDictionary<string, Action<Stream>> All { get; } =
        new Dictionary<string, Action<Stream>>(StringComparer.Ordinal)
        {
            ["pickle of marks"] = s => Pickle(s, "("u8, 64 * MiB),
            ["pickle of values"] = s => Pickle(s, "N"u8, 64 * MiB),
            ["pickle with a memo of everything"] = s => Pickle(s, [(byte)'N', 0x94], 32 * MiB),
            ["pickle with a memo of far places"] = FarMemo,
            ["pickle of nothing, taken off again"] = s => Pickle(s, "N0"u8, 16 * MiB),
            ["text that reads as a pickle"] = s => Repeat(s, "N0"u8, 16 * MiB),
            ["pickle that announces more than there is"] = s =>
                s.Write([0x80, 4, 0x8e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, (byte)'.']),
            ["pickle of a line without an end"] = s => Pickle(s, "S"u8, 64 * MiB),
            ["pickle of different imports"] = s => Lines(s, [0x80, 2], i => $"cm{i}\nn{i}\n0", 3_000_000, "N."),
            ["pickle of pickles"] = s => Pickle(s, [0x8c, 4, (byte)'c', (byte)'\n', (byte)'\n', (byte)'.', (byte)'0'], 8 * MiB),
            ["pickles in a row"] = s => Repeat(s, [0x80, 4, (byte)'N', (byte)'.'], 8 * MiB),
            ["beginnings of pickles behind an error"] = s =>
            {
                s.Write("\u0001"u8);
                Pickle(s, [0x80, 2, (byte)'c', (byte)'a', (byte)'\n', (byte)'b', (byte)'\n'], 4 * MiB);
            },
            ["array that reads as a pickle"] = s => Arrays(s, 64 * MiB),
            ["gzip of 2 GiB"] = s => Gzip(s, g => Zeros(g, 2L << 30)),
            ["gzip of gzip of 1 GiB"] = s => Gzip(s, g => Gzip(g, h => Zeros(h, 1L << 30))),
            ["gzip of values"] = s => Gzip(s, g => Pickle(g, "N"u8, 64 * MiB)),
            ["gzip of names"] = s => Gzip(s, g => Lines(g, [0x80, 4], i => $"X\u0020\0\0\0{i, 32}\u0030", 3_000_000, "N.")),
            ["gzip of text"] = s => Gzip(s, g => Lines(g, "{\"a\": \""u8, i => $"{i, 30} ", 4_000_000, "\"}")),
            ["gzip of settings"] = s => Gzip(s, g => Lines(g, "[0"u8, i => ",1", 30_000_000, "]")),
            ["Zstandard of full windows in each other"] = s => s.Write(Windows(Windows(Windows(Windows([]))))),
            ["zip of 200,000 members"] = s => Zip(s, 199_000, i => $"m{i}", CompressionLevel.NoCompression, "x"u8.ToArray()),
            ["zip of compressed members"] = s => Zip(s, 50_000, i => $"m{i}", CompressionLevel.Fastest, new byte[1000]),
            ["zip of one member under many names"] = OverlappingZip,
            ["zip of long names"] = s =>
                Zip(s, 3000, i => $"{i}{new string('n', 60_000)}", CompressionLevel.NoCompression, "x"u8.ToArray()),
            ["zip of a bomb"] = s => ZipOf(s, "data.pkl", z => Zeros(z, 2L << 30)),
            ["zip of zips"] = s => Nested(s, 6),
            ["zip with room for hidden members"] = s => ZipBehind(s, "PK\u0003\u0004"u8.ToArray(), 8 * MiB),
            ["7z of 200,000 members"] = HostileSevenZips.Members,
            ["7z of long names"] = HostileSevenZips.LongNames,
            ["7z of 19,000 folders"] = HostileSevenZips.Folders,
            ["7z of damaged folders with large windows"] = HostileSevenZips.Windows,
            ["7z of a bomb"] = HostileSevenZips.Bomb,
            ["7z of a list that is a bomb"] = HostileSevenZips.List,
            ["tar of long names"] = TarOfLongNames,
            ["settings of few values"] = s => Lines(s, "[0"u8, i => ",1", 23 * MiB, "]"),
            ["settings of arrays in arrays"] = s => Repeat(s, "["u8, 40 * MiB),
            ["settings of one text"] = s => Lines(s, "{\"chat_template\":\""u8, i => "{{a}}", 9 * MiB, "\"}"),
            ["settings of halves of characters"] = s => Lines(s, "[\""u8, i => "\\ud800", 7 * MiB, "\"]"),
            ["settings that are no UTF-8"] = s => Repeat(s, [(byte)'{', 0xff], 23 * MiB),
            ["settings that are no JSON"] = s => Lines(s, "{NaN"u8, i => "\\u0041", 7 * MiB, "}"),
            ["settings with one member many times"] = s =>
                Lines(
                    s,
                    "{\"class_name\":\"A\",\"config\":{\"x\":{"u8,
                    i => $"\"module\":\"m{i}\",\"class_name\":\"c{i}\",",
                    700_000,
                    "\"a\":1}}}"
                ),
            ["settings in texts of settings"] = NestedTexts,
            ["tokenizer of 10 million lines"] = s => Lines(s, "{\"vocab\":{\n"u8, i => $"\"t{i}\":{i},\n", 2_500_000, "\"z\":1}}"),
            ["words on 10 million lines"] = s => Lines(s, "#version: 0.2\n"u8, i => "a b\n", 10_000_000, ""),
            ["template without an end"] = s => Lines(s, "{{"u8, i => "a.b|c(1)~'d'", 300_000, ""),
            ["GGUF of keys"] = Gguf,
            ["GGUF of an array of texts"] = GgufTexts,
            ["safetensors of names"] = s => Safetensors(s, 1_500_000),
            ["safetensors of a member many times"] = SafetensorsMembers,
            ["HDF5 that leads back to itself"] = s => Hdf5(s, loops: true),
            ["HDF5 of nodes that lie over each other"] = s => Hdf5(s, loops: false),
            ["ONNX of operators"] = s => Onnx(s, 600_000),
            ["ONNX of graphs in graphs"] = NestedOnnx,
            ["SavedModel of operators"] = SavedModel,
            ["Keras metadata of long texts"] = KerasMetadata,
            ["TorchScript of operators"] = s => ZipOf(s, "a/code/b.py", z => Repeat(z, "ops.evil.run\n"u8, 3 * MiB)),
            ["Parquet with a long footer"] = Parquet,
            ["NumPy with a long header"] = s => Lines(s, [0x93, .. "NUMPY\u0002\0\u0000\u0000\u0010\0{"u8], i => "'a': 'b', ", 200_000, ""),
        };

    /// <summary>The first bytes of formats, of which the rest is a hole of 1 GiB.</summary>
    internal static IReadOnlyDictionary<string, byte[]> Beginnings { get; } =
        new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["pickle"] = [0x80, 4, 0x95],
            ["zip"] = [.. "PK\u0003\u0004"u8],
            ["7z"] = SevenZipDraft.Start((1 << 30) - 32 - (16 << 20), 16 << 20, 0),
            ["gzip"] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
            ["zlib"] = [0x78, 0x9c],
            ["bzip2"] = [.. "BZh9"u8, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
            ["xz"] = [0xfd, .. "7zXZ"u8, 0, 0, 4, 0xe6, 0xd6, 0xb4, 0x46],
            ["lzma"] = [0x5d, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ["lz4"] = [4, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7],
            ["NumPy"] = [0x93, .. "NUMPY"u8, 1, 0, 0x76, 0],
            ["HDF5"] = [0x89, .. "HDF\r\n\u001a\n"u8, 2, 8, 8],
            ["GGUF"] = [.. "GGUF"u8, 3, 0, 0, 0, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 1],
            ["safetensors"] = [0, 0x10, 0xf0, 5, 0, 0, 0, 0, (byte)'{', (byte)'"'],
            ["ONNX"] = [8, 8, 0x3a, 0xfb, 0xff, 0xff, 0xff, 3, 0x0a, 0xf6, 0xff, 0xff, 0xff, 3],
            ["SavedModel"] = [8, 1, 0x12, 0xfa, 0xff, 0xff, 0xff, 3],
            ["Parquet"] = [.. "PAR1"u8],
            ["Arrow"] = [.. "ARROW1\0\0"u8],
            ["JSON"] = [.. "{\"a\": \""u8],
            ["zeros"] = [0],
        };

    private static void Pickle(Stream s, ReadOnlySpan<byte> opcodes, int times)
    {
        s.Write([0x80, 4]);
        Repeat(s, opcodes, times);
    }

    private static void Repeat(Stream s, ReadOnlySpan<byte> part, long times)
    {
        var block = new byte[part.Length * 4096];
        for (var i = 0; i < 4096; i++)
        {
            part.CopyTo(block.AsSpan(i * part.Length));
        }
        for (; times > 0; times -= 4096)
        {
            s.Write(block.AsSpan(0, (int)Math.Min(4096, times) * part.Length));
        }
    }

    private static void Lines(Stream s, ReadOnlySpan<byte> first, Func<int, string> line, int count, string last)
    {
        s.Write(first);
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            text.Append(line(i));
            if (text.Length > MiB)
            {
                s.Write(Encoding.Latin1.GetBytes(text.ToString()));
                text.Clear();
            }
        }
        s.Write(Encoding.Latin1.GetBytes(text + last));
    }

    private static void Zeros(Stream s, long count) => Repeat(s, new byte[256], count / 256);

    private static void FarMemo(Stream s)
    {
        s.Write([0x80, 4, (byte)'N']);
        var put = new byte[5];
        put[0] = (byte)'r';
        for (var i = 0u; i < 8_000_000; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(put.AsSpan(1), i * 2654435761);
            s.Write(put);
        }
        s.WriteByte((byte)'.');
    }

    /// <summary>joblib's stand-in for an array of bytes, all of which are opcodes.</summary>
    private static void Arrays(Stream s, int count)
    {
        s.Write([0x80, 2]);
        s.Write(Encoding.Latin1.GetBytes("cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\u0081}("));
        s.Write("U\u0005shapeJ"u8);
        var size = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(size, 2 * count);
        s.Write(size);
        s.Write(Encoding.Latin1.GetBytes("\u0085U\u0005dtypecnumpy\ndtype\nU\u0002u1\u0089\u0088\u0087Rub"));
        Repeat(s, "Nq"u8, count);
        s.WriteByte((byte)'.');
    }

    private static void Gzip(Stream s, Action<Stream> content)
    {
        using var gzip = new GZipStream(s, CompressionLevel.Fastest, leaveOpen: true);
        content(gzip);
    }

    /// <summary>A frame of a window of 128 MiB: a frame to be skipped that fills it, and then the content.</summary>
    private static byte[] Windows(byte[] content)
    {
        const int Block = 128 << 10;
        const int Blocks = 1100;
        using var frame = new MemoryStream();
        frame.Write([0x28, 0xb5, 0x2f, 0xfd, 0, 0x88]);
        Add([0x50, 0x2a, 0x4d, 0x18, .. BitConverter.GetBytes(Block * Blocks)]);
        for (var i = 0; i < Blocks; i++)
        {
            frame.Write([.. BitConverter.GetBytes((Block << 3) | 2).AsSpan(0, 3), 0]);
        }
        Add(content);
        frame.Write([1, 0, 0]);
        return frame.ToArray();

        void Add(byte[] bytes)
        {
            frame.Write(BitConverter.GetBytes(bytes.Length << 3).AsSpan(0, 3));
            frame.Write(bytes);
        }
    }

    private static void ZipOf(Stream s, string name, Action<Stream> content)
    {
        using var zip = new ZipArchive(s, ZipArchiveMode.Create, leaveOpen: true);
        using var member = zip.CreateEntry(name, CompressionLevel.Fastest).Open();
        content(member);
    }

    private static void Zip(Stream s, int members, Func<int, string> name, CompressionLevel level, byte[] content)
    {
        using var zip = new ZipArchive(s, ZipArchiveMode.Create, leaveOpen: true);
        for (var i = 0; i < members; i++)
        {
            using var member = zip.CreateEntry(name(i), level).Open();
            member.Write(content);
        }
    }

    private static void Nested(Stream s, int depth)
    {
        if (depth == 0)
        {
            Pickle(s, "N"u8, MiB);
            return;
        }
        ZipOf(s, "inner.zip", z => Nested(z, depth - 1));
    }

    private static void ZipBehind(Stream s, byte[] part, int times)
    {
        Repeat(s, part, times);
        var zip = new MemoryStream();
        ZipOf(zip, "a", z => z.WriteByte(1));
        s.Write(zip.ToArray());
    }

    /// <summary>A hundred thousand entries of the directory that all name the same stored member of 16 MiB.</summary>
    private static void OverlappingZip(Stream s)
    {
        const int size = 16 * MiB;
        const int count = 60_000;
        var header = new byte[31];
        "PK\u0003\u0004"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(18), size);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(22), size);
        header[26] = 1;
        header[30] = (byte)'a';
        s.Write(header);
        s.Write([0x80, 4]);
        Repeat(s, "N"u8, size - 2);
        var entry = new byte[47];
        "PK\u0001\u0002"u8.CopyTo(entry);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(20), size);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(24), size);
        entry[28] = 1;
        entry[46] = (byte)'a';
        for (var i = 0; i < count; i++)
        {
            s.Write(entry);
        }
        var end = new byte[22];
        "PK\u0005\u0006"u8.CopyTo(end);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(8), count);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(10), count);
        BinaryPrimitives.WriteInt32LittleEndian(end.AsSpan(12), count * entry.Length);
        BinaryPrimitives.WriteInt32LittleEndian(end.AsSpan(16), header.Length + size);
        s.Write(end);
    }

    private static void TarOfLongNames(Stream s) =>
        Gzip(
            s,
            g =>
            {
                for (var i = 0; i < 2000; i++)
                {
                    g.Write(TarHeader("x", 65_000, 'L'));
                    var name = Encoding.ASCII.GetBytes($"{i}".PadRight(65_024, 'n'));
                    g.Write(name);
                    g.Write(TarHeader("x", 0, '0'));
                }
                g.Write(new byte[1024]);
            }
        );

    private static byte[] TarHeader(string name, int size, char type)
    {
        var block = new byte[512];
        Encoding.ASCII.GetBytes(name).CopyTo(block, 0);
        Encoding.ASCII.GetBytes($"{Convert.ToString(size, 8).PadLeft(11, '0')}\0").CopyTo(block, 124);
        block[156] = (byte)type;
        Encoding.ASCII.GetBytes("        ").CopyTo(block, 148);
        Encoding.ASCII.GetBytes($"{Convert.ToString(block.Sum(b => b), 8).PadLeft(6, '0')}\0 ").CopyTo(block, 148);
        return block;
    }

    private static void NestedTexts(Stream s)
    {
        var text = $"{{\"class_name\":\"A\",\"config\":\"{new string('x', 30 * MiB)}\"}}";
        for (var i = 0; i < 4; i++)
        {
            text =
                "{\"class_name\":\"A\",\"config\":\""
                + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                + "\"}";
        }
        s.Write(Encoding.ASCII.GetBytes(text));
    }

    private static void Gguf(Stream s)
    {
        s.Write([.. "GGUF"u8, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. BitConverter.GetBytes(5_000_000L)]);
        Lines(s, [], i => $"\u0008\0\0\0\0\0\0\0{i:x8}\u0000\0\0\0\u0001", 5_000_000, "");
    }

    private static void GgufTexts(Stream s)
    {
        s.Write([.. "GGUF"u8, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        s.Write([1, 0, 0, 0, 0, 0, 0, 0, (byte)'a', 9, 0, 0, 0, 8, 0, 0, 0, .. BitConverter.GetBytes(8L * MiB)]);
        Zeros(s, 8L * 8 * MiB);
    }

    private static void Safetensors(Stream s, int tensors)
    {
        var header = new MemoryStream();
        Lines(header, "{"u8, i => $"\"{i:x8}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}},", tensors, "\"z\":{}}");
        s.Write(BitConverter.GetBytes(header.Length));
        s.Write(header.ToArray());
    }

    private static void SafetensorsMembers(Stream s)
    {
        var header = new MemoryStream();
        Lines(header, "{\"t\":{"u8, i => $"\"{i:x8}\":0,", 6_000_000, "\"z\":0}}");
        s.Write(BitConverter.GetBytes(header.Length));
        s.Write(header.ToArray());
    }

    /// <summary>A group whose tree of names has nodes of 65,535 children, each beginning eight bytes after the one before.</summary>
    private static void Hdf5(Stream s, bool loops)
    {
        var file = new byte[16 * MiB];
        ((byte[])[0x89, .. "HDF\r\n\u001a\n"u8, 0, 0, 0, 0, 0, 8, 8, 0]).CopyTo(file, 0);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(24 + (5 * 8)), 96);
        // An object header of version 1 with one message: a symbol table.
        ((byte[])[1, 0, 1, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0x11, 0, 16, 0, 0, 0, 0, 0]).CopyTo(file, 96);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(120), 1024);
        for (var at = 1024; at + 32 < file.Length; at += 32)
        {
            "TREE\u0000\0"u8.CopyTo(file.AsSpan(at));
            BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at + 6), 65_535);
            BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(at + 8), loops ? 1024 : at + 32);
            BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(at + 16), loops ? 1024 : (at * 31L / 32 * 32 % file.Length) + 1024);
            BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(at + 24), loops ? 1024 : (at * 7L / 32 * 32 % file.Length) + 1024);
        }
        s.Write(file);
    }

    private static byte[] Field(int field, params byte[][] parts)
    {
        var length = parts.Sum(p => p.Length);
        var bytes = new List<byte> { (byte)((field << 3) | 2) };
        for (; length >= 0x80; length >>= 7)
        {
            bytes.Add((byte)(length | 0x80));
        }
        bytes.Add((byte)length);
        return [.. bytes, .. parts.SelectMany(p => p)];
    }

    private static byte[] Field(int field, string text) => Field(field, Encoding.UTF8.GetBytes(text));

    private static void Onnx(Stream s, int nodes)
    {
        var graph = new MemoryStream();
        for (var i = 0; i < nodes; i++)
        {
            graph.Write(Field(1, Field(4, $"operator number {i} {new string('o', 100)}"), Field(7, "evil")));
        }
        s.Write([8, 8]);
        s.Write(Field(7, graph.ToArray()));
    }

    private static void NestedOnnx(Stream s)
    {
        var graph = Field(1, Field(4, "X"), Field(7, "evil"));
        for (var i = 0; i < 200; i++)
        {
            graph = Field(1, Field(4, "If"), Field(5, Field(6, graph)));
        }
        s.Write([8, 8]);
        s.Write(Field(7, graph));
    }

    private static void SavedModel(Stream s)
    {
        var graph = new MemoryStream();
        for (var i = 0; i < 1200; i++)
        {
            graph.Write(Field(1, Field(1, "n"), Field(2, $"Op{i}{new string('o', 60_000)}")));
        }
        s.Write([8, 1]);
        s.Write(Field(2, Field(2, graph.ToArray())));
    }

    private static void KerasMetadata(Stream s)
    {
        var text = Encoding.ASCII.GetBytes($"{{\"class_name\":\"A\",\"config\":{{\"a\":\"{new string('x', 45 * MiB)}\"}}}}");
        var node = new MemoryStream();
        node.Write([0x10, 1]);
        for (var i = 0; i < 8; i++)
        {
            node.Write(Field(5, text));
        }
        s.Write(Field(1, node.ToArray()));
    }

    private static void Parquet(Stream s)
    {
        const int footer = 60 * MiB;
        s.Write("PAR1"u8);
        Repeat(s, "QVJST1c6YXJyb3cu"u8, footer / 16);
        s.Write(BitConverter.GetBytes(footer));
        s.Write("PAR1"u8);
    }
}
