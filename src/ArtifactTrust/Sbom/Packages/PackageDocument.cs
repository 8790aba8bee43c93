using System.Globalization;
using System.Security.Cryptography;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.Sbom.Packages;

/// <summary>What packages were looked for in.</summary>
/// <param name="Type"><see cref="SbomComponentType.Container"/> or <see cref="SbomComponentType.Application"/>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version; null where it has none.</param>
/// <param name="Timestamp">When the SBOM is made, to the second; see <see cref="SbomTime"/>.</param>
public sealed record PackageSubject(SbomComponentType Type, string Name, string? Version, DateTimeOffset Timestamp)
{
    /// <summary>The digest of an image's manifest; null outside of images.</summary>
    public Digest? Digest { get; init; }

    /// <summary>The package URL of an image, or null.</summary>
    public PackageUrl? Url { get; init; }

    /// <summary>What else is known of it.</summary>
    public IReadOnlyList<SbomProperty> Properties { get; init; } = [];
}

/// <summary>Makes SBOMs of the packages of images and source trees.</summary>
public static class PackageDocument
{
    private const int NamedGaps = 200;

    /// <summary>The SBOM of an image or a source tree.</summary>
    /// <param name="subject">What the packages are in.</param>
    /// <param name="inventory">The packages found here.</param>
    /// <param name="other">The packages another program found, where one was asked: those unknown here are added, and a file of a foreign format in which it found some is no gap.</param>
    /// <remarks>The same input gives the same document. Dependencies lead from the subject to its distribution and direct dependencies, and between packages.</remarks>
    public static SbomDocument Create(PackageSubject subject, PackageInventory inventory, OtherPackageList? other = null)
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentNullException.ThrowIfNull(inventory);
        if (subject.Type is not (SbomComponentType.Container or SbomComponentType.Application))
        {
            throw new ArgumentException("packages are listed of a container or an application", nameof(subject));
        }
        var gaps = Remaining(inventory.Gaps, other);
        var components = new List<SbomComponent>();
        var dependencies = new List<SbomDependency>();
        var root = new SbomComponent(subject.Type, subject.Url?.ToString() ?? $"application:{subject.Name}", subject.Name)
        {
            Version = subject.Version,
            Digest = subject.Digest,
            PackageUrl = subject.Url?.ToString(),
            Properties = [.. subject.Properties, .. GapProperties(gaps)],
        };
        var others = other is null ? [] : Unknown(inventory, other);
        var packages = Components(inventory, others);
        var ofSystem = packages.Where(p => IsOfDistribution(PackageUrl.Parse(p.PackageUrl!))).Select(p => p.Reference!).ToList();
        List<string> own = [.. packages.Select(p => p.Reference!).Except(ofSystem, StringComparer.Ordinal)];
        var between = Dependencies([.. inventory.Packages, .. others], packages);
        var direct = DirectDependencies.Of(own, inventory.Direct, between);
        if (inventory.OperatingSystem is { } system)
        {
            var component = Component(system);
            components.Add(component);
            direct.Insert(0, component.Reference!);
            dependencies.Add(new SbomDependency(component.Reference!, ofSystem));
        }
        else
        {
            direct.InsertRange(0, ofSystem);
        }
        components.AddRange(packages);
        dependencies.Insert(0, new SbomDependency(root.Reference!, direct));
        dependencies.AddRange(between);
        return Numbered(
            new SbomDocument(
                Guid.Empty,
                subject.Timestamp,
                SbomBuilder.ToolVersion,
                root,
                components,
                dependencies,
                gaps.Count == 0 ? [root.Reference!] : []
            )
            {
                IncompleteAssemblies = gaps.Count > 0 ? [root.Reference!] : [],
            }
        );
    }

    /// <summary>The SBOM of a model or dataset with the packages that its files ask for.</summary>
    /// <param name="document">The SBOM of the model or dataset.</param>
    /// <param name="inventory">The packages; an empty list changes nothing.</param>
    public static SbomDocument AddTo(SbomDocument document, PackageInventory inventory)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(inventory);
        if (inventory.Packages.Count == 0 && inventory.Gaps.Count == 0)
        {
            return document;
        }
        var packages = Components(inventory, []);
        var between = Dependencies(inventory.Packages, packages);
        var direct = DirectDependencies.Of([.. packages.Select(p => p.Reference!)], inventory.Direct, between);
        var subject = document.Subject with { Properties = [.. document.Subject.Properties, .. GapProperties(inventory.Gaps)] };
        var dependencies = document
            .Dependencies.Select(d => d.Reference == subject.Reference ? new SbomDependency(d.Reference, [.. d.DependsOn, .. direct]) : d)
            .Concat(between);
        return Numbered(
            document with
            {
                Components = [subject, .. document.Components.Skip(1), .. packages],
                Dependencies = [.. dependencies],
                // All files of the model are listed; what it is loaded with is not.
                IncompleteAssemblies = inventory.Gaps.Count > 0 ? [document.Root.Reference!] : [],
            }
        );
    }

    /// <summary>The gaps that the other program did not fill.</summary>
    private static List<PackageGap> Remaining(IReadOnlyList<PackageGap> gaps, OtherPackageList? other) =>
        [
            .. gaps.Where(g => !g.IsForeign || other?.Covers(g) != true)
                .Select(g =>
                    g.IsForeign && other is not null && !(g.IsJavaArchive && other.LeavesOutJavaArchives)
                        ? g with
                        {
                            Reason = $"{g.Reason}, of which {other.Program} names no package",
                        }
                        : g
                ),
        ];

    private static List<SbomComponent> Components(PackageInventory inventory, IReadOnlyList<SoftwarePackage> others) =>
        // Two spellings of one identity may have been told apart by their qualifiers only.
        [
            .. inventory
                .Packages.Concat(others)
                .Select(Component)
                .DistinctBy(c => c.Reference)
                .OrderBy(c => c.Reference, StringComparer.Ordinal),
        ];

    /// <summary>The packages of another program that are unknown here. What is read here is never replaced.</summary>
    private static List<SoftwarePackage> Unknown(PackageInventory inventory, OtherPackageList other)
    {
        var references = inventory
            .Packages.ToLookup(p => p.Url.Identity, p => p.Url.ToString(), StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
        // A distribution's package may hold a language's; both are the same to the one who lists files.
        var contained = inventory
            .Packages.SelectMany(p => p.Properties)
            .Where(p => p.Name == PackagePropertyNames.Contains)
            .Select(p => PackageUrl.ParseOrNull(p.Value)?.Identity ?? p.Value)
            .ToHashSet(StringComparer.Ordinal);
        // Trivy gives all that it finds in databases the type of one distribution, whatever database it was in.
        var ofDistribution = inventory.Packages.Where(p => IsOfDistribution(p.Url)).Select(p => NameAndVersion(p.Url)).ToHashSet();
        var unknown = other
            .Packages.Where(p => !contained.Contains(p.Url.Identity))
            .Where(p => !(IsOfDistribution(p.Url) && ofDistribution.Contains(NameAndVersion(p.Url))))
            .Where(p => references.TryAdd(p.Url.Identity, p.Url.ToString()))
            .ToList();
        var databases = inventory.Gaps.Where(g => g.IsForeign && PackageFormats.IsRpmDatabase(g.Location)).Select(g => g.Location).ToList();
        return
        [
            .. unknown.Select(p => new SoftwarePackage(p.Component.Name, p.Component.Version, p.Url)
            {
                Licenses = p.Component.Licenses,
                DeclaredHashes = [.. p.Component.Hashes.Select(h => new SbomHash(h.Key, h.Value))],
                Occurrences =
                    p.Places.Count == 0 && p.Url.Type == "rpm" ? [.. databases.Select(d => new SbomOccurrence(d, p.Layer))] : p.Places,
                DependsOn = [.. p.DependsOn.Where(references.ContainsKey).Select(i => references[i]).Order(StringComparer.Ordinal)],
                Properties = [.. p.Properties, new SbomProperty(PackagePropertyNames.FoundBy, other.Program)],
            }),
        ];
    }

    private static SbomComponent Component(SoftwarePackage package) =>
        new(SbomComponentType.Library, package.Url.ToString(), package.Name)
        {
            Version = package.Version,
            PackageUrl = package.Url.ToString(),
            Supplier = package.Supplier,
            Licenses = package.Licenses,
            DeclaredHashes = package.DeclaredHashes,
            Occurrences = package.Occurrences,
            Properties = package.Properties,
        };

    private static SbomComponent Component(OperatingSystemRelease system) =>
        new(SbomComponentType.OperatingSystem, $"os:{system.Id}@{system.Version}", system.Id)
        {
            Version = system.Version,
            Description = system.Name,
            Occurrences = [system.Occurrence],
        };

    private static List<SbomDependency> Dependencies(IReadOnlyList<SoftwarePackage> all, List<SbomComponent> packages)
    {
        var known = all.ToDictionary(p => p.Url.ToString(), p => p.DependsOn, StringComparer.Ordinal);
        return packages.ConvertAll(p => new SbomDependency(p.Reference!, known.GetValueOrDefault(p.Reference!) ?? []));
    }

    private static IEnumerable<SbomProperty> GapProperties(IReadOnlyList<PackageGap> gaps)
    {
        foreach (var gap in gaps.Take(NamedGaps))
        {
            yield return new SbomProperty(PackagePropertyNames.Gap, gap.Location.Length > 0 ? $"{gap.Location}: {gap.Reason}" : gap.Reason);
        }
        if (gaps.Count > NamedGaps)
        {
            yield return new SbomProperty(PackagePropertyNames.MoreGaps, (gaps.Count - NamedGaps).ToString(CultureInfo.InvariantCulture));
        }
    }

    private static bool IsOfDistribution(PackageUrl url) => url.Type is "deb" or "apk" or "rpm";

    /// <summary>The name, and the version without an epoch, which some write elsewhere.</summary>
    private static (string Name, string? Version) NameAndVersion(PackageUrl url) =>
        (url.Name, url.Version?[(url.Version.IndexOf(':', StringComparison.Ordinal) + 1)..]);

    /// <summary>The document with a UUID of version 8 over everything that is in it.</summary>
    /// <remarks>Spec: RFC 9562 §5.8.</remarks>
    private static SbomDocument Numbered(SbomDocument document)
    {
        using var hash = new HashStream();
        CycloneDxJsonWriter.Write(document with { SerialNumber = Guid.Empty }, hash);
        var uuid = hash.ToHash().AsSpan(0, 16);
        uuid[6] = (byte)((uuid[6] & 0x0f) | 0x80);
        uuid[8] = (byte)((uuid[8] & 0x3f) | 0x80);
        return document with { SerialNumber = new Guid(uuid, bigEndian: true) };
    }

    /// <summary>Hashes what is written to it.</summary>
    private sealed class HashStream : Stream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        internal byte[] ToHash() => _hash.GetHashAndReset();

        public override void Write(byte[] buffer, int offset, int count) => _hash.AppendData(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => _hash.AppendData(buffer);

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _hash.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
