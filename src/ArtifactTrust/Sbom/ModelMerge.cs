using System.Globalization;
using System.Text.RegularExpressions;
using ArtifactTrust.Sbom.Readers;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom;

/// <summary>Makes one model's description from what its files say.</summary>
internal static partial class ModelMerge
{
    /// <summary>Fills in the model's component, and adds a component for each dataset that the files name.</summary>
    internal static SbomComponent Describe(
        SbomComponent model,
        IReadOnlyList<SbomProperty> properties,
        IReadOnlyList<InspectedFile> files,
        List<SbomComponent> named
    )
    {
        // Descriptions below the top belong to parts: a diffusion model has a config.json for each of its networks.
        var facts = files
            .Where(f => f.Facts?.Model is not null && (f.Facts.Role == FileRole.Weights || f.IsAtTop))
            .OrderBy(f => f.Facts!.Role == FileRole.Description ? 0 : 1)
            .Select(f => f.Facts!.Model!)
            .ToList();
        var trained = Distinct(facts.SelectMany(f => f.Datasets));
        var tested = Distinct(facts.SelectMany(f => f.TestDatasets));
        foreach (var name in trained.Union(tested, StringComparer.Ordinal))
        {
            named.Add(
                new SbomComponent(SbomComponentType.Data, DatasetReference(name), name) { Dataset = new SbomDataset(name, null, null, []) }
            );
        }
        var ancestors = Distinct(facts.SelectMany(f => f.BaseModels))
            .Select(name => new SbomComponent(SbomComponentType.MachineLearningModel, $"base-model:{name}", name))
            .ToList();
        var relation = First(facts, f => f.BaseModelRelation);
        var parameters = Parameters(files);
        return model with
        {
            Description = First(facts, f => f.Description),
            Licenses = [.. facts.SelectMany(f => f.Licenses).DistinctBy(l => l.ToString())],
            Ancestors = ancestors,
            AncestryNote = relation is null ? null : $"base_model_relation: {relation}",
            Properties =
            [
                .. properties,
                .. parameters is null
                    ? Array.Empty<SbomProperty>()
                    : [new SbomProperty(SbomPropertyNames.Parameters, parameters.Value.ToString(CultureInfo.InvariantCulture))],
            ],
            ModelCard = new SbomModelCard
            {
                Task = First(facts, f => f.Task),
                ArchitectureFamily = First(facts, f => f.ArchitectureFamily),
                Architecture = First(facts, f => f.Architecture),
                DatasetReferences = [.. trained.Select(DatasetReference)],
                TestDatasetReferences = [.. tested.Select(DatasetReference)],
                Inputs = Agreed(facts, f => f.Inputs),
                Outputs = Agreed(facts, f => f.Outputs),
                Metrics = [.. facts.SelectMany(f => f.Metrics)],
                Properties = [.. facts.SelectMany(f => f.Properties)],
            },
        };
    }

    /// <summary>
    /// The size of the model, where the files leave no doubt: there is one file of weights, or they are the shards of one. A directory
    /// with several variants has no one size.
    /// </summary>
    private static UInt128? Parameters(IReadOnlyList<InspectedFile> files)
    {
        var weights = files.Where(f => f.Facts?.Role == FileRole.Weights).ToList();
        if (weights.Count == 0 || weights.Any(w => w.Facts!.Model?.Parameters is null))
        {
            return null;
        }
        if (weights.Count > 1)
        {
            var shards = weights.Select(w => ShardPattern().Match(w.Entry.Name)).ToList();
            var complete =
                shards.All(s => s.Success)
                && shards.DistinctBy(s => (s.Groups["stem"].Value, s.Groups["of"].Value)).Count() == 1
                && shards.DistinctBy(s => s.Groups["part"].Value).Count() == shards.Count
                && int.Parse(shards[0].Groups["of"].ValueSpan, CultureInfo.InvariantCulture) == shards.Count;
            if (!complete)
            {
                return null;
            }
        }
        return weights.Aggregate(UInt128.Zero, (sum, w) => sum + w.Facts!.Model!.Parameters!.Value);
    }

    private static string DatasetReference(string name) => $"dataset:{name}";

    private static string? First(IEnumerable<ModelFacts> facts, Func<ModelFacts, string?> value) =>
        FileText.Clean(facts.Select(value).FirstOrDefault(v => !string.IsNullOrWhiteSpace(v)));

    /// <summary>The list that all files with such a list have; none where they differ, as variants of a model do.</summary>
    private static IReadOnlyList<string> Agreed(IEnumerable<ModelFacts> facts, Func<ModelFacts, IReadOnlyList<string>> list)
    {
        var lists = facts.Select(list).Where(l => l.Count > 0).ToList();
        return lists.Count > 0 && lists.All(l => l.SequenceEqual(lists[0])) ? lists[0] : [];
    }

    private static List<string> Distinct(IEnumerable<string> values) => [.. values.Distinct(StringComparer.Ordinal)];

    [GeneratedRegex(@"\A(?<stem>.+)-(?<part>[0-9]{5})-of-(?<of>[0-9]{5})\.[a-z]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex ShardPattern();
}
