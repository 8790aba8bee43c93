using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Transparency;

/// <summary>A private key and the name it signs notes under.</summary>
/// <param name="name">Not empty, without spaces and plus signs; for a log its origin.</param>
/// <param name="key">Ed25519 or ECDSA P-256; owned by the caller.</param>
/// <exception cref="ArgumentException">The name is not allowed, or the key is of another kind.</exception>
public sealed class NoteSigner(string name, SigningKey key)
{
    private readonly SigningKey _key = Check(key);

    /// <summary>The public half, as others configure it.</summary>
    public NoteKey Key { get; } = NoteKey.Create(name, key.PublicKey);

    /// <summary>Signs a text.</summary>
    internal NoteSignature Sign(string text)
    {
        var id = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(id, Key.Id);
        return new NoteSignature(Key.Name, Key.Id, [.. id, .. _key.Sign(Encoding.UTF8.GetBytes(text))]);
    }

    private static SigningKey Check(SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        // Other curves would be signed with another hash than SHA-256 here.
        return key.Algorithm == SignatureAlgorithm.Ed25519 || key.Algorithm == SignatureAlgorithm.EcdsaP256
            ? key
            : throw new ArgumentException($"a note is signed with Ed25519 or ECDSA P-256, not with {key.Algorithm}", nameof(key));
    }
}
