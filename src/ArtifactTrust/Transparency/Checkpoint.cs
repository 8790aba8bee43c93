using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Contracts;
using System.Globalization;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Transparency;

/// <summary>What a log says of itself at one moment: its name, the number of entries and the root over them.</summary>
/// <remarks>
/// Spec: C2SP tlog-checkpoint. <code>
/// origin
/// size, decimal
/// root, base64
/// extension lines, if any
/// </code>
/// Law: <c>Parse(c.ToText())</c> equals <c>c</c>; every text that parses is written the same way again.
/// </remarks>
public sealed class Checkpoint
{
    private const string Format = "checkpoint";

    /// <summary>A checkpoint of the given parts.</summary>
    /// <param name="origin">The log's name: one line, not empty.</param>
    /// <param name="size">The number of entries.</param>
    /// <param name="root">The root over them, SHA-256.</param>
    /// <param name="extensions">Lines that mean something to the log only; none is empty.</param>
    /// <exception cref="ArgumentException">A part is not as said.</exception>
    public Checkpoint(string origin, long size, Digest root, IReadOnlyList<string>? extensions = null)
    {
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        MerkleTree.CheckHash(root, nameof(root));
        Extensions = [.. extensions ?? []];
        if (Extensions.Prepend(origin).Any(l => l.Length == 0 || l.Any(c => c < ' ')))
        {
            throw new ArgumentException("an origin and an extension are each one line that is not empty");
        }
        if (size == 0 && !root.Equals(MerkleTree.EmptyRoot))
        {
            throw new ArgumentException($"the root of an empty tree is {MerkleTree.EmptyRoot.Hex}", nameof(root));
        }
        (Origin, Size, Root) = (origin, size, root);
    }

    /// <summary>The log's name.</summary>
    public string Origin { get; }

    /// <summary>The number of entries.</summary>
    public long Size { get; }

    /// <summary>The root over the entries.</summary>
    public Digest Root { get; }

    /// <summary>Lines after the root, each without its line feed.</summary>
    public IReadOnlyList<string> Extensions { get; }

    /// <summary>Reads the text of a note, verified or not.</summary>
    /// <exception cref="MalformedDataException">It is no checkpoint, or not the one spelling of it.</exception>
    public static Checkpoint Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = text.Split('\n');
        if (lines.Length < 4 || lines[^1].Length != 0)
        {
            throw new MalformedDataException(Format, "$", "three lines or more, each ended by a line feed, are expected");
        }
        for (var i = 0; i < lines.Length - 1; i++)
        {
            if (lines[i].Length == 0 || lines[i].Any(c => c < ' '))
            {
                throw new MalformedDataException(Format, $"line {i + 1}", "the line is empty or has a control character in it");
            }
        }
        if (
            !long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || size.ToString(CultureInfo.InvariantCulture) != lines[1]
        )
        {
            throw new MalformedDataException(Format, "line 2", "a decimal number of entries without leading zeros is expected");
        }
        var root = StrictBase64.Decode(lines[2], Format, "line 3");
        if (root.Length != MerkleTree.HashBytes)
        {
            throw new MalformedDataException(Format, "line 3", $"{root.Length} bytes; a root has {MerkleTree.HashBytes}");
        }
        var digest = Digest.FromBytes(DigestAlgorithm.Sha256, root);
        return size > 0 || digest.Equals(MerkleTree.EmptyRoot)
            ? new Checkpoint(lines[0], size, digest, lines[3..^1])
            : throw new MalformedDataException(Format, "line 3", $"the root of an empty tree is {MerkleTree.EmptyRoot.Hex}");
    }

    /// <summary>Verifies a note and reads it as the checkpoint of one log.</summary>
    /// <param name="note">The note as published.</param>
    /// <param name="origin">The log's name; a checkpoint of any other is refused, whatever key signed it.</param>
    /// <param name="keys">The keys trusted for that log, and those of witnesses.</param>
    /// <exception cref="ArgumentException">Two keys have one name and id.</exception>
    [Pure]
    public static CheckpointVerdict Verify(SignedNote note, string origin, params IReadOnlyList<NoteKey> keys)
    {
        ArgumentNullException.ThrowIfNull(note);
        ArgumentNullException.ThrowIfNull(origin);
        var verdict = note.Verify(keys);
        if (!verdict.IsVerified)
        {
            return new CheckpointVerdict(null, verdict.Failure, verdict.Message);
        }
        Checkpoint checkpoint;
        try
        {
            checkpoint = Parse(verdict.Verified.Text);
        }
        catch (MalformedDataException e)
        {
            return new CheckpointVerdict(null, NoteFailure.NotACheckpoint, e.Message);
        }
        return checkpoint.Origin == origin
            ? new CheckpointVerdict(new VerifiedCheckpoint(checkpoint, verdict.Verified), null, null)
            : new CheckpointVerdict(
                null,
                NoteFailure.WrongOrigin,
                $"the checkpoint is of the log '{checkpoint.Origin}', not of '{origin}'"
            );
    }

    /// <summary>The text to be signed, with its last line feed.</summary>
    public string ToText() =>
        string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Convert.ToBase64String(Root.Bytes)}\n")
        + string.Concat(Extensions.Select(e => $"{e}\n"));

    /// <summary>Signs the checkpoint.</summary>
    public SignedNote Sign(params IReadOnlyList<NoteSigner> signers) => SignedNote.Sign(ToText(), signers);
}

/// <summary>A checkpoint signed by a trusted key of its log. Only <see cref="Checkpoint.Verify"/> makes one.</summary>
public sealed class VerifiedCheckpoint
{
    internal VerifiedCheckpoint(Checkpoint checkpoint, VerifiedNote note)
    {
        (Checkpoint, Note) = (checkpoint, note);
    }

    /// <summary>What was signed.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>The note, with who signed it.</summary>
    public VerifiedNote Note { get; }
}

/// <summary>The answer of <see cref="Checkpoint.Verify"/>.</summary>
/// <param name="Verified">The checkpoint, or null where it is refused.</param>
/// <param name="Failure">Why it is refused, or null.</param>
/// <param name="Message">The same for people.</param>
public sealed record CheckpointVerdict(VerifiedCheckpoint? Verified, NoteFailure? Failure, string? Message)
{
    /// <summary>Whether the checkpoint is verified.</summary>
    [MemberNotNullWhen(true, nameof(Verified))]
    [MemberNotNullWhen(false, nameof(Failure), nameof(Message))]
    public bool IsVerified => Verified is not null;
}
