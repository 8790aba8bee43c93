namespace ArtifactTrust.Scanning.Models;

/// <summary>Where bytes that are examined come from: the file itself, or something packed in it.</summary>
/// <param name="Prefix">The archive members that lead there, with <c>!</c> between; empty for the file itself.</param>
/// <param name="Start">Where the bytes begin in the file; null where they are not in it as they are, such as after decompression.</param>
/// <param name="Depth">How many archives lead there.</param>
internal sealed record Place(string Prefix, long? Start, int Depth)
{
    /// <summary>The file itself.</summary>
    internal static Place File { get; } = new("", 0, 0);

    /// <summary>Whether archives and encodings are followed from here.</summary>
    internal bool IsTooDeep => Depth >= Formats.Limits.ModelFileNesting;

    /// <summary>Something packed here.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="start">Where it begins in these bytes; null where it is not in them as it is.</param>
    internal Place Inside(string name, long? start) => new(Prefix.Length == 0 ? name : $"{Prefix}!{name}", Start + start, Depth + 1);

    /// <summary>A value of these bytes, which is no archive.</summary>
    internal Place Part(string name) => new(Prefix.Length == 0 ? name : $"{Prefix}: {name}", null, Depth + 1);

    /// <summary>The place of a byte, in words.</summary>
    internal string At(long position) => Prefix.Length == 0 ? $"byte {position}" : $"{Prefix}: byte {position}";

    /// <summary>The place of a byte in the file; null where it is not in the file as it is.</summary>
    internal long? Offset(long position) => Start + position;
}
