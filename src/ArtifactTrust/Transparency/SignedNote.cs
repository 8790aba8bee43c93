using System.Buffers.Binary;
using System.Diagnostics.Contracts;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Transparency;

/// <summary>A text with signatures below it, as read: nothing of it is verified.</summary>
/// <remarks>
/// Spec: C2SP signed-note. <code>
/// text, any lines, the last one ended by a line feed
///
/// — name base64(key id, 4 bytes, big-endian || signature)
/// </code>
/// Law: <c>Parse(n.ToBytes())</c> equals <c>n</c> byte for byte; every text that parses is written the same way again.
/// </remarks>
public sealed class SignedNote
{
    private const string Format = "signed note";
    private const string LinePrefix = "— ";
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private SignedNote(string text, IReadOnlyList<NoteSignature> signatures)
    {
        Text = text;
        Signatures = signatures;
    }

    /// <summary>The text with its last line feed. Not to be trusted before <see cref="Verify"/>.</summary>
    public string Text { get; }

    /// <summary>The signatures in their order, none of them verified.</summary>
    public IReadOnlyList<NoteSignature> Signatures { get; }

    /// <summary>Signs a text.</summary>
    /// <param name="text">Ended by a line feed, without other control characters.</param>
    /// <param name="signers">At least one.</param>
    /// <exception cref="ArgumentException">The text is not one that a note can have, or there is no signer.</exception>
    public static SignedNote Sign(string text, params IReadOnlyList<NoteSigner> signers)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(signers);
        var note = new SignedNote(text, [.. signers.Select(s => s.Sign(text))]);
        try
        {
            return Parse(note.ToBytes()) is { } parsed && parsed.Text == text
                ? note
                : throw new ArgumentException("the text would be read as something else", nameof(text));
        }
        catch (MalformedDataException e)
        {
            throw new ArgumentException($"the text cannot be signed as a note: {e.Reason}", nameof(text), e);
        }
    }

    /// <summary>Reads a note of at most 1 MiB with at most 100 signatures.</summary>
    /// <exception cref="MalformedDataException">It is not UTF-8, has a control character, or is not of the form above.</exception>
    public static SignedNote Parse(ReadOnlySpan<byte> utf8)
    {
        StrictJson.CheckLength(utf8.Length, Format, Limits.NoteBytes);
        string all;
        try
        {
            all = StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            throw new MalformedDataException(Format, $"byte {e.Index}", "not UTF-8", e);
        }
        for (var i = 0; i < all.Length; i++)
        {
            if (all[i] < ' ' && all[i] != '\n')
            {
                throw new MalformedDataException(Format, $"character {i}", "control characters other than line feed are not allowed");
            }
        }
        var split = all.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (split < 0)
        {
            throw new MalformedDataException(Format, "$", "there is no empty line between text and signatures");
        }
        if (!all.EndsWith('\n') || split + 2 == all.Length)
        {
            throw new MalformedDataException(Format, $"character {all.Length}", "signature lines, each ended by a line feed, are expected");
        }
        var lines = all[(split + 2)..^1].Split('\n');
        if (lines.Length > Limits.NoteSignatures)
        {
            throw new MalformedDataException(
                Format,
                "signatures",
                $"{lines.Length} signatures; at most {Limits.NoteSignatures} are accepted"
            );
        }
        return new SignedNote(all[..(split + 1)], [.. lines.Select(ParseLine)]);
    }

    /// <summary>Verifies the signatures of the keys given, and tells them from the others.</summary>
    /// <param name="keys">The trusted keys, no two with one name and id.</param>
    /// <returns>The verified note, or why it is refused: no signature is of a trusted key, or one that says so is not.</returns>
    /// <exception cref="ArgumentException">Two keys have one name and id.</exception>
    /// <remarks>
    /// Spec: C2SP signed-note, "Signatures": a signature belongs to the key with its name and id; others are ignored, and one bad signature
    /// of a trusted key refuses the note. Witnesses alone do not make a note verified.
    /// </remarks>
    [Pure]
    public NoteVerdict Verify(params IReadOnlyList<NoteKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var known = new Dictionary<(string, uint), NoteKey>();
        foreach (var key in keys)
        {
            if (!known.TryAdd((key.Name, key.Id), key))
            {
                throw new ArgumentException($"two keys are named {key.Name}+{key.Id:x8}", nameof(keys));
            }
        }
        var text = Encoding.UTF8.GetBytes(Text);
        var verified = new List<VerifiedNoteSignature>();
        var unverified = new List<NoteSignature>();
        foreach (var signature in Signatures)
        {
            if (!known.TryGetValue((signature.Name, signature.KeyId), out var key))
            {
                unverified.Add(signature);
            }
            else if (!key.Verify(text, signature.Value))
            {
                return new NoteVerdict(null, NoteFailure.BadSignature, $"the signature of {key.Name}+{key.Id:x8} does not verify");
            }
            else if (verified.All(v => v.Key != key))
            {
                verified.Add(new VerifiedNoteSignature(key, key.Time(signature.Value)));
            }
        }
        // A witness vouches for what a log signed, and signs nothing of its own.
        return verified.Any(v => v.Key.Type != NoteKeyType.Cosignature)
            ? new NoteVerdict(new VerifiedNote(this, verified, unverified), null, null)
            : new NoteVerdict(
                null,
                NoteFailure.NoTrustedSignature,
                $"signed by {string.Join(", ", Signatures.Select(s => $"{s.Name}+{s.KeyId:x8}"))}; "
                    + $"trusted: {(keys.Count == 0 ? "none" : string.Join(", ", keys.Select(k => $"{k.Name}+{k.Id:x8}")))}"
            );
    }

    /// <summary>The note as UTF-8, ready to be stored.</summary>
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(ToString());

    /// <summary>The note as text.</summary>
    public override string ToString()
    {
        var all = new StringBuilder(Text).Append('\n');
        foreach (var signature in Signatures)
        {
            all.Append(LinePrefix).Append(signature.Name).Append(' ').Append(signature.Base64).Append('\n');
        }
        return all.ToString();
    }

    private static NoteSignature ParseLine(string line, int index)
    {
        var location = $"signatures[{index}]";
        if (!line.StartsWith(LinePrefix, StringComparison.Ordinal))
        {
            throw new MalformedDataException(Format, location, "a line starting with an em dash and a space is expected");
        }
        var parts = line[LinePrefix.Length..].Split(' ');
        if (parts.Length != 2 || !NoteKey.IsName(parts[0]))
        {
            throw new MalformedDataException(Format, location, "em dash, space, key name, space, base64 are expected");
        }
        var bytes = StrictBase64.Decode(parts[1], Format, location);
        return bytes.Length > NoteSignature.KeyIdBytes
            ? new NoteSignature(parts[0], BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes)
            : throw new MalformedDataException(Format, location, $"{bytes.Length} bytes; a key id of 4 and a signature are expected");
    }
}
