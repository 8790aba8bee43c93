using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Sbom.Completeness;

/// <summary>What an SBOM lacks by published lists of minimum elements.</summary>
/// <remarks>
/// Spec: NTIA "The Minimum Elements For an SBOM" (2021); CISA "2025 Minimum Elements" (draft); G7 "SBOM for AI: Minimum Elements" (2026);
/// the scoring of OWASP's AIBOM generator 1.0.2. Where each element is found in CycloneDX is a table of our own,
/// <c>minimum-elements.json</c> and <c>owasp-aibom.json</c>. An element of a component counts for the share of the components that have it; one that is about models or datasets counts only where there are
/// such. Files are parts, of which nobody asks for a supplier: they are not among the components that are counted.
/// </remarks>
public static class SbomCompleteness
{
    /// <summary>The profiles' identifiers.</summary>
    public static IReadOnlyList<string> Profiles { get; } = [.. MinimumElements.Profiles.Select(p => p.Id), AibomProfile.Owasp.Id];

    /// <summary>Scores a document by every profile.</summary>
    /// <param name="utf8">The document: valid CycloneDX JSON 1.4 to 1.7.</param>
    /// <exception cref="MalformedDataException">It is no such document.</exception>
    public static IReadOnlyList<ProfileScore> Score(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, "CycloneDX document", Limits.PredicateBytes);
        CycloneDxValidator.VersionOf(json);
        // What is scored is read without further checks, so it must be what the schema says.
        if (CycloneDxValidator.Validate(json).Errors is [{ } first, ..])
        {
            throw new MalformedDataException("CycloneDX document", first.Location, first.Reason);
        }
        var document = new ScoredDocument(json);
        return [.. MinimumElements.Profiles.Select(p => Score(p, document)), AibomScoring.Score(json)];
    }

    private static ProfileScore Score(MinimumProfile profile, ScoredDocument document)
    {
        var elements = new List<ElementScore>();
        var reached = 0.0;
        foreach (var element in profile.Elements)
        {
            var places = document.Of(element.Scope);
            if (places.Count == 0)
            {
                continue;
            }
            var found = places.Count(p => element.Paths.Any(path => document.Has(p, path)));
            reached += (double)found / places.Count;
            elements.Add(new ElementScore(element.Id, element.Cluster, element.Name, found, places.Count, element.State));
        }
        return new ProfileScore(
            profile.Id,
            profile.Name,
            elements.Count == 0 ? 0 : (int)Math.Floor(100 * reached / elements.Count + 1e-9),
            elements
        );
    }
}

/// <summary>How complete a document is by one profile.</summary>
/// <param name="Id">The profile's identifier, such as <c>ntia-2021</c>.</param>
/// <param name="Name">The profile's name.</param>
/// <param name="Score">From 0 to 100: whole, rounded down, and in tenths for <c>owasp-aibom</c>.</param>
/// <param name="Elements">Every element that applies.</param>
public sealed record ProfileScore(string Id, string Name, decimal Score, IReadOnlyList<ElementScore> Elements)
{
    /// <summary>More of the score by <c>owasp-aibom</c>; null for the others.</summary>
    public AibomScore? Aibom { get; init; }

    /// <summary>The elements that something lacks.</summary>
    public IEnumerable<ElementScore> Missing => Elements.Where(e => e.Found < e.Applicable);
}

/// <summary>One element of a profile.</summary>
/// <param name="Id">Its identifier in the profile.</param>
/// <param name="Cluster">The group it is in.</param>
/// <param name="Name">Its name.</param>
/// <param name="Found">How many of the things it is about have it.</param>
/// <param name="Applicable">How many things it is about.</param>
/// <param name="State">Where it can be stated.</param>
public sealed record ElementScore(string Id, string Cluster, string Name, int Found, int Applicable, string State);
