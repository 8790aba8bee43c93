using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>Finds the first role that describes a target, in the order of trust.</summary>
/// <remarks>Spec: TUF 1.0 §5.6.7: pre-order, depth first; no role twice; what cannot be read or trusted ends the search.</remarks>
internal static class TufSearch
{
    private const string Clause = "§5.6.7";

    internal static async Task<(TufTarget? Target, TufFailure? Failure)> FindAsync(
        TufUpdater updater,
        TufTargets topLevel,
        string path,
        CancellationToken cancellation
    )
    {
        var visited = new HashSet<string>(StringComparer.Ordinal) { TufFile.Targets };
        var pending = new Stack<TufDelegation>();
        for (var role = topLevel; ; )
        {
            if (role.Files.TryGetValue(path, out var target))
            {
                return (target, null);
            }
            Push(role, path, pending);
            TufDelegation? next = null;
            while (next is null && pending.TryPop(out var candidate))
            {
                next = visited.Add(candidate.Role.Name) ? candidate : null;
            }
            if (next is null || visited.Count > Limits.TufRolesVisited)
            {
                return (null, NotFound(path, next is null ? visited.Count : Limits.TufRolesVisited));
            }
            var (loaded, failure) = await updater.LoadTargetsAsync(next.Role, cancellation).ConfigureAwait(false);
            if (loaded is null)
            {
                return (null, failure);
            }
            role = loaded;
        }
    }

    private static void Push(TufTargets role, string path, Stack<TufDelegation> pending)
    {
        var children = new List<TufDelegation>();
        foreach (var delegation in role.Delegations.Where(d => d.Covers(path)))
        {
            children.Add(delegation);
            if (delegation.IsTerminating)
            {
                // Nobody after this role is asked: not its later siblings, and not its ancestors' either.
                pending.Clear();
                break;
            }
        }
        for (var i = children.Count - 1; i >= 0; i--)
        {
            pending.Push(children[i]);
        }
    }

    private static TufFailure NotFound(string path, int visited) =>
        new(TufFailureCode.NoSuchTarget, path, Clause, "no role that is trusted for the path describes it")
        {
            Actual = visited == 1 ? "one role asked" : $"{visited} roles asked",
        };
}
