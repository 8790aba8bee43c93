namespace ArtifactTrust.Sbom.Packages;

/// <summary>Looks through an executable file for lists of packages that compilers put there, with little of it in memory.</summary>
/// <remarks>Go since 1.13 writes its modules after <c>\xff Go buildinf:</c>, cargo-auditable its crates into the section <c>.dep-v0</c>.</remarks>
public sealed class ProgramScan
{
    private const int Overlap = 32;

    private static readonly byte[] Go = [0xff, .. " Go buildinf:"u8];

    private static readonly byte[] Magic = [0x7f, .. "ELF"u8];

    private readonly byte[] _tail = new byte[2 * Overlap];
    private int _tailLength;
    private int _matched;
    private bool _isOther;

    /// <summary>What was found, such as <c>Go modules</c>, or null.</summary>
    public string? Embedded { get; private set; }

    /// <summary>Whether more of the file can change the answer.</summary>
    public bool IsDone => Embedded is not null || _isOther;

    internal bool HasStarted => _matched > 0;

    /// <summary>Takes the next bytes of the file.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || IsDone)
        {
            return;
        }
        for (var i = 0; i < bytes.Length && _matched < Magic.Length; i++, _matched++)
        {
            if (bytes[i] != Magic[_matched])
            {
                _isOther = true;
                return;
            }
        }
        Look(bytes);
        // A mark may lie across two pieces.
        var head = Math.Min(Overlap, bytes.Length);
        Span<byte> seam = stackalloc byte[3 * Overlap];
        _tail.AsSpan(0, _tailLength).CopyTo(seam);
        bytes[..head].CopyTo(seam[_tailLength..]);
        Look(seam[..(_tailLength + head)]);
        if (bytes.Length >= Overlap)
        {
            bytes[^Overlap..].CopyTo(_tail);
            _tailLength = Overlap;
        }
        else
        {
            var joined = seam[..(_tailLength + head)];
            var keep = joined[^Math.Min(Overlap, joined.Length)..];
            keep.CopyTo(_tail);
            _tailLength = keep.Length;
        }
    }

    private void Look(ReadOnlySpan<byte> bytes) =>
        Embedded ??=
            bytes.IndexOf(Go) >= 0 ? "Go modules"
            : bytes.IndexOf(".dep-v0\0"u8) >= 0 ? "Rust crates"
            : null;
}
