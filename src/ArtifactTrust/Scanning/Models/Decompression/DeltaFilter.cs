namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Undoes a filter that keeps of each byte the difference to one before.</summary>
/// <param name="distance">How far before, 1 to 256.</param>
/// <remarks>Spec: The .xz File Format 1.2.1, §5.3.3.</remarks>
internal sealed class DeltaFilter(int distance)
{
    private readonly byte[] _last = new byte[distance];

    internal int Undo(Span<byte> bytes, uint position)
    {
        var at = (int)(position % (uint)distance);
        for (var i = 0; i < bytes.Length; i++)
        {
            _last[at] = bytes[i] += _last[at];
            at = at + 1 == distance ? 0 : at + 1;
        }
        return bytes.Length;
    }
}
