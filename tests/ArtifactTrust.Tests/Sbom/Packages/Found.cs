using System.Text;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Tests.Sbom.Packages;

/// <summary>What a catalog finds in a few files.</summary>
internal static class Found
{
    internal static PackageInventory In(PackageSearch search, params (string Path, string Content)[] files)
    {
        var catalog = new PackageCatalog(search);
        foreach (var (path, content) in files)
        {
            Assert.Equal(PackageFileUse.Content, catalog.UseOf(path, false));
            catalog.Add(new PackageFile(path, Encoding.UTF8.GetBytes(content)));
        }
        return catalog.ToInventory();
    }

    internal static PackageInventory Installed(params (string Path, string Content)[] files) => In(PackageSearch.Installed, files);

    internal static PackageInventory Locked(string path, string content) => In(PackageSearch.Locked, (path, content));

    internal static string[] Urls(this PackageInventory inventory) => [.. inventory.Packages.Select(p => p.Url.ToString())];

    internal static SoftwarePackage One(this PackageInventory inventory, string name) => inventory.Packages.Single(p => p.Name == name);

    internal static string[] Needs(this PackageInventory inventory, string name) =>
        [.. inventory.One(name).DependsOn.Select(u => PackageUrl.Parse(u).Name)];

    internal static string[] Hashes(this SoftwarePackage package) => [.. package.DeclaredHashes.Select(h => $"{h.Algorithm} {h.Content}")];
}
