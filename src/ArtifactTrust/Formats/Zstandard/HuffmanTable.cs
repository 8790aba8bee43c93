using System.Buffers.Binary;
using System.Numerics;

namespace ArtifactTrust.Formats.Zstandard;

/// <summary>The table that literals are decoded with.</summary>
/// <remarks>Spec: RFC 8878 §4.2.</remarks>
internal sealed class HuffmanTable
{
    private const int LongestCode = 11;
    private const int LargestWeightLog = 6;
    private const int MostWeights = 255;

    // As many codes as fit into the bits that are ready after a refill.
    private const int CodesAtOnce = 5;

    private static readonly SymbolValue[] WeightValues = [.. Enumerable.Range(0, LongestCode + 1).Select(w => new SymbolValue((uint)w, 0))];

    // By the next bits: the symbol, and above it the length of its code.
    private readonly ushort[] _codes = new ushort[1 << LongestCode];
    private readonly FseState[] _states = new FseState[1 << LargestWeightLog];
    private int _log;

    /// <summary>Whether a table was read that can be used again.</summary>
    internal bool IsKnown { get; private set; }

    /// <summary>Forgets the table: a frame begins.</summary>
    internal void Forget() => IsKnown = false;

    /// <summary>Reads the description of a table.</summary>
    /// <param name="padded">Bytes with the description in them.</param>
    /// <param name="start">Where it starts.</param>
    /// <param name="end">Where the data ends that it is in.</param>
    /// <returns>Where it ends.</returns>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal int Read(ReadOnlySpan<byte> padded, int start, int end)
    {
        IsKnown = false;
        if (start >= end)
        {
            throw new InvalidDataException("a Huffman table that is cut short");
        }
        Span<byte> weights = stackalloc byte[MostWeights + 1];
        int first = padded[start++];
        var (count, length) = first < 128 ? (0, first) : (first - 127, (first - 126) / 2);
        if (length > end - start)
        {
            throw new InvalidDataException("a Huffman table that is cut short");
        }
        if (count == 0)
        {
            count = ReadWeights(padded, start, length, weights);
        }
        else
        {
            for (var i = 0; i < count; i++)
            {
                weights[i] = (byte)((padded[start + (i / 2)] >> (4 * (1 - (i & 1)))) & 15);
            }
        }
        Build(weights, count);
        IsKnown = true;
        return start + length;
    }

    /// <summary>Decodes literals.</summary>
    /// <param name="padded">Bytes with the coded literals in them.</param>
    /// <param name="start">Where they start.</param>
    /// <param name="end">Where they end.</param>
    /// <param name="inFour">Whether they are in four streams of their own, behind a table of their sizes.</param>
    /// <param name="output">Takes them.</param>
    /// <exception cref="InvalidDataException">They are damaged, or of another number.</exception>
    internal void Decode(ReadOnlySpan<byte> padded, int start, int end, bool inFour, Span<byte> output)
    {
        if (!inFour)
        {
            var bits = new BackwardBits(padded, start, end - start);
            DecodeRest(ref bits, padded, output);
            return;
        }
        const int Sizes = 6;
        var part = (output.Length + 3) / 4;
        var last = output.Length - (3 * part);
        if (end - start < Sizes || last < 0)
        {
            throw new InvalidDataException("four streams of literals that are cut short");
        }
        var second = start + Sizes + BinaryPrimitives.ReadUInt16LittleEndian(padded[start..]);
        var third = second + BinaryPrimitives.ReadUInt16LittleEndian(padded[(start + 2)..]);
        var fourth = third + BinaryPrimitives.ReadUInt16LittleEndian(padded[(start + 4)..]);
        if (fourth > end)
        {
            throw new InvalidDataException("four streams of literals that are cut short");
        }
        var a = new BackwardBits(padded, start + Sizes, second - start - Sizes);
        var b = new BackwardBits(padded, second, third - second);
        var c = new BackwardBits(padded, third, fourth - third);
        var d = new BackwardBits(padded, fourth, end - fourth);
        var outA = output[..part];
        var outB = output.Slice(part, part);
        var outC = output.Slice(2 * part, part);
        var outD = output[(3 * part)..];
        var at = 0;
        ReadOnlySpan<ushort> codes = _codes;
        var log = _log;
        // The four do not wait for each other, so that a processor decodes them at the same time.
        for (; at <= last - CodesAtOnce; at += CodesAtOnce)
        {
            a.Refill(padded);
            b.Refill(padded);
            c.Refill(padded);
            d.Refill(padded);
            for (var i = at; i < at + CodesAtOnce; i++)
            {
                outA[i] = Next(ref a, codes, log);
                outB[i] = Next(ref b, codes, log);
                outC[i] = Next(ref c, codes, log);
                outD[i] = Next(ref d, codes, log);
            }
        }
        DecodeRest(ref a, padded, outA[at..]);
        DecodeRest(ref b, padded, outB[at..]);
        DecodeRest(ref c, padded, outC[at..]);
        DecodeRest(ref d, padded, outD[at..]);
    }

