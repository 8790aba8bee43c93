using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Oci;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Tests.Oci;

/// <summary>What the whole process allocates, so that no other test may run meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class ImageMemoryTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_header_that_claims_much_takes_little()
    {
        var tar = TestImage.Tar(TestImage.Package("a/package.json", "a"));
        // A size of 8 GiB less one, with the checksum made right.
        Encoding.ASCII.GetBytes("77777777777").CopyTo(tar, 512 * 2 + 124);
        TestImage.FixChecksum(tar, 512 * 2);
        var before = GC.GetTotalAllocatedBytes();
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "layout"));
        var image = await TestImage.StoreAsync(store, tar);
        await Assert.ThrowsAsync<MalformedDataException>(() => ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed));
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 << 20);
    }

    [CollectionDefinition(nameof(Alone), DisableParallelization = true)]
    public sealed class Alone;
}
