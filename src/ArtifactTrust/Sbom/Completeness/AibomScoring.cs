using System.Globalization;
using System.Text.Json;

namespace ArtifactTrust.Sbom.Completeness;

/// <summary>Scores a document as OWASP's AIBOM generator does.</summary>
internal static class AibomScoring
{
    internal static ProfileScore Score(JsonElement document)
    {
        var profile = AibomProfile.Owasp;
        var components = document.TryGetProperty("components", out var list) ? list.EnumerateArray().ToList() : [];
        JsonElement? first = components.Count > 0 ? components[0] : null;
        JsonElement? model = components.Find(c => c.GetProperty("type").GetString() == "machine-learning-model")
            is { ValueKind: JsonValueKind.Object } found
            ? found
            : first;
        // The generator takes whatever comes first for the model.
        var theirs = profile.Fields.Where(f => f.Found.Any(p => p.IsIn(document, first))).Select(f => f.Id).ToHashSet();
        var ours = profile
            .Fields.Where(f => theirs.Contains(f.Id) || f.Found.Concat(f.Also).Any(p => p.IsIn(document, model)))
            .Select(f => f.Id)
            .ToHashSet();
        var (score, categories, penalty) = Score(profile, ours);
        return new ProfileScore(
            profile.Id,
            profile.Name,
            score,
            [
                .. profile
                    .Fields.Where(f => !f.IsOptional || ours.Contains(f.Id))
                    .Select(f => new ElementScore(f.Id, f.Category, $"{f.Id} ({f.Tier})", ours.Contains(f.Id) ? 1 : 0, 1, f.State)),
            ]
        )
        {
            Aibom = new AibomScore(
                profile.Levels.FirstOrDefault(l => score >= l.Points && l.Fields.All(ours.Contains))?.Id,
                penalty,
                categories,
                Score(profile, theirs).Score,
                [.. profile.Fields.Select(f => f.Id).Where(f => ours.Contains(f) && !theirs.Contains(f))]
            ),
        };
    }

    private static (decimal Score, List<AibomCategory> Categories, decimal Penalty) Score(AibomProfile profile, HashSet<string> present)
    {
        var categories = new List<AibomCategory>();
        // In floating point and in the generator's order, so that what lies between two tenths falls to the same side.
        var sum = 0.0;
        foreach (var category in profile.Categories)
        {
            var asked = profile.Fields.Where(f => f.Category == category.Id && (!f.IsOptional || present.Contains(f.Id))).ToList();
            var has = asked.Count(f => present.Contains(f.Id));
            var points = Tenths((double)has / asked.Count * 100 / 100 * category.Points);
            sum += (double)points;
            categories.Add(new AibomCategory(category.Id, points, category.Points, has, asked.Count));
        }
        var factor = 1.0;
        foreach (var penalty in profile.Penalties)
        {
            var missing = profile.Fields.Count(f => !f.IsOptional && f.Tier == penalty.Tier && !present.Contains(f.Id));
            factor *= missing >= penalty.Least && missing <= penalty.Most ? penalty.Factor : 1;
        }
        return (Tenths(sum * factor), categories, (decimal)factor);
    }

    /// <summary>Rounds the exact value of the number to tenths, halves to even, as Python does; <see cref="Math.Round(double, int)"/> rounds a product.</summary>
    private static decimal Tenths(double value) =>
        Math.Round(
            decimal.Parse(value.ToString("F25", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
            1,
            MidpointRounding.ToEven
        );
}
