using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Formats.Hdf5;

namespace ArtifactTrust.Tests.Formats.Hdf5;

/// <summary>The parts of a good HDF5 file that have a checksum, so that it can be made to match again after a change.</summary>
internal sealed class Hdf5Checksums
{
    private const int LongestPart = 2048;

    private readonly List<(int Start, int Length, int Checksum, bool IsInside)> _parts = [];
    private readonly byte[] _file;

    internal Hdf5Checksums(byte[] file)
    {
        _file = file;
        Add(0, Enumerable.Range(0, 61).Select(i => i + 4), isInside: false);
        for (var at = 0; at + 4 < file.Length; at++)
        {
            switch (Encoding.Latin1.GetString(file, at, 4))
            {
                case "FRHP" or "FHIB" or "BTHD" or "BTIN" or "BTLF" or "OHDR" or "OCHK":
                    Add(at, Enumerable.Range(8, LongestPart), isInside: false);
                    break;
                case "FHDB":
                    Add(at, [512, 1024, 2048], isInside: true);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Where those parts begin, in the order of the file.</summary>
    internal IEnumerable<int> Starts => _parts.Select(p => p.Start);

    /// <summary>Where the first part with this signature begins.</summary>
    internal int Find(string signature) => Starts.First(s => Encoding.Latin1.GetString(_file, s, 4) == signature);

    /// <summary>Makes the checksums match that have a part where the good file has it.</summary>
    internal void Mend(byte[] changed)
    {
        foreach (var (start, length, checksum, isInside) in _parts)
        {
            if (start + length <= changed.Length && changed.AsSpan(start, 4).SequenceEqual(_file.AsSpan(start, 4)))
            {
                BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(checksum), Compute(changed, start, length, checksum, isInside));
            }
        }
    }

    private void Add(int start, IEnumerable<int> lengths, bool isInside)
    {
        foreach (var length in lengths.TakeWhile(l => start + l <= _file.Length))
        {
            // In a block of a heap, it stands behind an address and an offset, whose sizes differ.
            foreach (var checksum in isInside ? [start + 11, start + 12, start + 17, start + 18] : new[] { start + length - 4 })
            {
                if (Compute(_file, start, length, checksum, isInside) == BinaryPrimitives.ReadUInt32LittleEndian(_file.AsSpan(checksum)))
                {
                    _parts.Add((start, length, checksum, isInside));
                    return;
                }
            }
        }
    }

    private static uint Compute(byte[] file, int start, int length, int checksum, bool isInside)
    {
        if (!isInside)
        {
            return JenkinsHash.Compute(file.AsSpan(start, length - 4));
        }
        var block = file.AsSpan(start, length).ToArray();
        block.AsSpan(checksum - start, 4).Clear();
        return JenkinsHash.Compute(block);
    }
}
