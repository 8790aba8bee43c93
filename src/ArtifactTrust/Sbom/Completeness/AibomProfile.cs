using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Completeness;

/// <summary>How OWASP's AIBOM generator scores a document: its fields, points, penalties and levels.</summary>
/// <remarks>The figures are the generator's, from the commit that <c>owasp-aibom.json</c> names; where its fields are found is our reading of its code.</remarks>
internal sealed record AibomProfile(
    string Id,
    string Name,
    IReadOnlyList<AibomCategoryPoints> Categories,
    IReadOnlyList<AibomPenalty> Penalties,
    IReadOnlyList<AibomLevel> Levels,
    IReadOnlyList<AibomField> Fields
)
{
    private const string Named = "table of AIBOM fields";

    internal static AibomProfile Owasp { get; } = Load();

    private static AibomProfile Load()
    {
        using var resource = typeof(AibomProfile).Assembly.GetManifestResourceStream("ArtifactTrust.Sbom.Completeness.owasp-aibom.json")!;
        using var bytes = new MemoryStream();
        resource.CopyTo(bytes);
        var json = StrictJson.Parse(bytes.ToArray(), Named);
        return new AibomProfile(
            Text(json, "id"),
            Text(json, "name"),
            [.. Items(json, "categories").Select(c => new AibomCategoryPoints(Text(c, "id"), c.GetProperty("points").GetInt32()))],
            [.. Items(json, "penalties").Select(Penalty)],
            [.. Items(json, "levels").Select(Level)],
            [.. Items(json, "fields").Select(Field)]
        );
    }

    private static AibomPenalty Penalty(JsonElement json) =>
        new(
            Text(json, "tier"),
            json.GetProperty("least").GetInt32(),
            json.TryGetProperty("most", out var most) ? most.GetInt32() : int.MaxValue,
            json.GetProperty("factor").GetDouble()
        );

    private static AibomLevel Level(JsonElement json) =>
        new(Text(json, "id"), json.GetProperty("points").GetInt32(), [.. Items(json, "fields").Select(f => f.GetString()!)]);

    private static AibomField Field(JsonElement json)
    {
        var id = Text(json, "id");
        // The generator takes a property of a field's name for the field, whatever its value.
        string[] named = [id, $"spdx:{id}"];
        return new AibomField(
            id,
            Text(json, "category"),
            Text(json, "tier"),
            json.TryGetProperty("optional", out var optional) && optional.GetBoolean(),
            [
                .. Items(json, "found").Select(p => AibomPath.Parse(p.GetString()!)),
                .. named.Select(n => AibomPath.Parse($"metadata.properties[name={n}]")),
                .. named.Select(n => AibomPath.Parse($"model.properties[name={n}]")),
            ],
            [.. Items(json, "also").Select(p => AibomPath.Parse(p.GetString()!))],
            Text(json, "state")
        );
    }

    private static string Text(JsonElement json, string name) => StrictJson.RequiredString(json, name, Named, "$");

    private static JsonElement.ArrayEnumerator Items(JsonElement json, string name) => json.GetProperty(name).EnumerateArray();
}

/// <summary>A group of fields and the points for having all of them.</summary>
internal sealed record AibomCategoryPoints(string Id, int Points);

/// <summary>What the sum is multiplied by where from <see cref="Least"/> to <see cref="Most"/> fields of a tier are missing.</summary>
internal sealed record AibomPenalty(string Tier, int Least, int Most, double Factor);

/// <summary>A level that a document reaches with so many points and these fields.</summary>
internal sealed record AibomLevel(string Id, int Points, IReadOnlyList<string> Fields);

/// <summary>One field.</summary>
/// <param name="Id">Its name in the generator's registry.</param>
/// <param name="Category">The group it counts in.</param>
/// <param name="Tier"><c>critical</c>, <c>important</c> or <c>supplementary</c>.</param>
/// <param name="IsOptional">Whether it is asked for only where it is.</param>
/// <param name="Found">Where the generator's code finds it in a document.</param>
/// <param name="Also">Where a CycloneDX document states the same, and the generator's code does not look.</param>
/// <param name="State">Where it can be stated.</param>
internal sealed record AibomField(
    string Id,
    string Category,
    string Tier,
    bool IsOptional,
    IReadOnlyList<AibomPath> Found,
    IReadOnlyList<AibomPath> Also,
    string State
);

/// <summary>A path in the document, or in the component that is scored as its model: <c>model.purl</c>.</summary>
internal sealed record AibomPath(ElementPath Path, bool IsOfModel)
{
    private const string Model = "model.";

    internal static AibomPath Parse(string text) =>
        text.StartsWith(Model, StringComparison.Ordinal)
            ? new AibomPath(ElementPath.Parse(text[Model.Length..]), true)
            : new AibomPath(ElementPath.Parse(text), false);

    internal bool IsIn(JsonElement document, JsonElement? model) => IsOfModel ? model is { } json && Path.IsIn(json) : Path.IsIn(document);
}
