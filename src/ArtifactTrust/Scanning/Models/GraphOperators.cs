namespace ArtifactTrust.Scanning.Models;

/// <summary>The operators of one graph that its own functions have to define, each kept once, in the order they were found.</summary>
internal sealed class GraphOperators
{
    private readonly NameSet<(string Domain, string Name)> _used = new();
    private readonly NameSet<(string Domain, string Name)> _functions = new();
    private readonly List<(string Domain, string Name, long Position)> _order = [];

    /// <summary>Whether there were more names than are kept.</summary>
    internal bool IsFull => _used.IsFull || _functions.IsFull;

    /// <summary>Those no function of the graph defines.</summary>
    internal IEnumerable<(string Domain, string Name, long Position)> Undefined =>
        _order.Where(o => !_functions.Contains((o.Domain, o.Name)));

    /// <summary>Keeps an operator that a node names.</summary>
    internal void Use(string domain, string name, long position)
    {
        if (_used.Add((domain, name), domain.Length + name.Length) && !_used.IsFull)
        {
            _order.Add((domain, name, position));
        }
    }

    /// <summary>Keeps the name of a function.</summary>
    internal void Define(string domain, string name) => _functions.Add((domain, name), domain.Length + name.Length);

    /// <summary>Begins the next graph.</summary>
    internal void Clear()
    {
        _used.Clear();
        _functions.Clear();
        _order.Clear();
    }
}
