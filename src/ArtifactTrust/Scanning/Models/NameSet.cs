using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Different names, as many as <see cref="Limits.KeptNames"/> allows.</summary>
/// <typeparam name="T">A name, or a name with what it is in.</typeparam>
internal sealed class NameSet<T>
{
    // What a name costs besides its characters, about.
    private const int Overhead = 60;

    private readonly HashSet<T> _names = [];
    private int _left = Limits.KeptNames;

    /// <summary>Whether there was no room for a name.</summary>
    internal bool IsFull { get; private set; }

    internal bool Contains(T name) => _names.Contains(name);

    /// <summary>Keeps a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="length">Its characters.</param>
    /// <returns>False where it is known.</returns>
    internal bool Add(T name, int length)
    {
        if (_names.Contains(name))
        {
            return false;
        }
        if (length > _left - Overhead)
        {
            IsFull = true;
            return true;
        }
        _left -= length + Overhead;
        return _names.Add(name);
    }

    internal void Clear()
    {
        _names.Clear();
        (_left, IsFull) = (Limits.KeptNames, false);
    }
}
