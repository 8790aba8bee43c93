using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Oci;

/// <summary>Reads the layers of a container image, one after the other, into the file system that they make together.</summary>
/// <remarks>Every blob is checked against its digest, and every uncompressed layer against its DiffID.</remarks>
internal abstract class ImageReader(OciStore store, ImageManifest image, ImageConfiguration configuration, CancellationToken cancellation)
{
    private long _members;
    private long _bytes;

    /// <summary>The file system, as far as it is kept.</summary>
    protected ImageTree Tree { get; } = new();

    /// <summary>What the image says of its layers.</summary>
    protected ImageConfiguration Configuration { get; } = configuration;

    /// <summary>Stops the work.</summary>
    protected CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Reads all layers.</summary>
    /// <param name="progress">Told the compressed bytes that were read.</param>
    /// <exception cref="MalformedDataException">A layer cannot be read, or is over a limit.</exception>
    /// <exception cref="ContentMismatchException">A layer is not what its digest or its DiffID says.</exception>
    protected async Task ReadLayersAsync(IProgress<long>? progress)
    {
        for (var i = 0; i < image.Layers.Count; i++)
        {
            await ReadLayerAsync(i, progress).ConfigureAwait(false);
        }
    }

    /// <summary>What is wanted of a file of that name.</summary>
    protected abstract PackageFileUse UseOf(string place);

    /// <summary>Reads of a file what is wanted of it.</summary>
    /// <param name="tar">Its layer; what is left of its content is skipped.</param>
    /// <param name="member">The file.</param>
    /// <param name="place">Where it comes to lie.</param>
    /// <param name="layer">The layer's index.</param>
    /// <returns>Null where nobody wants it.</returns>
    protected abstract Task<ImageFile?> ReadFileAsync(LayerTarReader tar, LayerMember member, string place, int layer);

    /// <summary>Told what cannot be read.</summary>
    protected abstract void AddGap(string where, string reason);

    private async Task ReadLayerAsync(int index, IProgress<long>? progress)
    {
        var layer = image.Layers[index];
        var blob = new ReportingStream(store.OpenBlob(layer, Cancellation), progress);
        LayerContent content;
        try
        {
            content = await LayerContent.OpenAsync(blob, layer.Size, Cancellation).ConfigureAwait(false);
        }
        catch
        {
            await blob.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        await using (content.ConfigureAwait(false))
        {
            if (content.Compression is LayerCompression.Other)
            {
                AddGap(Configuration.DiffIds[index].ToString(), "a layer whose compression is not read here");
                await content.FinishAsync(Limits.ImageBytes, Cancellation).ConfigureAwait(false);
                return;
            }
            var tar = new LayerTarReader(content);
            while (await tar.NextAsync(Cancellation).ConfigureAwait(false) is { } member)
            {
                if (++_members > Limits.ImageMembers)
                {
                    throw new MalformedDataException("container image", "$.layers", $"more than {Limits.ImageMembers} members");
                }
                await TakeAsync(tar, member, index).ConfigureAwait(false);
                if (_bytes + content.BytesRead > Limits.ImageBytes)
                {
                    throw new MalformedDataException("container image", "$.layers", $"more than {Limits.ImageBytes} bytes uncompressed");
                }
            }
            var actual = await content.FinishAsync(Limits.ImageBytes - _bytes, Cancellation).ConfigureAwait(false);
            _bytes += content.BytesRead;
            var expected = Configuration.DiffIds[index];
            if (expected.Algorithm != DigestAlgorithm.Sha256)
            {
                AddGap(expected.ToString(), "a layer whose uncompressed bytes were not checked, since its DiffID is no SHA-256");
            }
            else if (!actual.Equals(expected))
            {
                throw new ContentMismatchException(
                    $"layer {layer.Digest} in {store.Name}",
                    expected,
                    $"uncompressed it has the digest {actual}, not its DiffID"
                );
            }
        }
    }

    private async Task TakeAsync(LayerTarReader tar, LayerMember member, int layer)
    {
        var path = ImageTree.Normal(member.Name);
        if (path.Length == 0)
        {
            // The root itself.
            return;
        }
        if (Tree.Place(path) is not { } place)
        {
            AddGap(path, "it lies behind links that lead in a circle");
            return;
        }
        if (ImageTree.IsWhiteout(place))
        {
            Tree.Whiteout(place, layer);
            return;
        }
        switch (member.Kind)
        {
            case LayerMemberKind.Directory:
                Tree.PutDirectory(place);
                break;
            case LayerMemberKind.SymbolicLink:
                Tree.PutLink(place, member.Target, layer);
                break;
            case LayerMemberKind.HardLink:
                if (Tree.Place(ImageTree.Normal(member.Target)) is { } target)
                {
                    Tree.PutHardLink(place, target, UseOf(place), layer);
                }
                break;
            case LayerMemberKind.File:
                if (await ReadFileAsync(tar, member, place, layer).ConfigureAwait(false) is { } file)
                {
                    Tree.PutFile(place, file);
                }
                else
                {
                    Tree.PutOther(place);
                }
                break;
            default:
                Tree.PutOther(place);
                break;
        }
    }

    /// <summary>A blob that says how much of it was read.</summary>
    private sealed class ReportingStream(Stream blob, IProgress<long>? progress) : ForwardStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await blob.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            progress?.Report(read);
            return read;
        }

        public override async ValueTask DisposeAsync()
        {
            await blob.DisposeAsync().ConfigureAwait(false);
            await base.DisposeAsync().ConfigureAwait(false);
        }
    }
}
