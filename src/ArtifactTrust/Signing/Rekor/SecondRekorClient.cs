using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Transparency;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Signing.Rekor;

/// <summary>Logs signatures in one log of the second version.</summary>
/// <remarks>
/// Spec: Rekor v2, rekor_service.proto, CreateEntry; C2SP tlog-tiles. Such logs take one kind of entry: an envelope is logged as the digest of
/// what it encodes to.
/// </remarks>
internal sealed partial class SecondRekorClient(ServiceClient client, Uri service, IReadOnlyList<LogInstance> trusted)
{
    private const string Format = "Rekor answer";
    private const string EntryKind = "hashedrekord";
    private const string EntryVersion = "0.0.2";
    private const SigningServiceKind Kind = SigningServiceKind.TransparencyLog;

    private readonly Uri _url = ServiceClient.Address(service, "/api/v2/log/entries");

    internal async Task<TransparencyLogEntry> LogAsync(LogSubmission submission, CancellationToken cancellation)
    {
        var answer = await client
            .PostAsync(Kind, _url, Request(submission), "application/json", null, Limits.LogAnswerBytes, cancellation)
            .ConfigureAwait(false);
        var entry = answer.Status switch
        {
            HttpStatusCode.Created or HttpStatusCode.OK => ServiceClient.Read(
                Kind,
                _url,
                () => TransparencyLogEntry.Parse(StrictJson.Parse(answer.Body, Format, Limits.LogAnswerBytes), "$")
            ),
            HttpStatusCode.Conflict => await FindAsync(answer, cancellation).ConfigureAwait(false),
            _ => throw ServiceClient.Refused(Kind, _url, answer),
        };
        return submission.Check(entry, _url);
    }

