using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Policies;

/// <summary>The build platform is one of these, compared exactly.</summary>
internal sealed class AllowedBuilders(IReadOnlyList<string> ids) : AttestationConstraint("builder", $"builder {string.Join(" or ", ids)}")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now) =>
        predicate is not SlsaProvenance provenance ? Fails(DenialCode.MalformedPredicate, "it is no SLSA provenance")
        : ids.Contains(provenance.BuilderId) ? Holds(provenance.BuilderId)
        : Fails(DenialCode.BuilderMismatch, $"it was built by '{provenance.BuilderId}'", provenance.BuilderId);
}

/// <summary>The build type is one of these, compared exactly.</summary>
internal sealed class AllowedBuildTypes(IReadOnlyList<string> types)
    : AttestationConstraint("buildType", $"build type {string.Join(" or ", types)}")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now) =>
        predicate is not SlsaProvenance provenance ? Fails(DenialCode.MalformedPredicate, "it is no SLSA provenance")
        : types.Contains(provenance.BuildType) ? Holds(provenance.BuildType)
        : Fails(DenialCode.BuildTypeMismatch, $"it was built as '{provenance.BuildType}'", provenance.BuildType);
}

/// <summary>A dependency that a policy allows: by its URI and, where given, one digest.</summary>
internal sealed record AllowedDependency(UriPattern Uri, DigestSet? Digest)
{
    internal bool Matches(ResourceDescriptor dependency) =>
        dependency.Uri is { } uri && Uri.Matches(uri) && (Digest is null || dependency.Digest?.Contains(Digest) is true);

    public override string ToString() => Digest is null ? Uri.Text : $"{Uri.Text} with {Digest}";

    // Two entries are one where they read the same; a digest set has no equality of its own.
    public bool Equals(AllowedDependency? other) => other?.ToString() == ToString();

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(ToString());
}

/// <summary>Of the resolved dependencies at least one is one of these.</summary>
internal sealed class RequiredSource(IReadOnlyList<AllowedDependency> sources)
    : AttestationConstraint("source", $"a dependency {string.Join(" or ", sources)}")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now)
    {
        if (predicate is not SlsaProvenance provenance)
        {
            return Fails(DenialCode.MalformedPredicate, "it is no SLSA provenance");
        }
        var found = provenance.ResolvedDependencies.FirstOrDefault(d => sources.Any(s => s.Matches(d)));
        return found is not null
            ? Holds(found.Uri!)
            : Fails(DenialCode.SourceMismatch, "no resolved dependency is one of the sources", Describe(provenance.ResolvedDependencies));
    }

    internal static string Describe(IReadOnlyList<ResourceDescriptor> dependencies) =>
        dependencies.Count == 0
            ? "no resolved dependencies"
            : Excerpt.List(
                dependencies,
                d => d.Digest is null ? d.Uri ?? "one without a URI" : $"{d.Uri ?? "one without a URI"} ({d.Digest})"
            );
}

/// <summary>Every resolved dependency is one of these, and there is at least one.</summary>
internal sealed class AllowedDependencies(IReadOnlyList<AllowedDependency> allowed)
    : AttestationConstraint("dependencies", $"no dependency but {string.Join(" or ", allowed)}")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now)
    {
        if (predicate is not SlsaProvenance provenance)
        {
            return Fails(DenialCode.MalformedPredicate, "it is no SLSA provenance");
        }
        if (provenance.ResolvedDependencies.Count == 0)
        {
            return Fails(DenialCode.DependencyNotAllowed, "it lists no dependencies", "no resolved dependencies");
        }
        var others = provenance.ResolvedDependencies.Where(d => !allowed.Any(a => a.Matches(d))).ToList();
        return others.Count == 0
            ? Holds($"{provenance.ResolvedDependencies.Count} dependencies")
            : Fails(
                DenialCode.DependencyNotAllowed,
                $"{others.Count} of {provenance.ResolvedDependencies.Count} dependencies are not allowed",
                RequiredSource.Describe(others)
            );
    }
}
