namespace ArtifactTrust.Sbom.Readers;

/// <summary>Counts the elements of tensors, and never wraps around.</summary>
internal static class ElementCount
{
    /// <summary>The product of a tensor's dimensions; null where one is negative or the product has more than 64 bits.</summary>
    internal static ulong? Of(IReadOnlyList<long> dimensions)
    {
        var product = UInt128.One;
        var zero = false;
        foreach (var dimension in dimensions)
        {
            if (dimension < 0)
            {
                return null;
            }
            if (dimension == 0)
            {
                zero = true;
                continue;
            }
            product *= (ulong)dimension;
            if (product > ulong.MaxValue)
            {
                return null;
            }
        }
        return zero ? 0 : (ulong)product;
    }
}
