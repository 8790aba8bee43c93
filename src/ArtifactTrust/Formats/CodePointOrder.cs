namespace ArtifactTrust.Formats;

/// <summary>Orders strings by Unicode code point, which is the order of their UTF-8 bytes. UTF-16 ordinal order differs above U+FFFF.</summary>
/// <remarks>Spec: OMS 1.0 §5.2.1; Go's sort.Strings; RFC 8785 uses UTF-16 order and so does not use this.</remarks>
public sealed class CodePointOrder : IComparer<string>
{
    private CodePointOrder() { }

    /// <summary>The one instance.</summary>
    public static CodePointOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
        {
            return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        }
        var common = x.AsSpan().CommonPrefixLength(y);
        if (common == x.Length || common == y.Length)
        {
            return x.Length - y.Length;
        }
        var a = x[common];
        var b = y[common];
        // A surrogate stands for a code point above every other UTF-16 unit.
        var high = char.IsSurrogate(a);
        return high == char.IsSurrogate(b) ? a - b
            : high ? 1
            : -1;
    }
}
