using System.Buffers.Binary;
using System.Diagnostics.Contracts;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Transparency;

/// <summary>What a key of a note signs, and how its id is computed.</summary>
/// <remarks>Spec: C2SP signed-note, "Signature types". The values are the type bytes.</remarks>
public enum NoteKeyType
{
    /// <summary>No type.</summary>
    None = 0,

    /// <summary>Ed25519 over the note's text.</summary>
    Ed25519 = 1,

    /// <summary>ECDSA with SHA-256 over the note's text; the id is computed from the key alone, without the name.</summary>
    Ecdsa = 2,

    /// <summary>Ed25519 over a time and a checkpoint's text, as witnesses sign (C2SP tlog-cosignature).</summary>
    Cosignature = 4,

    /// <summary>RSA (PKCS#1 v1.5) with SHA-256 over the note's text: the type without a number, which names its algorithm after the type byte.</summary>
    /// <remarks>Spec: Rekor v2, "Checkpoint key id".</remarks>
    Rsa = 255,
}

/// <summary>A public key and the name it signs notes under: a C2SP verifier key.</summary>
/// <remarks>
/// Spec: C2SP signed-note, "Signatures" and "Verifier keys". Law: <c>Parse(k.ToString())</c> has the same name, id, type and key. The id is
/// a short hint that tells signatures apart; only the key decides.
/// </remarks>
public sealed class NoteKey
{
    private const string Format = "verifier key";
    private const int Ed25519KeyBytes = 32;
    private const int CosignatureTimeBytes = 8;

    private static readonly byte[] RsaPrefix = [(byte)NoteKeyType.Rsa, .. "PKIX-RSA-PKCS#1v1.5"u8];

    // SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 §4) up to the 32 bytes of the key itself.
    private static readonly byte[] Ed25519Prefix = Convert.FromHexString("302a300506032b6570032100");

    private NoteKey(string name, NoteKeyType type, VerificationKey key, byte[] encoded, uint? id = null)
    {
        (Name, Type, Key, Encoded) = (name, type, key, encoded);
        Id = id ?? ComputeId(name, encoded);
    }

    /// <summary>The name: for a log's own key usually its origin.</summary>
    public string Name { get; }

    /// <summary>The first four bytes of a hash of the key, as a big-endian number.</summary>
    public uint Id { get; }

    /// <summary>What the key signs.</summary>
    public NoteKeyType Type { get; }

    /// <summary>The public key. Whoever made this object owns it.</summary>
    public VerificationKey Key { get; }

    /// <summary>The type byte, then the key: 32 bytes for Ed25519, SubjectPublicKeyInfo for ECDSA, after the algorithm's name for RSA.</summary>
    private byte[] Encoded { get; }

    /// <summary>A log's or a signer's key under a name.</summary>
    /// <param name="name">Not empty, without spaces and plus signs.</param>
    /// <param name="key">Ed25519, ECDSA or RSA.</param>
    /// <exception cref="ArgumentException">The name is not allowed, or the key is of another kind.</exception>
    public static NoteKey Create(string name, VerificationKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Create(
            name,
            key.Algorithm == SignatureAlgorithm.Ed25519 ? NoteKeyType.Ed25519
                : key.Algorithm.Padding is not null ? NoteKeyType.Rsa
                : NoteKeyType.Ecdsa,
            key
        );
    }

