using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Completeness;

/// <summary>What a minimum element is about.</summary>
internal enum ElementScope
{
    None = 0,

    /// <summary>The document as a whole.</summary>
    Document,

    /// <summary>Every component but files.</summary>
    Component,

    /// <summary>Every model that is described, not merely named as an ancestor.</summary>
    Model,

    /// <summary>Every dataset.</summary>
    Dataset,
}

/// <summary>One element of a list.</summary>
internal sealed record MinimumElement(
    string Id,
    string Cluster,
    string Name,
    ElementScope Scope,
    IReadOnlyList<ElementPath> Paths,
    string State
);

/// <summary>A published list of elements.</summary>
internal sealed record MinimumProfile(string Id, string Name, IReadOnlyList<MinimumElement> Elements);

/// <summary>The lists, read from the table that is part of this library.</summary>
internal static class MinimumElements
{
    private const string Named = "table of minimum elements";

    internal static IReadOnlyList<MinimumProfile> Profiles { get; } = Load();

    private static List<MinimumProfile> Load()
    {
        using var resource = typeof(MinimumElements).Assembly.GetManifestResourceStream(
            "ArtifactTrust.Sbom.Completeness.minimum-elements.json"
        )!;
        using var bytes = new MemoryStream();
        resource.CopyTo(bytes);
        var json = StrictJson.Parse(bytes.ToArray(), Named);
        return [.. json.GetProperty("profiles").EnumerateArray().Select(Profile)];
    }

    private static MinimumProfile Profile(JsonElement json) =>
        new(
            StrictJson.RequiredString(json, "id", Named, "$"),
            StrictJson.RequiredString(json, "name", Named, "$"),
            [.. json.GetProperty("elements").EnumerateArray().Select(Element)]
        );

    private static MinimumElement Element(JsonElement json) =>
        new(
            StrictJson.RequiredString(json, "id", Named, "$"),
            StrictJson.RequiredString(json, "cluster", Named, "$"),
            StrictJson.RequiredString(json, "name", Named, "$"),
            StrictJson.RequiredString(json, "scope", Named, "$") switch
            {
                "document" => ElementScope.Document,
                "component" => ElementScope.Component,
                "model" => ElementScope.Model,
                "dataset" => ElementScope.Dataset,
                var other => throw new MalformedDataException(Named, "$.scope", $"'{other}' is no scope"),
            },
            [.. json.GetProperty("found").EnumerateArray().Select(p => ElementPath.Parse(p.GetString()!))],
            StrictJson.RequiredString(json, "state", Named, "$")
        );
}
