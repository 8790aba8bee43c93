using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>Lock files in TOML: Poetry's, uv's, PDM's, <c>pylock.toml</c> and Cargo's.</summary>
/// <remarks>Spec: PEP 751 (pylock.toml); the others are described by their programs alone. Poetry before 1.3 kept hashes in <c>metadata.files</c>.</remarks>
internal static class TomlLockReader
{
    internal static void Python(PackageFile file, PackageFindings findings)
    {
        var toml = TomlText.Parse(file.Content);
        var list = toml["package"] ?? toml["packages"];
        if (list is null)
        {
            // A lock of nothing has only its head.
            if (toml.Members.Count == 0)
            {
                throw new MalformedDataException("lock file", "$", "there is neither a package nor anything else");
            }
            return;
        }
        var apart = toml["metadata"]?["files"];
        foreach (var package in list.Items)
        {
            var name = PackageText.Word(package["name"]?.Scalar);
            if (name is null)
            {
                findings.Problem("an entry without a name");
                continue;
            }
            var source = package["source"];
            if (IsSubject(package, source))
            {
                findings.Direct.AddRange(Asked(package).Select(Named));
                continue;
            }
            var key = $"lock:{file.Path}:{PythonReader.Normal(name)}";
            var version = PackageText.Word(package["version"]?.Scalar);
            findings.Add(
                new FoundPackage(PythonReader.Url(name, version).With("vcs_url", Repository(package, source)))
                {
                    DisplayName = name,
                    Hashes = PackageText.Hashes(HashesOf(package, apart?[name])),
                    Provides = version is null ? [key] : [$"{key}@{version}", key],
                    Requires = [.. Required(package["dependencies"]).Select(Named)],
                    Properties =
                    [
                        .. PackageText.Development(IsDevelopment(file, package)),
                        .. LocalFolder(package, source) is null ? Array.Empty<SbomProperty>() : [PackagePropertyNames.Project],
                    ],
                }
            );
        }

        IEnumerable<string> Named(string required) => [$"lock:{file.Path}:{PythonReader.Normal(required)}"];
    }

    internal static void Cargo(PackageFile file, PackageFindings findings)
    {
        var toml = TomlText.Parse(file.Content);
        if (toml["package"] is null && toml["version"] is null)
        {
            throw new MalformedDataException("Cargo.lock", "$", "there is no package and no version of the format");
        }
        foreach (var package in toml["package"]?.Items ?? [])
        {
            if (
                PackageText.Word(package["name"]?.Scalar) is not { } name
                || PackageText.Word(package["version"]?.Scalar) is not { } version
            )
            {
                findings.Problem("an entry without a name or a version");
                continue;
            }
            var source = package["source"]?.Scalar;
            var git = source?.StartsWith("git+", StringComparison.Ordinal) == true ? source : null;
            findings.Add(
                new FoundPackage(new PackageUrl("cargo", null, name, version).With("vcs_url", git))
                {
                    // What is fetched has a source.
                    Properties = source is null ? [PackagePropertyNames.Project] : [],
                    Hashes = PackageText.Hashes([package["checksum"]?.Scalar is { } checksum ? $"sha256:{checksum}" : null]),
                    Provides = [$"lock:{file.Path}:{name} {version}", $"lock:{file.Path}:{name}"],
                    // A name; with its version where there are several; with its source where even that is not enough.
                    Requires =
                    [
                        .. (package["dependencies"]?.Texts ?? [])
                            .Select(d => string.Join(' ', d.Split(' ').Take(2)))
                            .Select(d => (IReadOnlyList<string>)[$"lock:{file.Path}:{d}"]),
                    ],
                }
            );
        }
    }

    private static IEnumerable<string?> HashesOf(YamlNode package, YamlNode? apart)
    {
        foreach (var file in (package["files"]?.Items ?? []).Concat(package["wheels"]?.Items ?? []).Concat(apart?.Items ?? []))
        {
            yield return file["hash"]?.Scalar ?? Sha256(file);
        }
        yield return package["sdist"]?["hash"]?.Scalar ?? (package["sdist"] is { } sdist ? Sha256(sdist) : null);

        static string? Sha256(YamlNode file) => file["hashes"]?["sha256"]?.Scalar is { } hex ? $"sha256:{hex}" : null;
    }

    /// <summary>The folder whose sources a package is made from, relative to the lock file; null where it is fetched.</summary>
    private static string? LocalFolder(YamlNode package, YamlNode? source) =>
        (source?["editable"] ?? source?["virtual"] ?? source?["directory"])?.Scalar
        ?? (source?["type"]?.Scalar == "directory" ? source["url"]?.Scalar : null)
        ?? package["directory"]?["path"]?.Scalar;

    /// <summary>Whether an entry is the project that the lock file is of, or a part of its workspace: what the subject is, not what it needs.</summary>
    private static bool IsSubject(YamlNode package, YamlNode? source)
    {
        var isLive =
            source?["editable"] is not null || source?["virtual"] is not null || package["directory"]?["editable"]?.Scalar == "true";
        return LocalFolder(package, source) is { } folder
            && (isLive || folder is "." or "./")
            && !folder.StartsWith('/')
            && !folder.Split('/').Contains("..");
    }

    /// <summary>What the project asks for: to run, for its extras, and to be worked on.</summary>
    private static IEnumerable<string> Asked(YamlNode package) =>
        new[] { package["dependencies"] }
            .Concat(new[] { package["optional-dependencies"], package["dev-dependencies"] }.SelectMany(t => t?.Members.Values ?? []))
            .SelectMany(Required);

    /// <summary>Poetry named a category; since its version 1.5 it names the groups of requirements that lead to a package.</summary>
    private static bool IsDevelopment(PackageFile file, YamlNode package) =>
        package["category"]?.Scalar == "dev"
        || (
            PackageText.NameOf(file.Path) == "poetry.lock"
            && package["groups"] is { Items.Count: > 0 } groups
            && !groups.Texts.Contains("main")
        );

    /// <summary>Poetry has a table of names, uv a list of tables, PDM a list of requirements.</summary>
    private static IEnumerable<string> Required(YamlNode? dependencies)
    {
        if (dependencies is null)
        {
            return [];
        }
        return dependencies
            .Members.Keys.Concat(dependencies.Items.Select(i => i["name"]?.Scalar ?? PythonReader.RequiredName(i.Scalar ?? "")))
            .OfType<string>();
    }

    private static string? Repository(YamlNode package, YamlNode? source)
    {
        if (source?["git"]?.Scalar is { } uv)
        {
            return $"git+{uv}";
        }
        if (source?["type"]?.Scalar == "git" && source["url"]?.Scalar is { } poetry)
        {
            return source["resolved_reference"]?.Scalar is { } commit ? $"git+{poetry}@{commit}" : $"git+{poetry}";
        }
        return package["vcs"]?["url"]?.Scalar is { } pylock ? $"git+{pylock}@{package["vcs"]!["commit-id"]?.Scalar}" : null;
    }
}
