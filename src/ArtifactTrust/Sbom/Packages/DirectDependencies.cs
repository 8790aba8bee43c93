namespace ArtifactTrust.Sbom.Packages;

/// <summary>Which packages a subject needs itself, and which only because another one does.</summary>
internal static class DirectDependencies
{
    /// <summary>Those that its files name as its own, and those that no other package needs. From them every package can be reached.</summary>
    /// <param name="packages">The packages, in order.</param>
    /// <param name="stated">The packages that the subject's files say it needs.</param>
    /// <param name="dependencies">What each package needs.</param>
    internal static List<string> Of(IReadOnlyList<string> packages, IReadOnlySet<string> stated, IReadOnlyList<SbomDependency> dependencies)
    {
        var needs = dependencies.ToDictionary(d => d.Reference, d => d.DependsOn, StringComparer.Ordinal);
        var needed = dependencies.SelectMany(d => d.DependsOn.Where(n => n != d.Reference)).ToHashSet(StringComparer.Ordinal);
        var direct = packages.Where(p => stated.Contains(p) || !needed.Contains(p)).ToHashSet(StringComparer.Ordinal);
        var reached = new HashSet<string>(StringComparer.Ordinal);
        foreach (var package in direct)
        {
            Reach(package, needs, reached);
        }
        // What is left is a circle that nothing leads into.
        foreach (var package in packages)
        {
            if (!reached.Contains(package))
            {
                direct.Add(package);
                Reach(package, needs, reached);
            }
        }
        return [.. packages.Where(direct.Contains)];
    }

    private static void Reach(string package, Dictionary<string, IReadOnlyList<string>> needs, HashSet<string> reached)
    {
        var pending = new Stack<string>([package]);
        while (pending.TryPop(out var at))
        {
            if (reached.Add(at))
            {
                foreach (var needed in needs.GetValueOrDefault(at) ?? [])
                {
                    pending.Push(needed);
                }
            }
        }
    }
}
