using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Bundles;

/// <summary>
/// The text of a bundle. Of one with a large payload only what is before and behind the payload's base64 is kept: base64 is read in its one
/// spelling, so that encoding the payload gives the very text that was read.
/// </summary>
internal sealed class BundleText
{
    /// <summary>The size from which a payload is not kept as text, in bytes.</summary>
    internal const int LargeBytes = 1 << 20;

    private const int BlockBytes = 48 << 10;

    private readonly byte[] _before;
    private readonly ReadOnlyMemory<byte> _payload;
    private readonly byte[] _behind;

    private BundleText(byte[] before, ReadOnlyMemory<byte> payload, byte[] behind) =>
        (_before, _payload, _behind) = (before, payload, behind);

    /// <summary>Takes a part of the text.</summary>
    internal delegate void Output(ReadOnlySpan<byte> utf8);

    /// <summary>Whether the payload is not kept as text.</summary>
    internal bool IsSplit => !_payload.IsEmpty;

    /// <summary>The length of the text, in bytes.</summary>
    internal int Length => checked(_before.Length + Base64.GetMaxEncodedToUtf8Length(_payload.Length) + _behind.Length);

    /// <summary>A text that is kept whole; it is not copied.</summary>
    internal static BundleText Of(byte[] utf8) => new(utf8, default, []);

    /// <summary>A text that was read; it is copied, but for a large payload.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="payload">The payload's element in it, where there is one.</param>
    /// <param name="envelope">The envelope that was read from it, where there is one.</param>
    internal static BundleText Of(ReadOnlyMemory<byte> utf8, JsonElement payload, DsseEnvelope? envelope) =>
        envelope is not null
        && envelope.Payload.Length >= LargeBytes
        && StrictJson.TryGetPlain(payload, out var encoded)
        && utf8.Span.Overlaps(encoded, out var start)
            ? new BundleText(utf8[..start].ToArray(), envelope.Payload, utf8[(start + encoded.Length)..].ToArray())
            : Of(utf8.ToArray());

    /// <summary>A text with a payload in the place of the empty one that was written.</summary>
    internal static BundleText Around(byte[] utf8, ReadOnlyMemory<byte> payload)
    {
        // Within a string a quote is escaped, and no other member has this name: it is there once.
        var empty = "\"payload\":\"\""u8;
        var at = utf8.AsSpan().IndexOf(empty) + empty.Length - 1;
        return new BundleText(utf8[..at], payload, utf8[at..]);
    }

    /// <summary>The text with nothing in the place of the payload.</summary>
    internal byte[] Around() => [.. _before, .. _behind];

    /// <summary>The whole text.</summary>
    internal ReadOnlyMemory<byte> Whole()
    {
        if (!IsSplit)
        {
            return _before;
        }
        var whole = GC.AllocateUninitializedArray<byte>(Length);
        var at = 0;
        WriteTo(part =>
        {
            part.CopyTo(whole.AsSpan(at));
            at += part.Length;
        });
        return whole;
    }

    /// <summary>Gives out the text in parts.</summary>
    internal void WriteTo(Output output)
    {
        output(_before);
        var block = new byte[Base64.GetMaxEncodedToUtf8Length(BlockBytes)];
        for (var rest = _payload.Span; !rest.IsEmpty; )
        {
            var part = rest[..Math.Min(rest.Length, BlockBytes)];
            Base64.EncodeToUtf8(part, block, out _, out var written);
            output(block.AsSpan(0, written));
            rest = rest[part.Length..];
        }
        output(_behind);
    }

    /// <summary>SHA-256 of the text.</summary>
    internal Digest Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        WriteTo(part => hash.AppendData(part));
        return Hashing.Digest.FromBytes(DigestAlgorithm.Sha256, hash.GetHashAndReset());
    }
}
