using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>The lock files of yarn (1, and 2 and later) and of pnpm (5, 6 and 9).</summary>
/// <remarks>None is specified. Yarn 1 has a form of its own, the others are YAML.</remarks>
internal static class OtherNodeLocks
{
    private const int MaximumValues = 2_000_000;

    internal static void Yarn(PackageFile file, PackageFindings findings)
    {
        var head = FileText.Decode(file.Content.Span[..Math.Min(file.Content.Length, 4096)]);
        if (head.Contains("__metadata:", StringComparison.Ordinal))
        {
            Berry(file, findings);
        }
        else if (head.Contains("yarn lockfile v1", StringComparison.Ordinal))
        {
            First(file, findings);
        }
        else
        {
            throw new MalformedDataException("yarn.lock", "$", "it has the head of no version known here");
        }
    }

    internal static void Pnpm(PackageFile file, PackageFindings findings)
    {
        var yaml = YamlNode.Parse(FileText.Decode(file.Content.Span), MaximumValues);
        if (yaml["lockfileVersion"]?.Scalar is not { } format)
        {
            throw new MalformedDataException("pnpm-lock.yaml", "$", "there is no lockfileVersion");
        }
        var bySlash = format.Split('.')[0] is "5" or "4" or "3";
        // From version 9 on what a package needs is apart, once for each set of its peers.
        var snapshots = yaml["snapshots"]?.Members.ToLookup(s => s.Key.Split('(')[0], s => s.Value, StringComparer.Ordinal);
        foreach (var (key, package) in yaml["packages"]?.Members ?? NoMembers)
        {
            var (name, version) = PnpmKey(key, bySlash);
            name = package["name"]?.Scalar ?? name;
            version = package["version"]?.Scalar ?? version;
            if (NodeReader.Url(name, PackageText.Word(version)) is not { } url)
            {
                findings.Problem($"'{PackageText.Note(key)}' names no package of npm");
                continue;
            }
            var states = snapshots is null ? [package] : snapshots[key];
            findings.Add(
                new FoundPackage(url)
                {
                    DisplayName = name,
                    Hashes = PackageText.Integrity(package["resolution"]?["integrity"]?.Scalar),
                    Properties = PackageText.Development(package["dev"]?.Scalar == "true"),
                    Provides = [$"lock:{file.Path}:{name}@{version}"],
                    Requires =
                    [
                        .. states
                            .SelectMany(s =>
                                (s["dependencies"]?.Members ?? NoMembers).Concat(s["optionalDependencies"]?.Members ?? NoMembers)
                            )
                            .Select(d => PnpmTarget(d.Key, d.Value.Scalar, bySlash))
                            .Distinct(StringComparer.Ordinal)
                            .Select(t => (IReadOnlyList<string>)[$"lock:{file.Path}:{t}"]),
                    ],
                }
            );
        }
    }

    private static readonly Dictionary<string, YamlNode> NoMembers = [];

    private static void Berry(PackageFile file, PackageFindings findings)
    {
        var yaml = YamlNode.Parse(FileText.Decode(file.Content.Span), MaximumValues);
        foreach (var (key, entry) in yaml.Members.Where(m => m.Key != "__metadata"))
        {
            // A part of the workspace.
            if (entry["linkType"]?.Scalar == "soft")
            {
                continue;
            }
            var resolution = entry["resolution"]?.Scalar;
            // The first may be a scope's.
            var at = resolution is { Length: > 0 } ? resolution.IndexOf('@', 1) : -1;
            var name = at > 0 ? resolution![..at] : null;
            if (NodeReader.Url(name, PackageText.Word(entry["version"]?.Scalar)) is not { } url)
            {
                findings.Problem($"'{PackageText.Note(key)}' names no package of npm");
                continue;
            }
            findings.Add(
                new FoundPackage(url)
                {
                    DisplayName = name,
                    Provides = [.. key.Split(',').Select(k => $"lock:{file.Path}:{k.Trim()}")],
                    Requires =
                    [
                        .. (entry["dependencies"]?.Members ?? NoMembers).Select(d =>
                            (IReadOnlyList<string>)
                                [$"lock:{file.Path}:{d.Key}@{d.Value.Scalar}", $"lock:{file.Path}:{d.Key}@npm:{d.Value.Scalar}"]
                        ),
                    ],
                }
            );
        }
    }

