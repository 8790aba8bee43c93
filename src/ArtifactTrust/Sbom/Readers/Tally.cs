using System.Globalization;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>Counts how often each of a bounded number of names occurs.</summary>
internal sealed class Tally
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private long _others;

    /// <summary>Counts one occurrence. Names beyond <see cref="Limits.SbomListedNames"/> are counted together.</summary>
    internal void Add(string name)
    {
        if (_counts.TryGetValue(name, out var count))
        {
            _counts[name] = count + 1;
        }
        else if (_counts.Count < Limits.SbomListedNames)
        {
            _counts.Add(name, 1);
        }
        else
        {
            _others++;
        }
    }

    /// <summary>The names with their counts, <c>name: count</c>, in code point order.</summary>
    internal IEnumerable<string> Lines
    {
        get
        {
            var lines = _counts
                .OrderBy(c => c.Key, CodePointOrder.Instance)
                .Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Key}: {c.Value}"));
            return _others == 0 ? lines : lines.Append(string.Create(CultureInfo.InvariantCulture, $"(others): {_others}"));
        }
    }
}
