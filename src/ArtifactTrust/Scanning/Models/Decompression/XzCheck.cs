using System.Buffers.Binary;
using System.Security.Cryptography;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>The check that every block of an xz stream ends with.</summary>
/// <remarks>Spec: The .xz File Format 1.2.1, §2.1.1.2.</remarks>
internal sealed class XzCheck : IDisposable
{
    private const int None = 0;
    private const int Crc32 = 1;
    private const int Crc64 = 4;
    private const int Sha256 = 10;

    private readonly int _kind;
    private readonly ReflectedCrc? _crc;
    private readonly IncrementalHash? _sha256;

    /// <param name="kind">Its number, up to 15.</param>
    internal XzCheck(int kind)
    {
        _kind = kind;
        Bytes = kind == None ? 0 : 4 << ((kind - 1) / 3);
        _crc =
            kind == Crc32 ? ReflectedCrc.Crc32()
            : kind == Crc64 ? ReflectedCrc.Crc64()
            : null;
        _sha256 = kind == Sha256 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    }

    /// <summary>How many bytes it takes.</summary>
    internal int Bytes { get; }

    /// <summary>Adds bytes of a block.</summary>
    internal void Append(ReadOnlySpan<byte> bytes)
    {
        _crc?.Append(bytes);
        _sha256?.AppendData(bytes);
    }

    /// <summary>Compares the check of a block, and begins the next one.</summary>
    /// <exception cref="ChecksumException">They differ, or the kind is not known here.</exception>
    internal void Verify(ReadOnlySpan<byte> expected)
    {
        switch (_kind)
        {
            case None:
                break;
            case Crc32:
                ChecksumException.Require(BinaryPrimitives.ReadUInt32LittleEndian(expected), _crc!.Value, "a block");
                _crc.Reset();
                break;
            case Crc64:
                ChecksumException.Require(BinaryPrimitives.ReadUInt64LittleEndian(expected), _crc!.Value, "a block");
                _crc.Reset();
                break;
            case Sha256:
                Span<byte> computed = stackalloc byte[SHA256.HashSizeInBytes];
                _sha256!.GetHashAndReset(computed);
                if (!expected.SequenceEqual(computed))
                {
                    throw new ChecksumException("the checksum of a block does not match");
                }
                break;
            default:
                throw new ChecksumException($"its checksum is of a kind that is not known ({_kind})");
        }
    }

    public void Dispose() => _sha256?.Dispose();
}
