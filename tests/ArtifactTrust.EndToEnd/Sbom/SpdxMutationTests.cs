using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Validation;
using ArtifactTrust.Tests.Sbom.Validation;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>SPDX documents with one thing changed, judged by us and by another validator with the published schemas.</summary>
public sealed class SpdxMutationTests : IDisposable
{
    /// <summary>What we say by the schemas alone; beyond them there are rules of our own.</summary>
    private static readonly string[] BySchema =
    [
        "is expected, not ",
        "is not one of",
        "there is no member of this name",
        "does not match",
        "elements; at least",
        "alternatives",
    ];

    private readonly string _directory = Directory.CreateTempSubdirectory("spdx-mutations-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [SbomTheory(validator: true)]
    [InlineData("trivy/examples/image.spdx.json", "spdx-2.3", 100)]
    [InlineData("bom-examples/spdx-3.0.1-ai.json", "spdx-3.0.1", 80)]
    public void Changes_of_documents_of_others_are_judged_alike(string vector, string schema, int least) =>
        JudgedAlike(File.ReadAllBytes(Path.Join(SbomPeers.Vectors, vector)), schema, least);

    [SbomTheory(validator: true)]
    [InlineData(SbomFormat.SpdxJson, "spdx-2.3", 90)]
    [InlineData(SbomFormat.Spdx3Json, "spdx-3.0.1", 150)]
    public void Changes_of_our_documents_are_judged_alike(SbomFormat format, string schema, int least)
    {
        using var scene = new PackageScene();
        var model = Directory.CreateDirectory(Path.Join(_directory, "model")).FullName;
        File.WriteAllText(Path.Join(model, "README.md"), "---\nlicense: [mit, llama3.1]\nbase_model: a/b\ndatasets: [x/y]\n---\n");
        File.WriteAllText(Path.Join(model, "requirements.txt"), "requests==2.31.0 --hash=sha256:" + new string('a', 64) + "\n");
        JudgedAlike(
            File.ReadAllBytes(scene.Sbom(model, "--format", format == SbomFormat.SpdxJson ? "spdx-json" : "spdx3-json")),
            schema,
            least
        );
    }

    private void JudgedAlike(byte[] document, string schema, int least)
    {
        var mutations = JsonMutations.Of(document);
        Assert.True(mutations.Count >= least, $"{mutations.Count} changes");
        var files = mutations.Select((m, i) => (Mutation: m, File: Path.Join(_directory, $"{i}.json"))).ToList();
        files.ForEach(f => File.WriteAllBytes(f.File, f.Mutation.Document));
        var judged = SbomPeers.Node("validate.mjs", [Path.Join(SbomPeers.Vectors, "bom-schemas"), schema, .. files.Select(f => f.File)]);
        Assert.Equal(files.Count, judged.Length);
        var apart = new StringBuilder();
        foreach (var (mutation, theirs) in mutations.Zip(judged))
        {
            var errors = Errors(mutation.Document);
            var alike = theirs == "valid" ? !errors.Any(e => BySchema.Any(s => e.Contains(s, StringComparison.Ordinal))) : errors.Count > 0;
            if (!alike)
            {
                apart.Append($"{mutation.Kind} {mutation.Place}: {theirs}; we: {string.Join("; ", errors)}\n");
            }
        }
        Assert.True(apart.Length == 0, apart.ToString());
    }

    /// <summary>What we say is wrong, the one warning among it that the schema calls an error.</summary>
    private static List<string> Errors(byte[] document)
    {
        try
        {
            var result = SbomValidator.Validate(document);
            return [.. result.Errors.Concat(result.Warnings).Select(e => e.Reason)];
        }
        catch (MalformedDataException e)
        {
            return [e.Reason];
        }
    }
}
