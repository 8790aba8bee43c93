using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Reading;
using ArtifactTrust.Tests.Sbom;
using Xunit.Abstractions;

namespace ArtifactTrust.Tests.Fuzzing;

/// <summary>Near misses of files of models and datasets: what a bill of materials takes from them is fit to be written, or they are unreadable.</summary>
public sealed class ModelFileFuzzTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. Samples.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Files(string name) => Fuzz(name, [Samples.All[name]]);

    [VectorTheory]
    [InlineData("onnx", "*.onnx")]
    [InlineData("parquet", "*.parquet")]
    [InlineData("croissant", "*.json")]
    public void Files_of_others(string folder, string pattern)
    {
        var files = Directory.GetFiles(Vectors.Require($"scan/formats/{folder}"), pattern);
        Fuzz($"others{pattern[1..]}", [.. files.Select(File.ReadAllBytes).Where(f => f.Length < 100_000)]);
    }

    private void Fuzz(string name, IReadOnlyList<byte[]> seeds) =>
        new FuzzTarget(
            name,
            seeds,
            input =>
            {
                var file = Samples.Inspect(name, input);
                foreach (var text in Texts(file))
                {
                    Assert.Equal(FileText.Clean(text), text);
                }
                Assert.All(file.Properties.Concat(file.Facts?.Model?.Properties ?? []), p => Assert.NotEmpty(p.Name));
                Assert.InRange(file.Facts?.Dataset?.Rows ?? 0, 0, long.MaxValue);
                Assert.InRange(file.Facts?.Dataset?.ColumnCount ?? 0, 0, long.MaxValue);
                if (file.Unreadable is { } reason)
                {
                    throw new MalformedDataException(name, "$", reason);
                }
            }
        ).Fuzz(output);

    private static IEnumerable<string> Texts(InspectedFile file)
    {
        var (model, dataset) = (file.Facts?.Model, file.Facts?.Dataset);
        IEnumerable<string?> single =
        [
            file.Unreadable,
            model?.Description,
            model?.Task,
            model?.ArchitectureFamily,
            model?.Architecture,
            model?.BaseModelRelation,
            dataset?.Name,
            dataset?.Description,
            dataset?.Version,
            dataset?.Url,
        ];
        return
        [
            .. single.OfType<string>(),
            .. file
                .Properties.Concat(model?.Properties ?? [])
                .Concat(dataset?.Properties ?? [])
                .SelectMany(p => (string[])[p.Name, p.Value]),
            .. model?.Inputs ?? [],
            .. model?.Outputs ?? [],
            .. model?.BaseModels ?? [],
            .. model?.Datasets ?? [],
            .. model?.TestDatasets ?? [],
            .. dataset?.Columns ?? [],
            .. dataset?.SensitiveData ?? [],
            .. (model?.Licenses ?? []).Concat(dataset?.Licenses ?? []).Select(l => l.ToString()),
        ];
    }
}
