namespace ArtifactTrust.Scanning.Data;

/// <summary>What names say, each read once.</summary>
internal sealed class ColumnHints
{
    // Names come from the file, which may have any number of them.
    private const int MostNames = 10_000;

    private readonly Dictionary<string, ColumnHint> _known = new(StringComparer.Ordinal);

    /// <summary>What a name says; nothing, where there is none.</summary>
    internal ColumnHint Of(string? name)
    {
        if (name is null)
        {
            return ColumnHint.None;
        }
        if (!_known.TryGetValue(name, out var hint))
        {
            hint = ColumnHint.Of(name);
            if (_known.Count < MostNames)
            {
                _known[name] = hint;
            }
        }
        return hint;
    }
}