    /// <summary>The same key as logs of Rekor's first version name it, whatever its kind: by a hash of the key without the name.</summary>
    internal NoteKey ForFirstVersion() =>
        new(Name, Type, Key, Encoded, BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Key.SubjectPublicKeyInfo.Span)));

    /// <summary>The same key under another name.</summary>
    internal NoteKey Under(string name) =>
        IsName(name) ? new(name, Type, Key, Encoded) : throw new ArgumentException("the name is not allowed", nameof(name));

    /// <summary>A witness' key under a name: it signs checkpoints with the time it saw them.</summary>
    /// <param name="name">Not empty, without spaces and plus signs.</param>
    /// <param name="key">Ed25519.</param>
    /// <exception cref="ArgumentException">The name is not allowed, or the key is not Ed25519.</exception>
    public static NoteKey CreateWitness(string name, VerificationKey key) => Create(name, NoteKeyType.Cosignature, key);

    /// <summary>Reads a verifier key: <c>name+hex(id)+base64(type || key)</c>.</summary>
    /// <exception cref="MalformedDataException">The text is not of that form, the id is not the key's, or the type or key is not supported.</exception>
    public static NoteKey Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > Limits.KeyFileBytes)
        {
            throw new MalformedDataException(Format, "$", $"{text.Length} characters; at most {Limits.KeyFileBytes} are accepted");
        }
        var parts = text.Split('+', 3);
        if (parts.Length != 3)
        {
            throw new MalformedDataException(Format, "$", "name+id+key is expected");
        }
        if (!IsName(parts[0]))
        {
            throw new MalformedDataException(Format, "name", "the name is empty or has a space or control character in it");
        }
        var encoded = StrictBase64.Decode(parts[2], Format, "key");
        if (encoded.Length == 0)
        {
            throw new MalformedDataException(Format, "key", "a type byte and a key are expected");
        }
        var id = ComputeId(parts[0], encoded).ToString("x8", CultureInfo.InvariantCulture);
        if (parts[1] != id)
        {
            throw new MalformedDataException(Format, "id", $"the id of this name and key is {id}");
        }
        return Read(parts[0], encoded);
    }

    /// <summary>Whether a name is allowed: not empty, without spaces, control characters and plus signs.</summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        // A surrogate without its other half is read as the replacement character: it has no UTF-8.
        return name.Length > 0
            && name.EnumerateRunes().All(r => r.Value >= ' ' && r.Value != '+' && !Rune.IsWhiteSpace(r) && r != Rune.ReplacementChar);
    }

    /// <summary>The verifier key as text.</summary>
    public override string ToString() => $"{Name}+{Id:x8}+{Convert.ToBase64String(Encoded)}";

    /// <summary>Whether the signature is this key's over a note's text.</summary>
    /// <param name="text">The text, with its last line feed.</param>
    /// <param name="signature">The signature without the key id.</param>
    [Pure]
    internal bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature) =>
        Type switch
        {
            NoteKeyType.Ed25519 or NoteKeyType.Ecdsa or NoteKeyType.Rsa => Key.Verify(text, signature),
            NoteKeyType.Cosignature => Time(signature) is { } time
                && Key.Verify(CosignedMessage(text, time), signature[CosignatureTimeBytes..]),
            _ => false,
        };

    /// <summary>The seconds since 1970 that a witness' signature begins with, or null for other keys.</summary>
    internal long? Time(ReadOnlySpan<byte> signature) =>
        Type == NoteKeyType.Cosignature
        && signature.Length > CosignatureTimeBytes
        && BinaryPrimitives.ReadInt64BigEndian(signature) is >= 0 and var time
        && time <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? time
            : null;

    private static byte[] CosignedMessage(ReadOnlySpan<byte> text, long time) =>
        [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {time}\n")), .. text];

    private static NoteKey Create(string name, NoteKeyType type, VerificationKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!IsName(name))
        {
            throw new ArgumentException("a key's name is not empty and has no space, control character or plus sign in it", nameof(name));
        }
        var fits = type switch
        {
            NoteKeyType.Ecdsa => IsEcdsa(key),
            NoteKeyType.Rsa => key.Algorithm.Padding is not null,
            _ => key.Algorithm == SignatureAlgorithm.Ed25519,
        };
        if (!fits)
        {
            throw new ArgumentException(
                $"a note is signed with Ed25519, ECDSA or RSA, and witnessed with Ed25519, not with {key.Algorithm}"
            );
        }
        var spki = key.SubjectPublicKeyInfo.Span;
        byte[] encoded = type switch
        {
            NoteKeyType.Rsa => [.. RsaPrefix, .. spki],
            NoteKeyType.Ecdsa => [(byte)type, .. spki],
            _ => [(byte)type, .. spki[Ed25519Prefix.Length..]],
        };
        return new NoteKey(name, type, WithNoteAlgorithm(key), encoded);
    }

    private static NoteKey Read(string name, byte[] encoded)
    {
        var type = (NoteKeyType)encoded[0];
        var key = encoded.AsSpan(1);
        switch (type)
        {
            case NoteKeyType.Ed25519 or NoteKeyType.Cosignature:
                if (key.Length != Ed25519KeyBytes)
                {
                    throw new MalformedDataException(Format, "key", $"{key.Length} bytes; an Ed25519 key has {Ed25519KeyBytes}");
                }
                return new NoteKey(name, type, VerificationKey.FromSubjectPublicKeyInfo([.. Ed25519Prefix, .. key]), encoded);
            case NoteKeyType.Ecdsa:
                var ecdsa = VerificationKey.FromSubjectPublicKeyInfo(key);
                return IsEcdsa(ecdsa)
                    ? new NoteKey(name, type, WithNoteAlgorithm(ecdsa), encoded)
                    : throw new MalformedDataException(Format, "key", $"an ECDSA key is expected, not one for {ecdsa.Algorithm}");
            case NoteKeyType.Rsa when encoded.AsSpan().StartsWith(RsaPrefix):
                var rsa = VerificationKey.FromSubjectPublicKeyInfo(encoded.AsSpan(RsaPrefix.Length));
                return rsa.Algorithm.Padding is not null
                    ? new NoteKey(name, type, rsa, encoded)
                    : throw new MalformedDataException(Format, "key", $"an RSA key is expected, not one for {rsa.Algorithm}");
            default:
                throw new MalformedDataException(
                    Format,
                    "type",
                    $"type 0x{encoded[0]:x2} is not one of Ed25519, ECDSA, RSA (PKIX-RSA-PKCS#1v1.5) and cosignature"
                );
        }
    }

    private static bool IsEcdsa(VerificationKey key) =>
        key.Algorithm == SignatureAlgorithm.EcdsaP256
        || key.Algorithm == SignatureAlgorithm.EcdsaP384
        || key.Algorithm == SignatureAlgorithm.EcdsaP521
        || key.Algorithm == SignatureAlgorithm.EcdsaP384Sha256
        || key.Algorithm == SignatureAlgorithm.EcdsaP521Sha256;

    /// <summary>Notes are hashed with SHA-256 whatever the curve, and RSA pads as PKCS#1 says.</summary>
    private static VerificationKey WithNoteAlgorithm(VerificationKey key) =>
        key.Algorithm == SignatureAlgorithm.EcdsaP384 ? key.With(SignatureAlgorithm.EcdsaP384Sha256)
        : key.Algorithm == SignatureAlgorithm.EcdsaP521 ? key.With(SignatureAlgorithm.EcdsaP521Sha256)
        : key.Algorithm == SignatureAlgorithm.RsaPss ? key.With(SignatureAlgorithm.RsaPkcs1)
        : key;

    private static uint ComputeId(string name, byte[] encoded)
    {
        var hashed =
            encoded[0] == (byte)NoteKeyType.Ecdsa ? encoded.AsSpan(1).ToArray() : [.. Encoding.UTF8.GetBytes(name), (byte)'\n', .. encoded];
        return BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(hashed));
    }
}
