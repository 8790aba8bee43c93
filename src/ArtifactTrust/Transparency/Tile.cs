using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Transparency;

/// <summary>The coordinates of one file of a tiled log: up to 256 consecutive hashes of one level, or up to 256 entries.</summary>
/// <remarks>
/// Spec: C2SP tlog-tiles. A hash at level <c>l</c> is the root over <c>256^l</c> entries; a tile of 256 is full, a narrower one partial, and
/// only full tiles are hashed into the level above. Laws: <c>Parse(t.Path)</c> equals <c>t</c>; every text that parses is the path of its tile.
/// </remarks>
public sealed record Tile
{
    /// <summary>The hashes or entries of a full tile.</summary>
    public const int FullWidth = 256;

    /// <summary>The highest level the format knows.</summary>
    public const int MaximumLevel = 63;

    private const string Format = "tile path";
    private const int EntriesLevel = -1;
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");

    private Tile(int level, long index, int width)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, MaximumLevel);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, FullWidth);
        (Level, Index, Width) = (level, index, width);
    }

    /// <summary>The level of a tile of hashes, 0 for leaf hashes; -1 for a bundle of entries.</summary>
    public int Level { get; }

    /// <summary>The tile's number within its level, from 0.</summary>
    public long Index { get; }

    /// <summary>How many hashes or entries it holds: 1 to 256.</summary>
    public int Width { get; }

    /// <summary>Whether it is a bundle of entries and not a tile of hashes.</summary>
    public bool IsEntryBundle => Level == EntriesLevel;

    /// <summary>Whether its width is 256.</summary>
    public bool IsFull => Width == FullWidth;

    /// <summary>The length of a tile of hashes, in bytes.</summary>
    public int HashBytes => Width * MerkleTree.HashBytes;

    /// <summary>The path below the log's prefix, such as <c>tile/0/x001/234.p/5</c> or <c>tile/entries/000</c>.</summary>
    public string Path => IsFull ? FullPath : $"{FullPath}.p/{Width.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>The path of the full tile at the same place, whether this one is full or not.</summary>
    public string FullPath
    {
        get
        {
            var path = new StringBuilder("tile/");
            path.Append(IsEntryBundle ? "entries" : Level.ToString(CultureInfo.InvariantCulture));
            var digits = Index.ToString(CultureInfo.InvariantCulture);
            digits = digits.PadLeft((digits.Length + 2) / 3 * 3, '0');
            for (var i = 0; i < digits.Length; i += 3)
            {
                path.Append(i + 3 < digits.Length ? "/x" : "/").Append(digits, i, 3);
            }
            return path.ToString();
        }
    }

    /// <summary>A tile of hashes.</summary>
    /// <param name="level">0 to 63.</param>
    /// <param name="index">From 0.</param>
    /// <param name="width">1 to 256.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static Tile Hashes(int level, long index, int width = FullWidth)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        return new Tile(level, index, width);
    }

    /// <summary>A bundle of entries.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="width">1 to 256.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static Tile Entries(long index, int width = FullWidth) => new(EntriesLevel, index, width);

    /// <summary>How many hashes a level has in a tree: one for each full tile of the level below.</summary>
    public static long HashesAt(int level, long treeSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfNegative(treeSize);
        // 256^8 is over every size.
        return level < 8 ? treeSize >> (8 * level) : 0;
    }

    /// <summary>Every tile of hashes of a tree, lowest level first. Of a tree of 70,000: 273 full and one of 112, one full and one of 17, one of 1.</summary>
    public static IEnumerable<Tile> ForTree(long treeSize)
    {
        for (var level = 0; HashesAt(level, treeSize) is > 0 and var hashes; level++)
        {
            for (var index = 0L; index <= (hashes - 1) / FullWidth; index++)
            {
                yield return Hashes(level, index, (int)Math.Min(FullWidth, hashes - (index * FullWidth)));
            }
        }
    }

    /// <summary>The same place with another width.</summary>
    public Tile WithWidth(int width) => new(Level, Index, width);

    /// <summary>Reads a path.</summary>
    /// <exception cref="MalformedDataException">It is no path of a tile, or not the one spelling of it.</exception>
    public static Tile Parse(string path) =>
        TryParse(path, out var tile)
            ? tile
            : throw new MalformedDataException(Format, "$", "tile/<level or entries>/<index>[.p/<width>] is expected (C2SP tlog-tiles)");

    /// <summary>Reads a path, or answers false where it is no path of a tile or not the one spelling of it.</summary>
    public static bool TryParse(string path, [NotNullWhen(true)] out Tile? tile)
    {
        ArgumentNullException.ThrowIfNull(path);
        tile = null;
        // "tile/entries" and seven groups of an index, the longest there is.
        if (path.Length > 64)
        {
            return false;
        }
        var parts = path.Split('/');
        if (parts.Length < 3 || parts[0] != "tile")
        {
            return false;
        }
        var level = EntriesLevel;
        if (
            parts[1] != "entries"
            && !(TryNumber(parts[1], out var parsedLevel) && parsedLevel <= MaximumLevel && (level = (int)parsedLevel) >= 0)
        )
        {
            return false;
        }
        var groups = parts.AsSpan(2);
        var width = (long)FullWidth;
        if (groups.Length >= 2 && groups[^2].EndsWith(".p", StringComparison.Ordinal))
        {
            if (!TryNumber(groups[^1], out width) || width is < 1 or >= FullWidth)
            {
                return false;
            }
            groups = groups[..^1];
            groups[^1] = groups[^1][..^2];
        }
        var index = 0L;
        for (var i = 0; i < groups.Length; i++)
        {
            var group = groups[i].AsSpan();
            if (i + 1 < groups.Length)
            {
                if (group.IsEmpty || group[0] != 'x')
                {
                    return false;
                }
                group = group[1..];
            }
            if (group.Length != 3 || group.ContainsAnyExcept(Digits))
            {
                return false;
            }
            var number = int.Parse(group, NumberStyles.None, CultureInfo.InvariantCulture);
            if (index > (long.MaxValue - number) / 1000)
            {
                return false;
            }
            index = (index * 1000) + number;
        }
        var parsed = new Tile(level, index, (int)width);
        // One spelling only: no leading group of zeros.
        tile = parsed.Path == path ? parsed : null;
        return tile is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Path;

    private static bool TryNumber(string text, out long number)
    {
        number = 0;
        return text.Length is > 0 and <= 3
            && !text.AsSpan().ContainsAnyExcept(Digits)
            && (text.Length == 1 || text[0] != '0')
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