    private static void First(PackageFile file, PackageFindings findings)
    {
        List<string> keys = [];
        string? version = null;
        string? integrity = null;
        List<IReadOnlyList<string>> requires = [];
        var inDependencies = false;
        foreach (var line in PackageText.Lines(file.Content).Append("end:"))
        {
            var text = line.TrimStart(' ');
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }
            switch (line.Length - text.Length)
            {
                case 0:
                    Add();
                    (version, integrity, requires, inDependencies) = (null, null, [], false);
                    keys = text.EndsWith(':')
                        ? [.. text[..^1].Split(',').Select(Unquote)]
                        : throw new MalformedDataException("yarn.lock", "$", "a line without indentation that opens no entry");
                    break;
                case 2:
                    inDependencies = text is "dependencies:" or "optionalDependencies:";
                    version = Value("version ") ?? version;
                    integrity = Value("integrity ") ?? integrity;
                    break;
                case 4 when inDependencies:
                    // A name with a scope is in quotes.
                    var cut = text[0] == '"' ? text.IndexOf('"', 1) + 1 : text.IndexOf(' ', StringComparison.Ordinal);
                    if (cut > 0)
                    {
                        requires.Add([$"lock:{file.Path}:{Unquote(text[..cut])}@{Unquote(text[cut..])}"]);
                    }
                    break;
            }

            string? Value(string field) => text.StartsWith(field, StringComparison.Ordinal) ? Unquote(text[field.Length..]) : null;
        }

        void Add()
        {
            if (keys.Count == 0)
            {
                return;
            }
            // alias@npm:name@range is a package under another's name.
            var key = keys[0];
            var alias = key.IndexOf("@npm:", StringComparison.Ordinal);
            var wanted = alias > 0 ? key[(alias + 5)..] : key;
            var at = wanted.IndexOf('@', Math.Min(1, wanted.Length));
            var name = at > 0 ? wanted[..at] : wanted;
            if (version is null || NodeReader.Url(name, PackageText.Word(version)) is not { } url)
            {
                findings.Problem($"'{PackageText.Note(key)}' has no version, or is no name that npm takes");
                return;
            }
            findings.Add(
                new FoundPackage(url)
                {
                    DisplayName = name,
                    Hashes = PackageText.Integrity(integrity),
                    Provides = keys.ConvertAll(k => $"lock:{file.Path}:{k}"),
                    Requires = requires,
                }
            );
        }
    }

    private static string Unquote(string text) => text.Trim().Trim('"');

    /// <summary>Name and version of a key: <c>/name/1.0.0_peer</c> up to version 5, <c>/name@1.0.0(peer)</c> in 6, and the same without a slash in 9.</summary>
    private static (string? Name, string? Version) PnpmKey(string key, bool bySlash)
    {
        var text = key.Split('(')[0].TrimStart('/');
        if (bySlash)
        {
            // The peers after an underscore may have slashes and signs of their own.
            var parts = text.Split('_')[0] is var plain && text.StartsWith('@') ? plain.Split('/', 3) : plain.Split('/', 2);
            return parts.Length == (text.StartsWith('@') ? 3 : 2) ? (string.Join('/', parts[..^1]), parts[^1]) : (null, null);
        }
        var at = text.LastIndexOf('@');
        return at > 0 ? (text[..at], text[(at + 1)..]) : (null, null);
    }

    private static string PnpmTarget(string name, string? version, bool bySlash)
    {
        var plain = (version ?? "").Split('(')[0];
        // An alias, or in older files any package whose key differs: the whole key stands in place of the version.
        if (plain.StartsWith('/') || (!bySlash && plain.LastIndexOf('@') > 0))
        {
            var (other, own) = PnpmKey(plain, bySlash);
            return $"{other}@{own}";
        }
        return $"{name}@{plain.Split('_')[0]}";
    }
}
