using ArtifactTrust.Sbom.Packages.Readers;

namespace ArtifactTrust.Sbom.Packages;

/// <summary>Reads what a file says of packages.</summary>
/// <exception cref="Formats.MalformedDataException">The file cannot be read; what was added before stays.</exception>
internal delegate void PackageReader(PackageFile file, PackageFindings findings);

/// <summary>Which files say something about packages, by their paths.</summary>
internal static class PackageFormats
{
    private static readonly string[] RpmFolders = ["var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/"];

    private static readonly string[] JavaEndings = [".jar", ".war", ".ear", ".par"];

    // Lock files that are not read here, and what they are of.
    private static readonly Dictionary<string, string> ForeignLocks = new(StringComparer.Ordinal)
    {
        ["pom.xml"] = "Maven",
        ["gradle.lockfile"] = "Gradle",
        ["build.sbt.lock"] = "sbt",
        ["composer.lock"] = "PHP Composer",
        ["Gemfile.lock"] = "Ruby gems",
        ["Package.resolved"] = "Swift",
        ["Podfile.lock"] = "CocoaPods",
        ["pubspec.lock"] = "Dart",
        ["mix.lock"] = "Elixir",
        ["conan.lock"] = "Conan",
        ["bun.lock"] = "bun",
        ["bun.lockb"] = "bun",
        ["packages.config"] = "NuGet (packages.config)",
        ["environment.yml"] = "conda environment",
        ["environment.yaml"] = "conda environment",
    };

    // Manifests, and the lock files that say what they lead to.
    private static readonly Dictionary<string, string[]> Manifests = new(StringComparer.Ordinal)
    {
        ["package.json"] = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"],
        ["pyproject.toml"] = ["poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "Pipfile.lock"],
        ["setup.py"] = ["poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "Pipfile.lock"],
        ["Pipfile"] = ["Pipfile.lock"],
        ["Cargo.toml"] = ["Cargo.lock"],
        [".csproj"] = ["packages.lock.json"],
        [".fsproj"] = ["packages.lock.json"],
    };

    /// <summary>The reader of a file that tells what is installed, or null.</summary>
    internal static PackageReader? Installed(string path)
    {
        var name = PackageText.NameOf(path);
        switch (name)
        {
            case "METADATA" when PackageText.Folder(path).EndsWith(".dist-info", StringComparison.Ordinal):
            case "PKG-INFO"
                when PackageText.Folder(path) is var f
                    && (f.EndsWith(".egg-info", StringComparison.Ordinal) || f.EndsWith("EGG-INFO", StringComparison.Ordinal)):
                return PythonReader.Metadata;
            case "package.json":
                return NodeReader.Installed;
            case "os-release" when path is "etc/os-release" or "usr/lib/os-release":
                return DistributionReader.OsRelease;
            case "installed" when path is "lib/apk/db/installed" or "usr/lib/apk/db/installed":
                return DistributionReader.Apk;
            case "status" when path == "var/lib/dpkg/status":
                return DistributionReader.DpkgStatus;
            case "copyright" when path.StartsWith("usr/share/doc/", StringComparison.Ordinal) && path.AsSpan().Count('/') == 4:
                return DistributionReader.DebianCopyright;
        }
        if (path.StartsWith("var/lib/dpkg/", StringComparison.Ordinal))
        {
            var inStatus = path.StartsWith("var/lib/dpkg/status.d/", StringComparison.Ordinal);
            if (inStatus ? name.EndsWith(".md5sums", StringComparison.Ordinal) : name.EndsWith(".list", StringComparison.Ordinal))
            {
                return DistributionReader.DpkgFiles;
            }
            return inStatus && name.Length > 0 ? DistributionReader.DpkgStatus : null;
        }
        if (name.EndsWith(".egg-info", StringComparison.Ordinal))
        {
            return PythonReader.Metadata;
        }
        if (name.EndsWith(".deps.json", StringComparison.Ordinal))
        {
            return DotNetReader.Dependencies;
        }
        return
            name.EndsWith(".json", StringComparison.Ordinal)
            && name.Length > 5
            && PackageText.NameOf(PackageText.Folder(path)) == "conda-meta"
            ? PythonReader.Conda
            : null;
    }

    /// <summary>The reader of a file that tells what is to be installed, or null.</summary>
    internal static PackageReader? Locked(string path)
    {
        var name = PackageText.NameOf(path);
        return name switch
        {
            "package-lock.json" or "npm-shrinkwrap.json" => NodeReader.PackageLock,
            "yarn.lock" => OtherNodeLocks.Yarn,
            "pnpm-lock.yaml" => OtherNodeLocks.Pnpm,
            "poetry.lock" or "uv.lock" or "pdm.lock" or "pylock.toml" => TomlLockReader.Python,
            "Pipfile.lock" => PythonReader.PipfileLock,
            "Cargo.lock" => TomlLockReader.Cargo,
            "packages.lock.json" => DotNetReader.Lock,
            "go.mod" => GoModReader.Read,
            _ when name.StartsWith("requirements", StringComparison.Ordinal) && name.EndsWith(".txt", StringComparison.Ordinal) =>
                RequirementsReader.Read,
            _ when name.StartsWith("pylock.", StringComparison.Ordinal) && name.EndsWith(".toml", StringComparison.Ordinal) =>
                TomlLockReader.Python,
            _ when name.EndsWith(".deps.json", StringComparison.Ordinal) => DotNetReader.Dependencies,
            _ => null,
        };
    }

    /// <summary>Why a file of an installed system may hold packages that are not read here, or null.</summary>
    internal static string? ForeignInstalled(string path)
    {
        if (IsJavaArchive(path))
        {
            return "a Java archive";
        }
        if (IsRpmDatabase(path))
        {
            return "a database of rpm packages";
        }
        var name = PackageText.NameOf(path);
        return name switch
        {
            "installed.json" when path.EndsWith("vendor/composer/installed.json", StringComparison.Ordinal) => "packages of PHP Composer",
            "Manifest.toml" => "packages of Julia",
            _ when name.EndsWith(".gemspec", StringComparison.Ordinal)
                    && PackageText.NameOf(PackageText.Folder(path)) is "specifications" or "default" => "a Ruby gem",
            _ when name.EndsWith(".egg", StringComparison.Ordinal) => "a Python egg",
            _ => null,
        };
    }

    /// <summary>Whether a file says which rpm packages are installed.</summary>
    internal static bool IsJavaArchive(string path) => JavaEndings.Any(e => path.EndsWith(e, StringComparison.OrdinalIgnoreCase));

    internal static bool IsRpmDatabase(string path)
    {
        var name = PackageText.NameOf(path);
        return path == "var/lib/rpmmanifest/container-manifest-2"
            || (name is "Packages" or "Packages.db" or "rpmdb.sqlite" && RpmFolders.Any(f => path == f + name));
    }

    /// <summary>Why a file of a source tree may name packages that are not read here, or null.</summary>
    internal static string? ForeignLock(string path) =>
        ForeignLocks.TryGetValue(PackageText.NameOf(path), out var kind) ? $"packages of {kind}" : null;

    /// <summary>The lock files that a manifest needs for its versions to be fixed; null where the file is no manifest.</summary>
    internal static string[]? LocksOf(string path)
    {
        var name = PackageText.NameOf(path);
        return Manifests.GetValueOrDefault(name)
            ?? (name.EndsWith("proj", StringComparison.Ordinal) ? Manifests.GetValueOrDefault(Path.GetExtension(name)) : null);
    }
}
