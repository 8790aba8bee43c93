namespace ArtifactTrust.Sbom.Readers;

/// <summary>The formats known here, in the order they are tried: those with a magic number first.</summary>
internal static class FormatReaders
{
    /// <summary>Every reader.</summary>
    internal static IReadOnlyList<FormatReader> All { get; } =
    [
        new GgufReader(),
        new ParquetReader(),
        new ArrowReader(),
        new NumpyReader(),
        new PyTorchReader(),
        new KerasReader(),
        new Hdf5Reader(),
        .. MagicReader.All,
        new SavedModelReader(),
        new SafetensorsReader(),
        new OnnxReader(),
        new ReadmeReader(),
        .. ModelConfigReader.All,
        new TokenizerReader(),
        new CroissantReader(),
        new JsonDataReader(),
        new CsvReader(),
    ];

    /// <summary>The reader of a file, or null where no format is recognized.</summary>
    internal static FormatReader? Find(FileHead head) => All.FirstOrDefault(r => r.Recognizes(head));
}
