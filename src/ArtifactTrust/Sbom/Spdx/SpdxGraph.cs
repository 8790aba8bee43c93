using System.Globalization;

namespace ArtifactTrust.Sbom.Spdx;

/// <summary>A component with the identifier it has in an SPDX document.</summary>
/// <param name="Id">The identifier, such as <c>SPDXRef-3</c>.</param>
/// <param name="Component">The component.</param>
internal sealed record SpdxElement(string Id, SbomComponent Component);

/// <summary>Every component of a document with an identifier, and how they are related.</summary>
internal sealed class SpdxGraph
{
    private readonly List<SpdxElement> _elements = [];
    private readonly List<(string From, SpdxRelation Relation, string To)> _relations = [];
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);

    internal SpdxGraph(SbomDocument document)
    {
        Root = Add(document.Root);
        foreach (var component in document.Components)
        {
            Add(component);
        }
        foreach (var dependency in document.Dependencies)
        {
            foreach (var needed in dependency.DependsOn)
            {
                Relate(
                    _ids.GetValueOrDefault(dependency.Reference),
                    Relation(document, dependency.Reference, needed),
                    _ids.GetValueOrDefault(needed)
                );
            }
        }
        foreach (var element in _elements.ToList())
        {
            foreach (var tested in element.Component.ModelCard?.TestDatasetReferences ?? [])
            {
                Relate(element.Id, SpdxRelation.TestedOn, _ids.GetValueOrDefault(tested));
            }
        }
        if (document.Training is { } training)
        {
            var code = Add(training.Code);
            Relate(code, SpdxRelation.Generates, _ids.GetValueOrDefault(training.Output));
        }
    }

    /// <summary>The identifier of what the document is about.</summary>
    internal string Root { get; }

    /// <summary>Every component, each once, those it is made from before those it needs.</summary>
    internal IReadOnlyList<SpdxElement> Elements => _elements;

    /// <summary>Who is related to whom, each pair once.</summary>
    internal IReadOnlyList<(string From, SpdxRelation Relation, string To)> Relations => [.. _relations.Distinct()];

    private string Add(SbomComponent component)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"SPDXRef-{_elements.Count + 1}");
        _elements.Add(new SpdxElement(id, component));
        if (component.Reference is { } reference)
        {
            _ids.TryAdd(reference, id);
        }
        foreach (var part in component.Components)
        {
            Relate(id, SpdxRelation.Contains, Add(part));
        }
        foreach (var ancestor in component.Ancestors)
        {
            Relate(id, SpdxRelation.DescendantOf, Add(ancestor));
        }
        return id;
    }

    private static SpdxRelation Relation(SbomDocument document, string reference, string needed)
    {
        var card = document.Components.FirstOrDefault(c => c.Reference == reference)?.ModelCard;
        return card is null ? SpdxRelation.DependsOn
            : card.DatasetReferences.Contains(needed) ? SpdxRelation.TrainedOn
            : card.TestDatasetReferences.Contains(needed) ? SpdxRelation.TestedOn
            : SpdxRelation.DependsOn;
    }

    private void Relate(string? from, SpdxRelation relation, string? to)
    {
        if (from is not null && to is not null)
        {
            _relations.Add((from, relation, to));
        }
    }
}

/// <summary>How two components are related.</summary>
internal enum SpdxRelation
{
    None = 0,
    Contains,
    DependsOn,
    TrainedOn,
    TestedOn,
    DescendantOf,
    Generates,
}
