using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace ArtifactTrust.Oci;

/// <summary>Whether a registry obeys conditions on writes (RFC 9110 §13).</summary>
internal enum TagConditions
{
    /// <summary>Not tried yet.</summary>
    Unknown,

    /// <summary>It refuses a write whose condition does not hold.</summary>
    Obeyed,

    /// <summary>It writes all the same, or cannot tell.</summary>
    Ignored,
}

/// <summary>What the writers of tags that share connections know together.</summary>
internal sealed class TagGuards
{
    private static readonly ConditionalWeakTable<HttpClient, TagGuards> All = [];

    // Striped, so that the table never grows.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];
    private readonly ConcurrentDictionary<Uri, TagConditions> _conditions = [];

    internal static TagGuards Of(HttpClient http) => All.GetValue(http, static _ => new TagGuards());

    /// <summary>Lets the writers of one tag take turns.</summary>
    internal SemaphoreSlim Gate(string place, string tag) => _gates[(uint)HashCode.Combine(place, tag) % _gates.Length];

    internal TagConditions Conditions(Uri registry) => _conditions.GetValueOrDefault(registry);

    internal void Learn(Uri registry, TagConditions conditions) => _conditions[registry] = conditions;
}
