using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Contracts;
using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Transparency;

/// <summary>One file that proves, without network, that a log holds a record: the path to the root, and the checkpoint.</summary>
/// <remarks>
/// Spec: C2SP tlog-proof v1. <code>
/// c2sp.org/tlog-proof@v1
/// extra base64, if any
/// index decimal
/// hashes, base64, one a line, leaf first
///
/// the checkpoint, verbatim
/// </code>
/// Law: <c>Parse(p.ToBytes())</c> equals <c>p</c>; every text that parses is written the same way again.
/// </remarks>
public sealed class TlogProof
{
    /// <summary>The usual extension of such files.</summary>
    public const string FileExtension = ".tlog-proof";

    private const string Format = "transparency log proof";
    private const string Header = "c2sp.org/tlog-proof@v1";
    private const string ExtraPrefix = "extra ";
    private const string IndexPrefix = "index ";

    /// <summary>A proof of the given parts.</summary>
    /// <param name="index">The record's index, from 0.</param>
    /// <param name="hashes">The path, leaf first; at most 64 hashes.</param>
    /// <param name="checkpoint">The signed checkpoint that the path leads to.</param>
    /// <param name="extra">Data for the application, which no one signs; empty where there is none.</param>
    /// <exception cref="MalformedDataException">There are too many hashes or others than SHA-256, or too much extra data.</exception>
    public TlogProof(long index, IReadOnlyList<Digest> hashes, SignedNote checkpoint, ReadOnlyMemory<byte> extra = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentNullException.ThrowIfNull(checkpoint);
        MerkleTree.CheckProof(hashes, Format);
        StrictJson.CheckLength(extra.Length, Format, Limits.ProofExtraBytes);
        (Index, Hashes, Checkpoint, Extra) = (index, [.. hashes], checkpoint, extra);
    }

    /// <summary>The record's index, from 0. Not to be trusted before <see cref="Verify"/>.</summary>
    public long Index { get; }

    /// <summary>The path, leaf first.</summary>
    public IReadOnlyList<Digest> Hashes { get; }

    /// <summary>The signed checkpoint, not verified.</summary>
    public SignedNote Checkpoint { get; }

    /// <summary>Data for the application. Never authenticated.</summary>
    public ReadOnlyMemory<byte> Extra { get; }

    /// <summary>Reads a proof.</summary>
    /// <exception cref="MalformedDataException">It is too long, or not of the form above.</exception>
    public static TlogProof Parse(ReadOnlySpan<byte> utf8)
    {
        StrictJson.CheckLength(utf8.Length, Format, Limits.NoteBytes + (2 * Limits.ProofExtraBytes));
        var split = utf8.IndexOf("\n\n"u8);
        if (split < 0 || Ascii.IsValid(utf8[..split]) is false)
        {
            throw new MalformedDataException(Format, "$", "ASCII lines, an empty line and a checkpoint are expected");
        }
        var lines = Encoding.ASCII.GetString(utf8[..split]).Split('\n');
        if (lines[0] != Header)
        {
            throw new MalformedDataException(Format, "line 1", $"'{Header}' is expected");
        }
        var next = 1;
        byte[] extra = [];
        if (lines.Length > next && lines[next].StartsWith(ExtraPrefix, StringComparison.Ordinal))
        {
            extra = StrictBase64.Decode(lines[next][ExtraPrefix.Length..], Format, "extra");
            if (extra.Length == 0)
            {
                throw new MalformedDataException(Format, "extra", "a line without data is left out");
            }
            next++;
        }
        if (
            lines.Length <= next
            || !lines[next].StartsWith(IndexPrefix, StringComparison.Ordinal)
            || !long.TryParse(lines[next].AsSpan(IndexPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || lines[next].Length != IndexPrefix.Length + index.ToString(CultureInfo.InvariantCulture).Length
        )
        {
            throw new MalformedDataException(Format, $"line {next + 1}", "'index' and a decimal without leading zeros are expected");
        }
        next++;
        if (lines.Length - next > Limits.ProofHashes)
        {
            throw new MalformedDataException(Format, "hashes", $"{lines.Length - next} hashes; at most {Limits.ProofHashes} are accepted");
        }
        var hashes = new List<Digest>(lines.Length - next);
        for (; next < lines.Length; next++)
        {
            var hash = StrictBase64.Decode(lines[next], Format, $"line {next + 1}");
            hashes.Add(
                hash.Length == MerkleTree.HashBytes
                    ? Digest.FromBytes(DigestAlgorithm.Sha256, hash)
                    : throw new MalformedDataException(
                        Format,
                        $"line {next + 1}",
                        $"{hash.Length} bytes; a hash has {MerkleTree.HashBytes}"
                    )
            );
        }
        return new TlogProof(index, hashes, SignedNote.Parse(utf8[(split + 2)..]), extra);
    }

    /// <summary>Whether a log's checkpoint, signed by a trusted key, covers the record at the index.</summary>
    /// <param name="record">The record as logged.</param>
    /// <param name="origin">The log's name.</param>
    /// <param name="keys">The keys trusted for that log, and those of witnesses.</param>
    /// <returns>The verified checkpoint, or why the proof is refused.</returns>
    [Pure]
    public TlogProofVerdict Verify(ReadOnlySpan<byte> record, string origin, params IReadOnlyList<NoteKey> keys)
    {
        var verdict = Transparency.Checkpoint.Verify(Checkpoint, origin, keys);
        if (!verdict.IsVerified)
        {
            return new TlogProofVerdict(null, verdict.Message);
        }
        var checkpoint = verdict.Verified.Checkpoint;
        if (Index >= checkpoint.Size)
        {
            return new TlogProofVerdict(null, $"the log has {checkpoint.Size} entries, so none has index {Index}");
        }
        var root = new InclusionProof(Index, checkpoint.Size, Hashes).ComputeRoot(MerkleTree.HashLeaf(record));
        return root is null
                ? new TlogProofVerdict(null, $"{Hashes.Count} hashes are not the path of entry {Index} in a log of {checkpoint.Size}")
            : root.Equals(checkpoint.Root) ? new TlogProofVerdict(verdict.Verified, null)
            : new TlogProofVerdict(null, $"the record leads to the root {root.Hex}; the checkpoint's is {checkpoint.Root.Hex}");
    }

    /// <summary>The proof as UTF-8, ready to be stored.</summary>
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(ToString());

    /// <summary>The proof as text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Header).Append('\n');
        if (!Extra.IsEmpty)
        {
            text.Append(ExtraPrefix).Append(Convert.ToBase64String(Extra.Span)).Append('\n');
        }
        text.Append(CultureInfo.InvariantCulture, $"{IndexPrefix}{Index}\n");
        foreach (var hash in Hashes)
        {
            text.Append(Convert.ToBase64String(hash.Bytes)).Append('\n');
        }
        return text.Append('\n').Append(Checkpoint).ToString();
    }
}

/// <summary>The answer of <see cref="TlogProof.Verify"/>.</summary>
/// <param name="Checkpoint">The verified checkpoint that covers the record, or null where the proof is refused.</param>
/// <param name="Message">Why it is refused, or null.</param>
public sealed record TlogProofVerdict(VerifiedCheckpoint? Checkpoint, string? Message)
{
    /// <summary>Whether the record is in the log.</summary>
    [MemberNotNullWhen(true, nameof(Checkpoint))]
    [MemberNotNullWhen(false, nameof(Message))]
    public bool IsVerified => Checkpoint is not null;
}
