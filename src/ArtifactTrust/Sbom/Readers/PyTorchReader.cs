using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>PyTorch's zip: how many storages there are, their size and types. The pickle is searched for names and never followed.</summary>
/// <remarks>Spec: <c>torch.save</c> since 1.6: <c>data.pkl</c>, <c>data/N</c> for each storage, <c>byteorder</c>, <c>version</c>.</remarks>
internal sealed class PyTorchReader : FormatReader
{
    private const int PickleBytes = 16 << 20;
    private const int TextBytes = 64;

    private static readonly string[] Storages =
    [
        "DoubleStorage",
        "FloatStorage",
        "HalfStorage",
        "BFloat16Storage",
        "LongStorage",
        "IntStorage",
        "ShortStorage",
        "CharStorage",
        "ByteStorage",
        "BoolStorage",
        "ComplexDoubleStorage",
        "ComplexFloatStorage",
        "QInt8Storage",
        "QUInt8Storage",
        "QInt32Storage",
    ];

    /// <inheritdoc/>
    internal override string Format => "pytorch-zip";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Weights;

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) =>
        MagicReader.FirstMember(head) is { } name
        && (
            name.EndsWith("/data.pkl", StringComparison.Ordinal)
            || name.EndsWith("/.format_version", StringComparison.Ordinal)
            || name.EndsWith("/byteorder", StringComparison.Ordinal)
        );

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        var members = ZipDirectory.Read(input);
        var root = members.Count == 0 ? "" : members[0].Name[..(members[0].Name.IndexOf('/', StringComparison.Ordinal) + 1)];
        var storages = members.Where(m => IsStorage(m.Name, root)).ToList();
        var bytes = storages.Aggregate(UInt128.Zero, (sum, m) => sum + m.Size);
        var properties = new PropertyList("pytorch")
            .Add("storages", storages.Count)
            .Add("storage-bytes", bytes)
            .AddAll("storage-type", Types(input, members.FirstOrDefault(m => m.Name == root + "data.pkl")))
            .Add("byte-order", Text(input, members.FirstOrDefault(m => m.Name == root + "byteorder")))
            .Add("version", Text(input, members.FirstOrDefault(m => m.Name == root + "version")))
            .Add("torchscript", members.Any(m => m.Name.StartsWith(root + "code/", StringComparison.Ordinal)) ? "present" : null);
        return new FileFacts(Format, Role) { Properties = properties.Items };
    }

    private static bool IsStorage(string name, string root) =>
        name.StartsWith(root + "data/", StringComparison.Ordinal)
        && name.Length > root.Length + 5
        && name.AsSpan(root.Length + 5).IndexOfAnyExceptInRange('0', '9') < 0;

    /// <summary>The types of storage that the pickle names.</summary>
    private static IEnumerable<string> Types(ByteReader input, ZipMember? pickle)
    {
        if (pickle is null || pickle.Size > PickleBytes)
        {
            return [];
        }
        var content = ZipDirectory.Content(input, pickle, PickleBytes);
        // GLOBAL of protocol 2, which torch.save writes: c, module, name, each on its line.
        return Storages.Where(s => content.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes($"ctorch\n{s}\n")) >= 0);
    }

    private static string? Text(ByteReader input, ZipMember? member) =>
        member is null || member.Size > TextBytes ? null
        : FileText.Clean(FileText.Decode(ZipDirectory.Content(input, member, TextBytes)).Trim()) is { Length: > 0 } text ? text
        : null;
}
