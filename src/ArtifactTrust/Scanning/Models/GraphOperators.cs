using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>The operators of one graph that its own functions have to define, each kept once, in the order they were found.</summary>
internal sealed class GraphOperators
{
    private readonly Dictionary<(string Domain, string Name), long> _used = [];
    private readonly List<(string Domain, string Name)> _order = [];
    private readonly HashSet<(string Domain, string Name)> _functions = [];
    private int _kept;

    /// <summary>Whether there were more names than are kept.</summary>
    internal bool IsFull { get; private set; }

    /// <summary>Those no function of the graph defines.</summary>
    internal IEnumerable<(string Domain, string Name, long Position)> Undefined =>
        _order.Where(o => !_functions.Contains(o)).Select(o => (o.Domain, o.Name, _used[o]));

    /// <summary>Keeps an operator that a node names.</summary>
    internal void Use(string domain, string name, long position)
    {
        if (!_used.ContainsKey((domain, name)) && TryKeep(domain, name))
        {
            _used.Add((domain, name), position);
            _order.Add((domain, name));
        }
    }

    /// <summary>Keeps the name of a function.</summary>
    internal void Define(string domain, string name)
    {
        if (!_functions.Contains((domain, name)) && TryKeep(domain, name))
        {
            _functions.Add((domain, name));
        }
    }

    /// <summary>Begins the next graph.</summary>
    internal void Clear()
    {
        _used.Clear();
        _order.Clear();
        _functions.Clear();
        (_kept, IsFull) = (0, false);
    }

    private bool TryKeep(string domain, string name)
    {
        // What a name costs besides its characters, about.
        const int overhead = 100;
        var size = overhead + domain.Length + name.Length;
        IsFull |= size > Limits.GraphNames - _kept;
        _kept += IsFull ? 0 : size;
        return !IsFull;
    }
}
