using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Formats;
using ArtifactTrust.Oci;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The packages of images and directories, for <c>sbom</c>.</summary>
/// <param name="trivy">How Trivy is found and run. It is asked only about what is not read here.</param>
internal sealed class SbomPackages(TrivySettings trivy)
{
    private const string IndexProperty = SbomPropertyNames.Prefix + "image:index";
    private const string PlatformProperty = SbomPropertyNames.Prefix + "image:platform";

    private readonly Option<bool> _source = new("--source")
    {
        Description =
            "the directory is a source tree or an installed system, not a model: list its packages (as when it has lock files and no model)",
    };

    private readonly Option<string?> _packages = new("--packages")
    {
        Description = "which packages count (installed for images and root file systems, locks for source trees)",
        HelpName = "installed|locks|all",
    };

    private readonly Option<string?> _platform = PlatformOption.Create();

    internal void AddTo(Command verb)
    {
        _packages.AcceptOnlyFromAmong("installed", "locks", "all");
        verb.Options.Add(_source);
        verb.Options.Add(_packages);
        verb.Options.Add(_platform);
    }

    /// <summary>Throws where an option was given that has no part in the SBOM of such a subject.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="subject">The subject.</param>
    /// <param name="isSource">Whether it is a source tree or an installed system.</param>
    /// <exception cref="CliException">See above.</exception>
    internal void RequireUse(ParseResult parsed, Subject subject, bool isSource)
    {
        var isImage = subject is Subject.Image;
        if (!isImage)
        {
            parsed.Refuse([_platform], "is for images only");
        }
        if (!isSource)
        {
            parsed.Refuse([_source], "is for directories, and does not go with --dataset");
        }
        if (!isSource && !isImage)
        {
            parsed.Refuse([_packages], "is for images and source trees");
        }
        trivy.RequireUse(parsed, isSource || isImage, subject.IsInRegistry());
    }

    /// <summary>Whether packages are listed of a directory, and not the files of a model or dataset.</summary>
    internal bool IsSource(ParseResult parsed, string directory)
    {
        if (parsed.GetValue(_source) || parsed.GetValue(_packages) is not null)
        {
            return true;
        }
        return (PackageTree.IsInstalledSystem(directory) || PackageTree.HasManifest(directory)) && !HasModel(directory);
    }

