using System.Buffers.Binary;
using System.Security.Cryptography;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Reading;

/// <summary>Which names occurred, in 16 bytes a name however long it is: the first half of its SHA-256.</summary>
internal sealed class NameSet
{
    private readonly HashSet<UInt128> _names = [];

    /// <summary>Adds a name; false where it is in the set already.</summary>
    /// <exception cref="MalformedDataException">The set has <see cref="Limits.ModelTensors"/> names.</exception>
    internal bool Add(ReadOnlySpan<byte> name, string format)
    {
        var added = _names.Add(Key(name));
        return added && _names.Count > Limits.ModelTensors
            ? throw new MalformedDataException(format, "$", $"more than {Limits.ModelTensors} tensors")
            : added;
    }

    /// <summary>Whether the name is in the set.</summary>
    internal bool Contains(ReadOnlySpan<byte> name) => _names.Contains(Key(name));

    private static UInt128 Key(ReadOnlySpan<byte> name)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(name, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
