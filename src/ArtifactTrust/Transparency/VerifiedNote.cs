using System.Diagnostics.CodeAnalysis;

namespace ArtifactTrust.Transparency;

/// <summary>One signature line of a note, not verified.</summary>
public sealed class NoteSignature
{
    internal const int KeyIdBytes = 4;

    private readonly byte[] _bytes;

    internal NoteSignature(string name, uint keyId, byte[] bytes)
    {
        (Name, KeyId, _bytes) = (name, keyId, bytes);
    }

    /// <summary>The name it claims.</summary>
    public string Name { get; }

    /// <summary>The key id it claims.</summary>
    public uint KeyId { get; }

    /// <summary>The signature itself, without the key id.</summary>
    public ReadOnlySpan<byte> Value => _bytes.AsSpan(KeyIdBytes);

    /// <summary>The last part of the line: key id and signature.</summary>
    internal string Base64 => Convert.ToBase64String(_bytes);
}

/// <summary>A signature that a trusted key made.</summary>
public sealed class VerifiedNoteSignature
{
    internal VerifiedNoteSignature(NoteKey key, long? time)
    {
        Key = key;
        Time = time is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
    }

    /// <summary>The key.</summary>
    public NoteKey Key { get; }

    /// <summary>When a witness saw the checkpoint; null for other keys.</summary>
    public DateTimeOffset? Time { get; }
}

/// <summary>A note signed by at least one trusted key. Only <see cref="SignedNote.Verify"/> makes one.</summary>
public sealed class VerifiedNote
{
    internal VerifiedNote(SignedNote note, IReadOnlyList<VerifiedNoteSignature> signatures, IReadOnlyList<NoteSignature> unverified)
    {
        (Note, Signatures, UnverifiedSignatures) = (note, signatures, unverified);
    }

    /// <summary>The signed text.</summary>
    public string Text => Note.Text;

    /// <summary>The note as read, for storing it.</summary>
    public SignedNote Note { get; }

    /// <summary>The signatures that trusted keys made, at least one, each key once.</summary>
    public IReadOnlyList<VerifiedNoteSignature> Signatures { get; }

    /// <summary>The signatures of keys that were not given. They say nothing.</summary>
    public IReadOnlyList<NoteSignature> UnverifiedSignatures { get; }
}

/// <summary>Why a note is refused.</summary>
public enum NoteFailure
{
    /// <summary>No signature is of a trusted key.</summary>
    NoTrustedSignature,

    /// <summary>A signature has the name and id of a trusted key and is not that key's over this text.</summary>
    BadSignature,

    /// <summary>The text is no checkpoint.</summary>
    NotACheckpoint,

    /// <summary>The checkpoint is of another log.</summary>
    WrongOrigin,
}

/// <summary>The answer of <see cref="SignedNote.Verify"/>.</summary>
/// <param name="Verified">The note, or null where it is refused.</param>
/// <param name="Failure">Why it is refused, or null.</param>
/// <param name="Message">The same for people.</param>
public sealed record NoteVerdict(VerifiedNote? Verified, NoteFailure? Failure, string? Message)
{
    /// <summary>Whether the note is verified.</summary>
    [MemberNotNullWhen(true, nameof(Verified))]
    [MemberNotNullWhen(false, nameof(Failure), nameof(Message))]
    public bool IsVerified => Verified is not null;
}
