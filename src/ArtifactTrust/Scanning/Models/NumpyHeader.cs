using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>What the header of a NumPy array says about the data after it.</summary>
internal enum NumpyContent
{
    /// <summary>The header cannot be read.</summary>
    Malformed,

    /// <summary>The header is not in the form NumPy writes, so that the data may be anything.</summary>
    Unclear,

    /// <summary>The data is a pickle.</summary>
    Objects,

    /// <summary>The data is numbers or text of a fixed size.</summary>
    Plain,
}

/// <summary>The header of a <c>.npy</c> file.</summary>
/// <remarks>
/// Spec: NEP 1. The header is a literal of Python, which leaves many ways to write one type. Only the form NumPy itself writes is taken to say that there are
/// no objects.
/// </remarks>
internal static partial class NumpyHeader
{
    private static readonly byte[] Magic = [0x93, .. "NUMPY"u8];

    /// <summary>Whether an array begins here.</summary>
    internal static bool Begins(PickleInput input) => input.Ensure(6) && input.Available.StartsWith(Magic);

    /// <summary>Reads the header and moves past it.</summary>
    /// <param name="input">The bytes.</param>
    /// <param name="dataBytes">The size of plain data of one simple type, or of a structure of such; null of any other.</param>
    internal static NumpyContent Read(PickleInput input, out long? dataBytes)
    {
        dataBytes = null;
        // Magic, version, then a length of two bytes (version 1) or four (versions 2 and 3).
        if (!input.Ensure(12))
        {
            return NumpyContent.Malformed;
        }
        var major = input.Available[6];
        var lengthBytes = major == 1 ? 2 : 4;
        long length =
            major == 1
                ? BinaryPrimitives.ReadUInt16LittleEndian(input.Available[8..])
                : BinaryPrimitives.ReadUInt32LittleEndian(input.Available[8..]);
        input.Advance(8 + lengthBytes);
        if (major is < 1 or > 3 || length > Limits.NumpyHeaderBytes)
        {
            return NumpyContent.Malformed;
        }
        if (length > PickleInput.BufferBytes || !input.Ensure((int)length))
        {
            return input.Skip(length) ? NumpyContent.Unclear : NumpyContent.Malformed;
        }
        var header = Encoding.Latin1.GetString(input.Available[..(int)length]);
        input.Advance((int)length);
        var match = Header().Match(header);
        if (!match.Success)
        {
            return NumpyContent.Unclear;
        }
        dataBytes = SizeOf(match.Groups["descr"].Value, match.Groups["shape"].Value);
        return Classify(match.Groups["descr"].Value);
    }

    private static long? SizeOf(string descr, string shape)
    {
        if (descr is ['[', ..])
        {
            return SizeOfFields(descr) is { } each ? Multiply(each, shape) : null;
        }
        var type = SimpleType().Match(descr);
        if (!type.Success || !long.TryParse(type.Groups["size"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes))
        {
            return null;
        }
        // A character of U has four bytes.
        return bytes > long.MaxValue / 4 ? null : Multiply(bytes * (type.Groups["kind"].Value == "U" ? 4 : 1), shape);
    }

    /// <summary>The size of a structure without structures in it; null of any other.</summary>
    private static long? SizeOfFields(string descr)
    {
        var (total, covered, fields) = (0L, 0, 0);
        foreach (Match field in Field().Matches(descr))
        {
            if (SizeOf(field.Groups["type"].Value, field.Groups["shape"].Value) is not { } size || size > long.MaxValue - total)
            {
                return null;
            }
            (total, covered, fields) = (total + size, covered + field.Length, fields + 1);
        }
        return covered + (2 * fields) == descr.Length ? total : null;
    }

    private static long? Multiply(long bytes, string shape)
    {
        var total = (UInt128)bytes;
        foreach (var extent in shape.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!long.TryParse(extent.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            {
                return null;
            }
            total *= (UInt128)count;
            if (total > long.MaxValue)
            {
                return null;
            }
        }
        return (long)total;
    }

    private static NumpyContent Classify(string descr)
    {
        var content = NumpyContent.Plain;
        foreach (var quoted in Quoted().EnumerateMatches(descr))
        {
            var text = descr.AsSpan(quoted.Index + 1, quoted.Length - 2);
            var before = descr.AsSpan(0, quoted.Index);
            // The name of a field is the first in a tuple that is an element of a list; in all other places stands a type.
            if (before.EndsWith("[(") || before.EndsWith("), ("))
            {
                continue;
            }
            if (!PlainType().IsMatch(text))
            {
                if (text.Contains("o", StringComparison.OrdinalIgnoreCase))
                {
                    return NumpyContent.Objects;
                }
                content = NumpyContent.Unclear;
            }
        }
        return content;
    }

    // Quoted texts without escapes, numbers, brackets and commas; nothing where two quoted texts adjoin, which Python would join.
    [GeneratedRegex(
        @"^\{'descr': (?<descr>'[^'\\]*'|\[(?:[\[\]\(\), 0-9]|'[^'\\]*'[,)\]])*\]), 'fortran_order': (?:True|False), 'shape': \((?<shape>[0-9L, ]*)\), \}[ \n]*$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Header();

    [GeneratedRegex(
        @"^'[<>|=]?(?<kind>[biufcmMSUV])(?<size>[0-9]+)(?:\[[0-9]*[A-Za-z]+\])?'$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
    )]
    private static partial Regex SimpleType();

    [GeneratedRegex(
        @"\('[^']*', (?<type>'[^']*')(?:, \((?<shape>[0-9, ]*)\))?\)",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Field();

    [GeneratedRegex("'[^']*'", RegexOptions.CultureInvariant)]
    private static partial Regex Quoted();

    // The kinds of the array interface, without O: the only one that holds objects.
    [GeneratedRegex(@"^[<>|=]?[?biufcmMSUV][0-9]*(?:\[[0-9]*[A-Za-z]+\])?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PlainType();
}
