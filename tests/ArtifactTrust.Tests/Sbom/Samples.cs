using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Sbom;
using ArtifactTrust.Tests.Scanning.Models;

namespace ArtifactTrust.Tests.Sbom;

/// <summary>Small valid files of each format, made byte by byte from the formats' specifications, and the way to have them read.</summary>
internal static class Samples
{
    /// <summary>One small valid file of each format that is read, by the name it goes under.</summary>
    public static IReadOnlyDictionary<string, byte[]> All { get; } =
        new Dictionary<string, byte[]>
        {
            ["model.onnx"] = Onnx(),
            ["model.safetensors"] = Safetensors(
                """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[],"data_offsets":[24,26]}}""",
                26
            ),
            ["model.gguf"] = Gguf(),
            ["data.parquet"] = Parquet(),
            ["data.arrow"] = ArrowFile(),
            ["stream.arrows"] = ArrowStream(),
            ["data.csv"] = "name,\"a \"\"quoted\"\" column\"\r\n1,\"x\ny\"\r\n2,\r\n"u8.ToArray(),
            ["data.json"] = """[{"a":1,"b":"x"},{"b":null,"c":[1,{"a":2}]}]"""u8.ToArray(),
            ["data.jsonl"] = "{\"a\":1}\n{\"a\":2,\"b\":true}\n"u8.ToArray(),
            ["config.json"] =
                """{"architectures":["BertModel"],"model_type":"bert","quantization_config":{"quant_method":"gptq"}}"""u8.ToArray(),
            ["README.md"] = "---\nlicense: mit\ndatasets:\n- a/b\n---\n# Text\n"u8.ToArray(),
            ["old.h5"] = FormatTests.Sample("fixed-earliest.h5"),
            ["new.h5"] = FormatTests.Sample("fixed-latest.h5"),
            ["croissant.json"] = Encoding.UTF8.GetBytes(Croissant),
            ["adapter_config.json"] =
                """{"base_model_name_or_path":"acme/base","peft_type":"LORA","r":8,"target_modules":["q","v"]}"""u8.ToArray(),
            ["generation_config.json"] = """{"temperature":0.7,"max_length":20,"transformers_version":"4.40.0"}"""u8.ToArray(),
            ["tokenizer_config.json"] = """{"tokenizer_class":"BertTokenizer","model_max_length":512}"""u8.ToArray(),
            ["tokenizer.json"] = """{"added_tokens":[{"id":2,"content":"<s>"}],"model":{"type":"BPE","vocab":{"a":0,"b":1}}}"""u8.ToArray(),
            ["model.pt"] = Zip(
                ("m/data.pkl", "\u0080\u0002ctorch._utils\n_rebuild_tensor_v2\nctorch\nHalfStorage\n."),
                ("m/byteorder", "little"),
                ("m/data/0", "0123456789"),
                ("m/version", "3\n")
            ),
            ["model.keras"] = Zip(
                ("metadata.json", """{"keras_version":"3.4.1"}"""),
                ("config.json", """{"class_name":"Functional","config":{"layers":[{"class_name":"Dense"},{"class_name":"Lambda"}]}}""")
            ),
            ["array.npy"] = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"),
            ["saved_model.pb"] = SavedModel(),
        };

    public const string Croissant = """
        {"@context":{"cr":"http://mlcommons.org/croissant/"},"@type":"sc:Dataset","name":"tiny","description":"Two rows.",
        "conformsTo":"http://mlcommons.org/croissant/1.0","license":"https://creativecommons.org/licenses/by/4.0/","url":"https://example.org/tiny",
        "distribution":[{"@type":"cr:FileObject","name":"f","contentUrl":"data/rows.csv",
        "sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}],
        "recordSet":[{"@type":"cr:RecordSet","name":"rows","field":[{"@type":"cr:Field","name":"a","dataType":"sc:Integer"}]}]}
        """;

    /// <summary>Has a file inspected.</summary>
    public static InspectedFile Inspect(string name, byte[] content) =>
        FileInspector.Inspect(
            new MemoryStream(content),
            new ManifestEntry(name, DigestAlgorithm.Sha256.Hash(content), content.Length),
            default
        );

    /// <summary>Has a file inspected that must be readable.</summary>
    public static InspectedFile Read(string name, byte[] content)
    {
        var file = Inspect(name, content);
        Assert.Null(file.Unreadable);
        Assert.NotNull(file.Facts);
        return file;
    }

