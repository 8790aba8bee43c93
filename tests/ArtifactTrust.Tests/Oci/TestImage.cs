using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Tests.Oci;

/// <summary>Container images of a few layers, made for a test.</summary>
internal static class TestImage
{
    internal const string ConfigType = "application/vnd.oci.image.config.v1+json";

    internal static PaxTarEntry File(string name, string content, bool isExecutable = false) =>
        File(name, Encoding.UTF8.GetBytes(content), isExecutable);

    internal static PaxTarEntry File(string name, byte[] content, bool isExecutable = false) =>
        new(TarEntryType.RegularFile, name)
        {
            DataStream = new MemoryStream(content),
            Mode = isExecutable ? UnixFileMode.UserExecute | UnixFileMode.UserRead : UnixFileMode.UserRead,
        };

    internal static PaxTarEntry Package(string path, string name) => File(path, $$"""{"name":"{{name}}","version":"1.0.0"}""");

    internal static PaxTarEntry Directory(string name) => new(TarEntryType.Directory, name);

    internal static PaxTarEntry Link(string name, string target) => new(TarEntryType.SymbolicLink, name) { LinkName = target };

    internal static PaxTarEntry HardLink(string name, string target) => new(TarEntryType.HardLink, name) { LinkName = target };

    /// <summary>Gives the header at a place of a tar the checksum that fits it.</summary>
    internal static void FixChecksum(byte[] tar, int at)
    {
        Encoding.ASCII.GetBytes("        ").CopyTo(tar, at + 148);
        var sum = tar.AsSpan(at, 512).ToArray().Sum(b => b);
        Encoding.ASCII.GetBytes($"{Convert.ToString(sum, 8).PadLeft(6, '0')}\0 ").CopyTo(tar, at + 148);
    }

    internal static byte[] Tar(params IEnumerable<TarEntry> entries)
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                writer.WriteEntry(entry);
            }
        }
        return stream.ToArray();
    }

    internal static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }
        return stream.ToArray();
    }

    /// <summary>Stores an image of layers that are not compressed.</summary>
    internal static Task<ImageManifest> StoreAsync(OciStore store, params byte[][] layers) =>
        StoreAsync(store, [.. layers.Select(l => (l, DigestAlgorithm.Sha256.Hash(l)))]);

    /// <summary>Stores an image of blobs and what its configuration says that they are uncompressed.</summary>
    internal static async Task<ImageManifest> StoreAsync(
        OciStore store,
        IReadOnlyList<(byte[] Blob, Digest DiffId)> layers,
        string configType = ConfigType
    )
    {
        var ids = string.Join(',', layers.Select(l => $"\"{l.DiffId}\""));
        var config = await store.PushBlobAsync(
            configType,
            Encoding.UTF8.GetBytes(
                $"{{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[{ids}]}}}}"
            )
        );
        var blobs = new List<Descriptor>();
        foreach (var (blob, _) in layers)
        {
            blobs.Add(await store.PushBlobAsync("application/vnd.oci.image.layer.v1.tar", blob));
        }
        return new ImageManifest(OciMediaTypes.ImageManifest, null, config, blobs, null, Descriptor.NoAnnotations);
    }

    /// <summary>The packages of an image of these layers.</summary>
    internal static async Task<PackageInventory> FindAsync(params byte[][] layers)
    {
        using var folder = new TemporaryDirectory();
        using var store = await ImageLayout.CreateAsync(System.IO.Path.Combine(folder.Path, "layout"));
        var image = await StoreAsync(store, layers);
        return (await ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed)).Inventory;
    }
}
