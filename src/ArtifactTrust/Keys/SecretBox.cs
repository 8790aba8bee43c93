using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace ArtifactTrust.Keys;

/// <summary>NaCl's crypto_secretbox: XSalsa20 with Poly1305, the tag first. No branch or index depends on a secret.</summary>
/// <remarks>
/// Key 32 bytes, nonce 24 bytes, tag 16 bytes.
/// Spec: D. J. Bernstein, "Extending the Salsa20 nonce" and "The Poly1305-AES message-authentication code"; RFC 8439 §2.5 (Poly1305).
/// </remarks>
internal static class SecretBox
{
    internal const int KeyBytes = 32;
    internal const int NonceBytes = 24;
    internal const int TagBytes = 16;

    private const int BlockBytes = 64;

    /// <summary>Encrypts a message.</summary>
    /// <param name="box">Receives the tag and the ciphertext: <see cref="TagBytes"/> more than the message.</param>
    /// <param name="message">The plaintext.</param>
    /// <param name="nonce">24 bytes, used once with the key.</param>
    /// <param name="key">32 bytes.</param>
    internal static void Seal(Span<byte> box, ReadOnlySpan<byte> message, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        var ciphertext = box[TagBytes..];
        message.CopyTo(ciphertext);
        Span<byte> tagKey = stackalloc byte[KeyBytes];
        Apply(ciphertext, tagKey, nonce, key);
        Poly1305.Tag(box[..TagBytes], ciphertext, tagKey);
        CryptographicOperations.ZeroMemory(tagKey);
    }

    /// <summary>Decrypts a box whose tag is right.</summary>
    /// <param name="message">Receives the plaintext: <see cref="TagBytes"/> less than the box. Not written to where the tag is wrong.</param>
    /// <param name="box">The tag and the ciphertext.</param>
    /// <param name="nonce">24 bytes.</param>
    /// <param name="key">32 bytes.</param>
    /// <returns>Whether the tag is right.</returns>
    internal static bool TryOpen(Span<byte> message, ReadOnlySpan<byte> box, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        var ciphertext = box[TagBytes..];
        Span<byte> tagKey = stackalloc byte[KeyBytes];
        Span<byte> tag = stackalloc byte[TagBytes];
        Apply([], tagKey, nonce, key);
        Poly1305.Tag(tag, ciphertext, tagKey);
        var isRight = CryptographicOperations.FixedTimeEquals(tag, box[..TagBytes]);
        if (isRight)
        {
            ciphertext.CopyTo(message);
            Apply(message, tagKey, nonce, key);
        }
        CryptographicOperations.ZeroMemory(tagKey);
        return isRight;
    }

    /// <summary>The key of a nonce's first 16 bytes.</summary>
    internal static void HSalsa20(Span<byte> derived, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        Span<uint> state = stackalloc uint[16];
        Fill(state, nonce, key);
        TwentyRounds(state);
        ReadOnlySpan<byte> words = [0, 5, 10, 15, 6, 7, 8, 9];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(derived[(4 * i)..], state[words[i]]);
        }
        state.Clear();
    }

    // The first 32 bytes of the key stream are Poly1305's key, and the message begins after them.
    private static void Apply(Span<byte> data, Span<byte> tagKey, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        Span<byte> derived = stackalloc byte[KeyBytes];
        Span<byte> input = stackalloc byte[16];
        Span<byte> block = stackalloc byte[BlockBytes];
        HSalsa20(derived, nonce[..16], key);
        nonce[16..].CopyTo(input);
        Block(block, input, derived);
        block[..KeyBytes].CopyTo(tagKey);
        var used = KeyBytes;
        for (var i = 0; i < data.Length; i++, used++)
        {
            if (used == BlockBytes)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(input[8..], BinaryPrimitives.ReadUInt64LittleEndian(input[8..]) + 1);
                Block(block, input, derived);
                used = 0;
            }
            data[i] ^= block[used];
        }
        CryptographicOperations.ZeroMemory(derived);
        CryptographicOperations.ZeroMemory(block);
    }

    private static void Block(Span<byte> block, ReadOnlySpan<byte> input, ReadOnlySpan<byte> key)
    {
        Span<uint> start = stackalloc uint[16];
        Span<uint> state = stackalloc uint[16];
        Fill(start, input, key);
        start.CopyTo(state);
        TwentyRounds(state);
        for (var i = 0; i < 16; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(block[(4 * i)..], state[i] + start[i]);
        }
        start.Clear();
        state.Clear();
    }

    // The constant "expand 32-byte k" stands on the diagonal, with the key's halves and the input between.
    private static void Fill(Span<uint> state, ReadOnlySpan<byte> input, ReadOnlySpan<byte> key)
    {
        for (var i = 0; i < 4; i++)
        {
            state[5 * i] = BinaryPrimitives.ReadUInt32LittleEndian("expand 32-byte k"u8[(4 * i)..]);
            state[1 + i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(4 * i)..]);
            state[6 + i] = BinaryPrimitives.ReadUInt32LittleEndian(input[(4 * i)..]);
            state[11 + i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(16 + (4 * i))..]);
        }
    }

    private static void TwentyRounds(Span<uint> x)
    {
        for (var i = 0; i < 10; i++)
        {
            // Columns, then rows; each starts at the diagonal.
            for (var j = 0; j < 4; j++)
            {
                Quarter(ref x[5 * j], ref x[((5 * j) + 4) % 16], ref x[((5 * j) + 8) % 16], ref x[((5 * j) + 12) % 16]);
            }
            for (var j = 0; j < 4; j++)
            {
                var row = 4 * j;
                Quarter(ref x[row + j], ref x[row + ((j + 1) % 4)], ref x[row + ((j + 2) % 4)], ref x[row + ((j + 3) % 4)]);
            }
        }
    }

    private static void Quarter(ref uint a, ref uint b, ref uint c, ref uint d)
    {
        b ^= BitOperations.RotateLeft(a + d, 7);
        c ^= BitOperations.RotateLeft(b + a, 9);
        d ^= BitOperations.RotateLeft(c + b, 13);
        a ^= BitOperations.RotateLeft(d + c, 18);
    }
}