    /// <summary>Has a file inspected that must be recognized and unreadable.</summary>
    public static string Unreadable(string name, byte[] content)
    {
        var file = Inspect(name, content);
        Assert.NotNull(file.Facts);
        Assert.NotNull(file.Unreadable);
        return file.Unreadable;
    }

    /// <summary>The values of the properties that end in <paramref name="name"/>.</summary>
    public static string[] Values(this IEnumerable<SbomProperty> properties, string name) =>
        [.. properties.Where(p => p.Name.EndsWith(":" + name, StringComparison.Ordinal)).Select(p => p.Value)];

    public static byte[] Npy(string header) => [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header)];

    public static byte[] Zip(params (string Name, string Content)[] members)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in members)
            {
                using var member = zip.CreateEntry(name).Open();
                member.Write(Encoding.Latin1.GetBytes(content));
            }
        }
        return stream.ToArray();
    }

    private static byte[] SavedModel()
    {
        var node = new Proto().Bytes(1, "n").Bytes(2, "MatMul");
        var graph = new Proto()
            .Bytes(1, node)
            .Bytes(1, node)
            .Bytes(2, new Proto().Bytes(1, new Proto().Bytes(3, new Proto().Bytes(2, "ReadFile"))));
        var meta = new Proto()
            .Bytes(1, new Proto().Bytes(4, "serve").Bytes(5, "2.16.1"))
            .Bytes(2, graph)
            .Bytes(5, new Proto().Bytes(1, "serving_default").Bytes(2, new Proto()));
        return new Proto().Varint(1, 1).Bytes(2, meta).ToArray();
    }

    public static byte[] Onnx(Action<Proto>? more = null)
    {
        var dimension = new Proto().Bytes(1, new Proto().Bytes(2, "batch")).Bytes(1, new Proto().Varint(1, 4));
        var tensorType = new Proto().Varint(1, 1).Bytes(2, dimension);
        var weight = new Proto().Packed(1, 4, 3).Varint(2, 1).Bytes(8, "w").Bytes(9, new byte[48]);
        var graph = new Proto()
            .Bytes(1, new Proto().Bytes(1, "x").Bytes(2, "y").Bytes(4, "MatMul"))
            .Bytes(1, new Proto().Bytes(4, "Gelu").Bytes(7, "com.example"))
            .Bytes(2, "tiny")
            .Bytes(5, weight)
            .Bytes(11, new Proto().Bytes(1, "x").Bytes(2, new Proto().Bytes(1, tensorType)))
            .Bytes(11, new Proto().Bytes(1, "w").Bytes(2, new Proto().Bytes(1, tensorType)))
            .Bytes(12, new Proto().Bytes(1, "y").Bytes(2, new Proto().Bytes(4, new Proto().Bytes(1, new Proto().Bytes(1, tensorType)))));
        var model = new Proto()
            .Varint(1, 8)
            .Bytes(2, "maker")
            .Bytes(3, "1.0")
            .Bytes(6, "A tiny model.")
            .Bytes(7, graph)
            .Bytes(8, new Proto().Bytes(1, "").Varint(2, 17))
            .Bytes(14, new Proto().Bytes(1, "k").Bytes(2, "v"));
        more?.Invoke(model);
        return model.ToArray();
    }

    public static byte[] Safetensors(string header, int dataBytes, ulong? statedLength = null)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, statedLength ?? (ulong)text.Length);
        return [.. length, .. text, .. new byte[dataBytes]];
    }

    public static byte[] Gguf(
        bool bigEndian = false,
        uint version = 3,
        Action<Bytes>? extraPairs = null,
        ulong extraCount = 0,
        uint fileType = 15,
        uint tensorType = 0
    )
    {
        var file = new Bytes(bigEndian).Raw("GGUF"u8).U32(version).U64(1).U64(8 + extraCount);
        file.Text("general.architecture").U32(8).Text("llama");
        file.Text("general.name").U32(8).Text("Tiny");
        file.Text("general.license").U32(8).Text("apache-2.0");
        file.Text("general.file_type").U32(4).U32(fileType);
        file.Text("llama.context_length").U32(4).U32(4096);
        file.Text("general.base_model.0.name").U32(8).Text("Base");
        file.Text("general.base_model.0.organization").U32(8).Text("Acme");
        file.Text("tokenizer.ggml.tokens").U32(9).U32(8).U64(2).Text("a").Text("b");
        extraPairs?.Invoke(file);
        file.Text("blk.0.weight").U32(2).U64(4).U64(8).U32(tensorType).U64(0);
        return file.Raw(new byte[128]).ToArray();
    }

    public static byte[] Parquet(Action<Thrift>? more = null, long rows = 3, long groupRows = 3)
    {
        static Thrift Element(string name, int? type, int? children)
        {
            var element = new Thrift();
            if (type is { } t)
            {
                element.Int(1, 5, t);
            }
            element.Int(3, 5, 1).Binary(4, name);
            if (children is { } c)
            {
                element.Int(5, 5, c);
            }
            return element;
        }
        var footer = new Thrift()
            .Int(1, 5, 2)
            .List(
                2,
                Element("schema", null, 3),
                Element("id", 2, null),
                Element("inner", null, 1),
                Element("value", 6, null).Int(6, 5, 0),
                Element("score", 5, null)
            )
            .Int(3, 6, rows)
            .List(4, new Thrift().Int(2, 6, 100).Int(3, 6, groupRows))
            .List(5, new Thrift().Binary(1, "pandas").Binary(2, "{}"))
            .Binary(6, "maker 1.0");
        more?.Invoke(footer);
        var bytes = footer.Stop();
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        return [.. "PAR1"u8, .. new byte[16], .. bytes, .. length, .. "PAR1"u8];
    }

    public static Flat ArrowSchema() =>
        new Flat()
            .Vector(
                1,
                new Flat().Text(0, "id").Byte(1, 1).Byte(2, 2).Table(3, new Flat().Int32(0, 64).Byte(1, 1)),
                new Flat()
                    .Text(0, "tags")
                    .Byte(2, 12)
                    .Table(3, new Flat())
                    .Vector(5, new Flat().Text(0, "item").Byte(1, 1).Byte(2, 5).Table(3, new Flat())),
                new Flat().Text(0, "at").Byte(1, 1).Byte(2, 10).Table(3, new Flat().Int16(0, 2).Text(1, "UTC"))
            )
            .Vector(2, new Flat().Text(0, "origin").Text(1, "test"));

    public static byte[] ArrowMessage(byte type, Flat header, long bodyLength)
    {
        var metadata = new Flat().Int16(0, 4).Byte(1, type).Table(2, header).Int64(3, bodyLength).ToArray();
        return [.. new Bytes().U32(0xffff_ffff).U32((uint)metadata.Length).ToArray(), .. metadata];
    }

    /// <summary>A batch of records; with a codec, one whose buffers are compressed: 0 for LZ4, 1 for Zstandard.</summary>
    public static Flat ArrowBatch(long rows, byte? codec = null) =>
        codec is { } c ? new Flat().Int64(0, rows).Table(3, new Flat().Byte(0, c)) : new Flat().Int64(0, rows);

    public static byte[] ArrowStream(params long[] batchRows) => ArrowStreamWith(null, batchRows);

    public static byte[] ArrowStreamWith(byte? codec, params long[] batchRows)
    {
        var rows = batchRows.Length == 0 ? [5, 7] : batchRows;
        return
        [
            .. ArrowMessage(1, ArrowSchema(), 0),
            .. rows.SelectMany(r => (byte[])[.. ArrowMessage(3, ArrowBatch(r, codec), 16), .. new byte[16]]),
            .. new Bytes().U32(0xffff_ffff).U32(0).ToArray(),
        ];
    }

    public static byte[] ArrowFile(byte? codec = null)
    {
        byte[] start = [.. "ARROW1\0\0"u8, .. ArrowMessage(1, ArrowSchema(), 0)];
        byte[] batch = [.. ArrowMessage(3, ArrowBatch(9, codec), 16), .. new byte[16]];
        var block = new Bytes().U64((ulong)start.Length).U32((uint)(batch.Length - 16)).U32(0).U64(16).ToArray();
        var footer = new Flat().Int16(0, 4).Table(1, ArrowSchema()).Structs(3, 24, block).ToArray();
        return [.. start, .. batch, .. footer, .. new Bytes().U32((uint)footer.Length).ToArray(), .. "ARROW1"u8];
    }
}
