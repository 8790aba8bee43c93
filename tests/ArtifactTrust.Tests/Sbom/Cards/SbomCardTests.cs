using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Cards;

namespace ArtifactTrust.Tests.Sbom.Cards;

public sealed class SbomCardTests
{
    private const string Full = """
        supplier: Acme GmbH
        authors:
          - {name: Jane Doe, email: jane@acme.example}
        identifier: pkg:huggingface/acme/tiny@1
        description: |
          Two
          lines.
        built: 2026-01-01T00:00:00Z
        released: 2026-01-02T00:00:00Z
        license: [Apache-2.0, llama3.1]
        download: https://acme.example/tiny
        system: {data-flow: [in, out]}
        model:
          task: fill-mask
          learning: semi-supervised
          training-data: [acme/train]
          test-data: [acme/test]
          base-models: [acme/base]
          hyperparameters: {rate: 0.001}
          risks: [{name: bias, mitigation: review}]
          energy: [{activity: training, kwh: 12.5, provider: P}]
        dataset: {owners: [Jane]}
        """;

    [Fact]
    public void A_card_states_properties_that_others_ask_for_but_none_of_ours()
    {
        Assert.Equal(
            [new SbomProperty("autonomyType", "none"), new SbomProperty("domain", "a"), new SbomProperty("domain", "b")],
            Apply("properties: {autonomyType: none, domain: [a, b]}").Properties
        );
        Assert.Throws<MalformedDataException>(() => Apply("properties: {'artifact-trust:parameters': 1}"));
        Assert.Throws<MalformedDataException>(() => Apply("properties: [a]"));
    }

    [Fact]
    public void A_card_states_what_files_cannot()
    {
        var document = Apply(Full);
        var model = document.Subject;
        Assert.Equal("Acme GmbH", model.Supplier);
        Assert.Equal("Acme GmbH", document.Supplier);
        Assert.Equal([new SbomContact("Jane Doe", "jane@acme.example")], document.Authors);
        Assert.Equal("pkg:huggingface/acme/tiny@1", model.PackageUrl);
        Assert.Equal("Two\nlines.\n", model.Description);
        Assert.Equal(["Apache-2.0", "llama3.1"], model.Licenses.Select(l => l.ToString()));
        Assert.Equal(SbomLearning.SemiSupervised, model.ModelCard!.Learning);
        Assert.Equal(["dataset:acme/train"], model.ModelCard.DatasetReferences);
        Assert.Equal(["dataset:acme/test"], model.ModelCard.TestDatasetReferences);
        Assert.Equal("acme/base", Assert.Single(model.Ancestors).Name);
        Assert.Equal(12.5m, Assert.Single(model.ModelCard.Considerations!.EnergyConsumptions).KilowattHours);
        Assert.Equal("unknown", model.ModelCard.Considerations.EnergyConsumptions[0].Source);
        Assert.Contains(new SbomProperty("artifact-trust:hyperparameter:rate", "0.001"), model.ModelCard.Properties);
        Assert.Equal(
            [new SbomProperty("artifact-trust:system:data-flow", "in"), new SbomProperty("artifact-trust:system:data-flow", "out")],
            document.Properties
        );
        Assert.Equal(["dataset:acme/train", "dataset:acme/test"], document.Components.Skip(1).Select(c => c.Reference!));
        Assert.Contains(
            document.Dependencies,
            d => d.Reference == "model" && d.DependsOn.SequenceEqual(["dataset:acme/train", "dataset:acme/test"])
        );
    }

    [Fact]
    public void A_card_may_be_json() => Assert.Equal("Acme", Apply("""{"supplier": "Acme", "model": {"users": ["all"]}}""").Supplier);

    [Fact]
    public void What_a_card_does_not_say_stays_as_the_files_say()
    {
        var document = Apply("supplier: Acme");
        Assert.Equal("from the files", document.Subject.Description);
        Assert.Null(document.Subject.ModelCard);
    }

    [Theory]
    [InlineData("suplier: Acme", "unknown key 'suplier'")]
    [InlineData("supplier: [a, b]", "'supplier' is to be a single value")]
    [InlineData("supplier: 1.0", "quote it")]
    [InlineData("identifier: acme", "package URL")]
    [InlineData("license: unknown", "names no licence")]
    [InlineData("download: here", "absolute address")]
    [InlineData("released: yesterday", "RFC 3339")]
    [InlineData("authors: [{email: a@b}]", "needs 'name'")]
    [InlineData("authors: [{name: a, email: a}]", "e-mail address")]
    [InlineData("model: {learning: by-heart}", "'learning' is to be one of")]
    [InlineData("model: {energy: [{activity: training, kwh: many, provider: p}]}", "'kwh' is to be a number")]
    [InlineData("model: {energy: [{activity: training, kwh: 1}]}", "needs 'provider'")]
    [InlineData("model: {energy: [{activity: sleeping, kwh: 1, provider: p}]}", "'activity' is to be one of")]
    [InlineData("model: {risks: [{mitigation: none}]}", "needs 'name'")]
    [InlineData("model: {hyperparameters: {a: [1]}}", "'a' is to be one short value")]
    [InlineData("system: {flow: a}", "unknown key 'flow'")]
    [InlineData("- a", "mapping")]
    [InlineData("a: &x 1", "")]
    public void What_a_card_cannot_say_is_refused(string text, string reason)
    {
        var e = Assert.Throws<MalformedDataException>(() => SbomCard.Parse(Encoding.UTF8.GetBytes(text)));
        Assert.Contains(reason, e.Reason, StringComparison.Ordinal);
    }

    private static SbomDocument Apply(string card)
    {
        var model = new SbomComponent(SbomComponentType.MachineLearningModel, "model", "tiny") { Description = "from the files" };
        return SbomCard
            .Parse(Encoding.UTF8.GetBytes(card))
            .ApplyTo(
                new SbomDocument(
                    Guid.Empty,
                    DateTimeOffset.UnixEpoch,
                    "1",
                    new SbomComponent(SbomComponentType.Application, "root", "tiny"),
                    [model],
                    [new SbomDependency("root", ["model"]), new SbomDependency("model", [])],
                    []
                )
            );
    }
}