    private void DecodeRest(ref BackwardBits stream, ReadOnlySpan<byte> padded, Span<byte> output)
    {
        ReadOnlySpan<ushort> codes = _codes;
        var (bits, log, at) = (stream, _log, 0);
        for (; at <= output.Length - CodesAtOnce; at += CodesAtOnce)
        {
            bits.Refill(padded);
            for (var i = at; i < at + CodesAtOnce; i++)
            {
                output[i] = Next(ref bits, codes, log);
            }
        }
        bits.Refill(padded);
        for (; at < output.Length; at++)
        {
            output[at] = Next(ref bits, codes, log);
        }
        bits.End();
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    private static byte Next(ref BackwardBits bits, ReadOnlySpan<ushort> codes, int log)
    {
        var code = codes[bits.Peek(log)];
        bits.Skip(code >> 8);
        return (byte)code;
    }

    /// <summary>§4.2.1.2: weights that two states decode in turn.</summary>
    private int ReadWeights(ReadOnlySpan<byte> padded, int start, int length, Span<byte> weights)
    {
        var (log, header) = FseTable.Read(padded.Slice(start, length), WeightValues, _states, LargestWeightLog);
        var bits = new BackwardBits(padded, start + header, length - header);
        var (state, other) = (_states[bits.Read(log)], _states[bits.Read(log)]);
        var count = 0;
        while (true)
        {
            bits.Refill(padded);
            Put(state, weights);
            if (bits.Left < state.Bits)
            {
                Put(other, weights);
                return count;
            }
            (state, other) = (other, _states[state.Next + bits.Read(state.Bits)]);
        }

        void Put(FseState from, Span<byte> to)
        {
            if (count == MostWeights)
            {
                throw new InvalidDataException($"a Huffman table of more than {MostWeights} weights");
            }
            to[count++] = (byte)from.Base;
        }
    }

    /// <summary>§4.2.1: the last symbol has the weight that is left, and codes are given out by weight, the longest first.</summary>
    private void Build(Span<byte> weights, int count)
    {
        Span<int> starts = stackalloc int[16];
        var sum = 0;
        foreach (var weight in weights[..count])
        {
            var size = 1 << weight >> 1;
            sum += size;
            starts[weight] += size;
        }
        if (sum == 0)
        {
            throw new InvalidDataException("a Huffman table without weights");
        }
        _log = BitOperations.Log2((uint)sum) + 1;
        var left = (1 << _log) - sum;
        if (_log > LongestCode || !BitOperations.IsPow2(left))
        {
            throw new InvalidDataException("a Huffman table whose codes are too long, or do not come out even");
        }
        var lastWeight = BitOperations.Log2((uint)left) + 1;
        weights[count] = (byte)lastWeight;
        starts[lastWeight] += left;
        for (int weight = 0, at = 0; weight < starts.Length; weight++)
        {
            (starts[weight], at) = (at, at + starts[weight]);
        }
        for (var symbol = 0; symbol <= count; symbol++)
        {
            var weight = weights[symbol];
            if (weight > 0)
            {
                var size = 1 << (weight - 1);
                _codes.AsSpan(starts[weight], size).Fill((ushort)(((_log + 1 - weight) << 8) | symbol));
                starts[weight] += size;
            }
        }
    }
}
