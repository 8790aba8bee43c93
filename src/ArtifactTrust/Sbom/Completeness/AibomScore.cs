namespace ArtifactTrust.Sbom.Completeness;

/// <summary>What OWASP's AIBOM generator says of a document beside its score.</summary>
/// <param name="Level"><c>basic</c>, <c>standard</c> or <c>advanced</c>; null where the document reaches none.</param>
/// <param name="Penalty">What the points were multiplied by for missing fields, 1 for nothing.</param>
/// <param name="Categories">The points of each group of fields.</param>
/// <param name="GeneratorScore">What the generator's own code gives the document, 0 to 100: it does not find <see cref="NotFoundByGenerator"/>.</param>
/// <param name="NotFoundByGenerator">Fields that the document states where the generator's code does not look.</param>
public sealed record AibomScore(
    string? Level,
    decimal Penalty,
    IReadOnlyList<AibomCategory> Categories,
    decimal GeneratorScore,
    IReadOnlyList<string> NotFoundByGenerator
);

/// <summary>One group of fields.</summary>
/// <param name="Id">Its name in the generator's registry.</param>
/// <param name="Points">The points reached, in tenths.</param>
/// <param name="Maximum">The points for all fields.</param>
/// <param name="Present">How many fields are there.</param>
/// <param name="Total">How many fields were asked for.</param>
public sealed record AibomCategory(string Id, decimal Points, int Maximum, int Present, int Total);