    private static byte[] Request(LogSubmission submission)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("hashedRekordRequestV002");
            writer.WriteBase64String("digest", submission.SignedDigest!.Bytes);
            writer.WriteStartObject("signature");
            writer.WriteBase64String("content", submission.Signature.Span);
            writer.WriteStartObject("verifier");
            writer.WriteStartObject(submission.Signer.Certificate is null ? "publicKey" : "x509Certificate");
            writer.WriteBase64String("rawBytes", submission.Signer.LoggedBytes.Span);
            writer.WriteEndObject();
            writer.WriteString("keyDetails", LogEntryBody.KeyDetails(submission.Signer.Key));
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The entry that is there already, since an earlier attempt's answer was lost: read from the log's tiles, and proven by them.</summary>
    private async Task<TransparencyLogEntry> FindAsync(BoundedResponse conflict, CancellationToken cancellation)
    {
        if (
            ServiceError.Read(conflict.Body)?.Message is not { } said
            || EntryIndex().Match(said) is not { Success: true, Groups: [_, { Value: var number }] }
            || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
        )
        {
            throw new SigningServiceException(Kind, _url, "it says that the entry exists already (409), and not which one it is")
            {
                Status = conflict.Status,
            };
        }
        for (var tried = 1; ; tried++)
        {
            var text = await ReadAsync("checkpoint", Limits.NoteBytes, cancellation).ConfigureAwait(false);
            var (note, checkpoint) = ServiceClient.Read(
                Kind,
                _url,
                () =>
                {
                    var parsed = SignedNote.Parse(text!.Value.Span);
                    return (parsed, Checkpoint.Parse(parsed.Text));
                }
            );
            if (index < checkpoint.Size)
            {
                return await ProveAsync(index, note, checkpoint, cancellation).ConfigureAwait(false);
            }
            // The entry has its index, and the next checkpoint will cover it.
            var refusal = new SigningServiceException(
                Kind,
                _url,
                $"it holds the entry already, as number {index}, and its checkpoint still ends at {checkpoint.Size}",
                "try again later"
            );
            if (tried >= client.Attempts)
            {
                throw refusal;
            }
            await client.PauseAsync(refusal, tried, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<TransparencyLogEntry> ProveAsync(long index, SignedNote note, Checkpoint checkpoint, CancellationToken cancellation)
    {
        var log =
            trusted.FirstOrDefault(l =>
                l.Origin == checkpoint.Origin
                && note.Signatures.Any(s => s.Name == checkpoint.Origin && s.KeyId == BinaryPrimitives.ReadUInt32BigEndian(l.LogId.Span))
            )
            ?? throw new SigningServiceException(
                Kind,
                _url,
                $"its checkpoint is of '{ServiceClient.Clean(checkpoint.Origin)}', which is not a log of the trusted root",
                "do the signing config and the trusted root belong to one instance?"
            );
        var read = new Dictionary<Tile, ReadOnlyMemory<byte>>();
        while (true)
        {
            try
            {
                // The tree reads on demand; what it lacks is fetched, and it starts again: some tiles a level.
                var tree = new TiledTree(
                    checkpoint.Size,
                    checkpoint.Root,
                    tile => read.TryGetValue(tile, out var hashes) ? hashes : throw new MissingTileException(tile)
                );
                var proof = tree.Prove(index);
                var leaf = tree.LeafHash(index);
                var body = await EntryAsync(index, checkpoint.Size, cancellation).ConfigureAwait(false);
                return MerkleTree.HashLeaf(body.Span).Equals(leaf)
                    ? TransparencyLogEntry.Create(
                        index,
                        log.LogId,
                        (EntryKind, EntryVersion),
                        body,
                        (proof, checkpoint.Root, note.ToString())
                    )
                    : throw new SigningServiceException(Kind, _url, $"its entry {index} does not hash to its place in the tree");
            }
            catch (MissingTileException e)
            {
                read.Add(e.Tile, await TileAsync(e.Tile, e.Tile.HashBytes, cancellation).ConfigureAwait(false));
            }
            catch (MalformedDataException e)
            {
                throw new SigningServiceException(Kind, _url, $"its tiles cannot be read: {ServiceClient.Clean(e.Message)}", null, e);
            }
        }
    }

    private async Task<ReadOnlyMemory<byte>> EntryAsync(long index, long size, CancellationToken cancellation)
    {
        var (bundle, position) = (index / Tile.FullWidth, (int)(index % Tile.FullWidth));
        var width = bundle == size / Tile.FullWidth ? (int)(size % Tile.FullWidth) : Tile.FullWidth;
        var bytes = await TileAsync(Tile.Entries(bundle, width), null, cancellation).ConfigureAwait(false);
        return EntryBundle.DecodePrefix(bytes, position + 1)[position];
    }

    /// <param name="tile">Which.</param>
    /// <param name="length">How many bytes of it are needed; all where null.</param>
    /// <param name="cancellation">Stops the work.</param>
    private async Task<ReadOnlyMemory<byte>> TileAsync(Tile tile, int? length, CancellationToken cancellation)
    {
        var maximum = length is null ? EntryBundle.MaximumBytes(Tile.FullWidth) : Tile.FullWidth * MerkleTree.HashBytes;
        // A partial tile may be gone once the full one is there.
        var bytes =
            (tile.IsFull ? null : await ReadAsync(tile.Path, maximum, cancellation, mayBeAbsent: true).ConfigureAwait(false))
            ?? await ReadAsync(tile.FullPath, maximum, cancellation).ConfigureAwait(false);
        return length is { } needed && bytes!.Value.Length > needed ? bytes.Value[..needed] : bytes!.Value;
    }

    private async Task<ReadOnlyMemory<byte>?> ReadAsync(string path, int maximum, CancellationToken cancellation, bool mayBeAbsent = false)
    {
        var address = ServiceClient.Address(service, $"/api/v2/{path}");
        var answer = await client.GetAsync(Kind, address, maximum, cancellation).ConfigureAwait(false);
        return answer.Status switch
        {
            HttpStatusCode.OK => answer.Body,
            // Not a bare null, which would become an empty memory.
            HttpStatusCode.NotFound when mayBeAbsent => (ReadOnlyMemory<byte>?)null,
            _ => throw ServiceClient.Refused(Kind, address, answer),
        };
    }

    [GeneratedRegex(@"with index ([0-9]{1,19})\b", RegexOptions.CultureInvariant)]
    private static partial Regex EntryIndex();

    private sealed class MissingTileException(Tile tile) : Exception
    {
        internal Tile Tile => tile;
    }
}
