namespace ArtifactTrust.Scanning.Data;

/// <summary>Looks at one value of a column.</summary>
internal delegate void ColumnVisitor(string path, ReadOnlySpan<char> value);