    /// <summary>The image that a path is, where it is an image layout or an archive of images; else null.</summary>
    internal static Subject.Image? ImageAt(string path)
    {
        if (Directory.Exists(path))
        {
            return File.Exists(Path.Join(path, "oci-layout")) && File.Exists(Path.Join(path, "index.json"))
                ? new Subject.Image(new LayoutReference(path))
                : null;
        }
        return path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) ? ArchiveAt(path) : null;
    }

    /// <summary>The image in an archive of either form; null where the file is neither.</summary>
    internal static Subject.Image? ArchiveAt(string path)
    {
        try
        {
            ImageArchive.Open(path).Dispose();
            return new Subject.Image(new ArchiveReference(path, isDocker: false));
        }
        catch (MalformedDataException)
        {
            // Then it may be the other form.
        }
        try
        {
            DockerArchive.Open(path).Dispose();
            return new Subject.Image(new ArchiveReference(path, isDocker: true));
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }

    /// <summary>The SBOM of a container image.</summary>
    /// <param name="reference">The image.</param>
    /// <param name="about">What it is called: the repository's or the layout's own name where null, its digest as the version where null.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="session">The session.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The SBOM, and the digest of the manifest that it is of: of an index, that of the platform's.</returns>
    internal async Task<(SbomDocument Document, Hashing.Digest Digest)> OfImageAsync(
        OciReference reference,
        SbomAbout about,
        ParseResult parsed,
        Session session,
        CancellationToken cancellation
    )
    {
        using var images = trivy.Images.Opener(session, parsed)();
        var platform = PlatformOption.Read(parsed.GetValue(_platform));
        var (store, manifest, index) = await images.ManifestAsync(reference, platform, cancellation);
        if (manifest.ToImageManifest().Config is var config && !ImageConfiguration.IsOf(config))
        {
            throw CliException.Rejected(
                "malformed",
                $"'{reference}' is no container image: its configuration is '{Terminal.Clean(config.MediaType)}'",
                "of a model or dataset in a registry the SBOM is that of its directory: artifact-trust pull REF DIR, then sbom DIR"
            );
        }
        var found = await ImageFiles.FindPackagesAsync(
            store,
            manifest.ToImageManifest(),
            Search(parsed, PackageSearch.Installed),
            null,
            cancellation
        );
        var digest = manifest.Descriptor.Digest;
        var target = reference switch
        {
            RegistryReference registry => TrivyTarget.Registry($"{registry.Host}/{registry.Repository}", digest),
            LayoutReference layout => TrivyTarget.Layout(layout.Directory, digest),
            ArchiveReference { IsDocker: true } archive when store is DockerArchive docker && docker.ListImages().Count == 1 =>
                TrivyTarget.Archive(archive.File),
            _ => null,
        };
        var other = await AskTrivyAsync(target, found.Inventory, reference as RegistryReference, parsed, session, cancellation);
        var own = NameOf(reference);
        var properties = new List<SbomProperty>();
        if (found.Configuration.Platform is { } runsOn)
        {
            properties.Add(new SbomProperty(PlatformProperty, runsOn.ToString()));
        }
        if (index is not null)
        {
            properties.Add(new SbomProperty(IndexProperty, index.ToString()));
        }
        var subject = new PackageSubject(
            SbomComponentType.Container,
            about.Name ?? own,
            about.Version ?? digest.ToString(),
            about.Timestamp
        )
        {
            Digest = digest,
            Url = Url(reference, own, digest, found.Configuration.Platform),
            Properties = properties,
        };
        return (PackageDocument.Create(subject, found.Inventory, other), digest);
    }

    /// <summary>The SBOM of a source tree or an installed system.</summary>
    internal async Task<SbomDocument> OfDirectoryAsync(
        string path,
        SbomAbout about,
        ParseResult parsed,
        Session session,
        CancellationToken cancellation
    )
    {
        var usual = PackageTree.IsInstalledSystem(path) ? PackageSearch.Installed : PackageSearch.Locked;
        var search = Search(parsed, usual);
        var inventory = PackageTree.Read(path, search, cancellation);
        var target = search == PackageSearch.Locked ? TrivyTarget.Directory(path) : TrivyTarget.RootFileSystem(path);
        var other = await AskTrivyAsync(target, inventory, null, parsed, session, cancellation);
        var subject = new PackageSubject(SbomComponentType.Application, about.Name!, about.Version, about.Timestamp);
        return PackageDocument.Create(subject, inventory, other);
    }

    /// <summary>The SBOM of a model or dataset with the packages that its lock files and manifests name.</summary>
    internal static SbomDocument AddPackages(SbomDocument document, string path, CancellationToken cancellation) =>
        PackageDocument.AddTo(document, PackageTree.Read(path, PackageSearch.Locked, cancellation));

    private async Task<OtherPackageList?> AskTrivyAsync(
        TrivyTarget? target,
        PackageInventory inventory,
        RegistryReference? registry,
        ParseResult parsed,
        Session session,
        CancellationToken cancellation
    )
    {
        var foreign = inventory.Gaps.Count(g => g.IsForeign);
        var isAsked = trivy.IsGiven(parsed);
        if (foreign == 0 && !isAsked)
        {
            return null;
        }
        try
        {
            var scanner = trivy.Scanner(parsed, session.Time);
            if (target is null)
            {
                session.Terminal.Warn($"{foreign} files hold packages that only Trivy reads, and Trivy does not read this archive");
                return null;
            }
            var way = registry is null ? null : await trivy.WayToAsync(registry, parsed, cancellation);
            var options = trivy.Options(parsed, way);
            try
            {
                return OtherPackageList.Read("Trivy", await scanner.ListPackagesAsync(target, options, cancellation));
            }
            catch (ScannerException) when (!isAsked && inventory.Gaps.Any(g => g.IsJavaArchive) && !scanner.HasJavaDatabase(options))
            {
                // Trivy fails as a whole where it cannot look up an archive; what else it reads is not lost for that.
                var bytes = await scanner.ListPackagesAsync(target, options with { LeavesOutJavaArchives = true }, cancellation);
                session.Terminal.Warn(
                    "Trivy has no database of Java packages, so Java archives are not looked into, and the SBOM says it is incomplete; "
                        + "run without --offline once, or name a mirror with --java-db-repository"
                );
                return OtherPackageList.Read("Trivy", bytes, leavesOutJavaArchives: true);
            }
        }
        catch (Exception e) when (e is ScannerException or MalformedDataException && !isAsked)
        {
            session.Terminal.Warn($"{foreign} files hold packages that only Trivy reads, so the SBOM says it is incomplete: {WithHint(e)}");
            return null;
        }
    }

    private static string WithHint(Exception e) => e is ScannerException { Hint: { } hint } ? $"{e.Message}; {hint}" : e.Message;

    private PackageSearch Search(ParseResult parsed, PackageSearch usual) =>
        parsed.GetValue(_packages) switch
        {
            "installed" => PackageSearch.Installed,
            "locks" => PackageSearch.Locked,
            "all" => PackageSearch.All,
            _ => usual,
        };

    private static string NameOf(OciReference reference) =>
        reference switch
        {
            RegistryReference registry => registry.Repository[(registry.Repository.LastIndexOf('/') + 1)..],
            LayoutReference layout => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(layout.Directory))),
            ArchiveReference archive => Path.GetFileNameWithoutExtension(archive.File),
            _ => throw new ArgumentException("the reference is of no known kind", nameof(reference)),
        };

    /// <remarks>Spec: package-url, type <c>oci</c>: the name in lower case, and where the image is as a qualifier.</remarks>
    private static PackageUrl Url(OciReference reference, string name, Hashing.Digest digest, Platform? platform) =>
        new PackageUrl("oci", null, name.Length > 0 ? name.ToLowerInvariant() : "image", digest.ToString())
            .With("arch", platform?.Architecture)
            .With("repository_url", reference is RegistryReference registry ? $"{registry.Host}/{registry.Repository}" : null)
            .With("tag", reference.Tag);

    private static bool HasModel(string directory)
    {
        string[] endings =
        [
            ".safetensors",
            ".gguf",
            ".onnx",
            ".pt",
            ".pth",
            ".bin",
            ".keras",
            ".h5",
            ".hdf5",
            ".pkl",
            ".pickle",
            ".joblib",
            ".npy",
            ".npz",
            ".tflite",
            ".pb",
            ".ckpt",
            ".parquet",
            ".arrow",
        ];
        return Directory.EnumerateFiles(directory).Any(f => endings.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase));
    }
}

/// <summary>What the maker of an SBOM calls its subject.</summary>
/// <param name="Name">The name, or null.</param>
/// <param name="Version">The version, or null.</param>
/// <param name="Timestamp">When the SBOM is made.</param>
internal sealed record SbomAbout(string? Name, string? Version, DateTimeOffset Timestamp);
