using System.Buffers.Binary;
using System.Numerics;

namespace ArtifactTrust.Formats.Zstandard;

/// <summary>What a symbol stands for: a number, and how many further bits are added to it.</summary>
internal readonly record struct SymbolValue(uint Base, byte ExtraBits);

/// <summary>A state of a finite state entropy decoder.</summary>
/// <param name="Base">What the state's symbol stands for.</param>
/// <param name="Next">The lowest of the states that can follow.</param>
/// <param name="Bits">How many bits tell which of them does.</param>
/// <param name="ExtraBits">The bits that are added to <paramref name="Base"/>.</param>
internal readonly record struct FseState(uint Base, ushort Next, byte Bits, byte ExtraBits);

/// <summary>Makes the tables of finite state entropy decoding.</summary>
/// <remarks>Spec: RFC 8878 §4.1.1.</remarks>
internal static class FseTable
{
    private const int LowestLog = 5;
    private const int MostSymbols = 256;

    /// <summary>Reads a description of a table, and makes the table.</summary>
    /// <param name="data">Begins with the description.</param>
    /// <param name="values">What each symbol stands for; there are no others.</param>
    /// <param name="states">Takes the table.</param>
    /// <param name="largestLog">The largest base-2 logarithm of a table's size; <paramref name="states"/> has room for it.</param>
    /// <returns>The base-2 logarithm of the table's size, and the description's length in bytes.</returns>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal static (int Log, int Length) Read(
        ReadOnlySpan<byte> data,
        ReadOnlySpan<SymbolValue> values,
        Span<FseState> states,
        int largestLog
    )
    {
        var at = 0;
        var log = Bits(data, ref at, 4) + LowestLog;
        if (log > largestLog)
        {
            throw new InvalidDataException($"a table of 2^{log} states; there can be 2^{largestLog}");
        }
        Span<short> shares = stackalloc short[MostSymbols];
        var (symbol, left) = (0, 1 << log);
        while (left > 0)
        {
            // The values 0 to left + 1, some of them in one bit less.
            var most = left + 1;
            var bits = BitOperations.Log2((uint)most) + 1;
            var shorter = (1 << bits) - 1 - most;
            var value = Bits(data, ref at, bits - 1);
            if (value >= shorter)
            {
                value += Bits(data, ref at, 1) << (bits - 1);
                value -= value >= 1 << (bits - 1) ? shorter : 0;
            }
            var share = (short)(value - 1);
            Put(shares, ref symbol, share, values.Length);
            left -= Math.Abs(share);
            if (share != 0)
            {
                continue;
            }
            for (var repeat = 3; repeat == 3; )
            {
                repeat = Bits(data, ref at, 2);
                for (var i = 0; i < repeat; i++)
                {
                    Put(shares, ref symbol, 0, values.Length);
                }
            }
        }
        if (left < 0)
        {
            throw new InvalidDataException("a table whose shares are more than the whole");
        }
        Build(shares[..symbol], values, log, states);
        return (log, (at + 7) >> 3);
    }

    /// <summary>Makes a table of the share that each symbol has of its states.</summary>
    /// <param name="shares">The shares, 2^<paramref name="log"/> together; -1 is one that is less than 1.</param>
    /// <param name="values">What each symbol stands for.</param>
    /// <param name="log">The base-2 logarithm of the table's size.</param>
    /// <param name="states">Takes the table.</param>
    internal static void Build(ReadOnlySpan<short> shares, ReadOnlySpan<SymbolValue> values, int log, Span<FseState> states)
    {
        var size = 1 << log;
        Span<byte> symbols = stackalloc byte[size];
        Span<ushort> next = stackalloc ushort[shares.Length];
        var high = size;
        for (var symbol = 0; symbol < shares.Length; symbol++)
        {
            next[symbol] = (ushort)Math.Abs(shares[symbol]);
            if (shares[symbol] < 0)
            {
                symbols[--high] = (byte)symbol;
            }
        }
        var at = 0;
        for (var symbol = 0; symbol < shares.Length; symbol++)
        {
            for (var i = 0; i < shares[symbol]; i++)
            {
                symbols[at] = (byte)symbol;
                do
                {
                    at = (at + (size >> 1) + (size >> 3) + 3) & (size - 1);
                } while (at >= high);
            }
        }
        for (var state = 0; state < size; state++)
        {
            var symbol = symbols[state];
            int number = next[symbol]++;
            var bits = log - BitOperations.Log2((uint)number);
            states[state] = new FseState(values[symbol].Base, (ushort)((number << bits) - size), (byte)bits, values[symbol].ExtraBits);
        }
    }

    private static void Put(Span<short> shares, ref int symbol, short share, int symbols)
    {
        if (symbol == symbols)
        {
            throw new InvalidDataException($"a table of more than {symbols} symbols");
        }
        shares[symbol++] = share;
    }

    /// <summary>Reads up to ten bits, the lowest of a byte first.</summary>
    private static int Bits(ReadOnlySpan<byte> data, ref int at, int count)
    {
        if (at + count > 8L * data.Length)
        {
            throw new InvalidDataException("a table that is cut short");
        }
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        data.Slice(at >> 3, Math.Min(sizeof(uint), data.Length - (at >> 3))).CopyTo(bytes);
        var value = (int)(BinaryPrimitives.ReadUInt32LittleEndian(bytes) >> (at & 7)) & ((1 << count) - 1);
        at += count;
        return value;
    }
}
