using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Licenses;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>Packages of Node.js: installed ones by their <c>package.json</c>, and the lock files of npm.</summary>
/// <remarks>Spec: package.json and package-lock.json (versions 1 to 3) of npm; Node.js, "Loading from node_modules folders".</remarks>
internal static class NodeReader
{
    private const int MaximumNesting = 64;

    private static readonly string[] Groups = ["dependencies", "optionalDependencies", "devDependencies", "peerDependencies"];

    /// <summary>A package URL of npm.</summary>
    /// <remarks>Spec: package-url, type <c>npm</c>: the scope is the namespace; names are in lower case.</remarks>
    internal static PackageUrl? Url(string? name, string? version)
    {
        var lower = PackageText.Word(name)?.ToLowerInvariant();
        return lower?.Split('/') switch
        {
            [{ Length: > 0 } plain] => new PackageUrl("npm", null, plain, version),
            [{ Length: > 1 } scope, { Length: > 0 } plain] when scope[0] == '@' => new PackageUrl("npm", scope, plain, version),
            _ => null,
        };
    }

    internal static void Installed(PackageFile file, PackageFindings findings)
    {
        var json = PackageText.JsonObject(file.Content, "package.json");
        var version = PackageText.Word(json.Text("version"));
        // Without both it only tells Node.js how to load what is beside it.
        if (version is null || json.Text("name") is not { Length: > 0 } name)
        {
            return;
        }
        if (Url(name, version) is not { } url)
        {
            findings.Problem("its name is none that npm takes");
            return;
        }
        var folder = PackageText.Folder(file.Path);
        findings.Add(
            new FoundPackage(url)
            {
                DisplayName = name,
                Supplier = PackageText.Note(
                    json.Text("author") ?? (json.TryGetProperty("author", out var author) ? author.Text("name") : null)
                ),
                Licenses = Licenses(json),
                Provides = [$"npm:{folder}"],
                Requires =
                [
                    .. json.MembersOf("dependencies")
                        .Concat(json.MembersOf("optionalDependencies"))
                        .Take(Limits.SbomListedNames)
                        .Select(d => Candidates("npm:", folder, d.Name)),
                ],
                OwnFile = file.Path,
            }
        );
    }

    internal static void PackageLock(PackageFile file, PackageFindings findings)
    {
        var json = PackageText.JsonObject(file.Content, "npm lock file");
        if (json.TryGetProperty("packages", out var packages) && packages.ValueKind == JsonValueKind.Object)
        {
            Flat(file, packages, findings);
        }
        else if (json.TryGetProperty("dependencies", out var dependencies) && dependencies.ValueKind == JsonValueKind.Object)
        {
            Nested(file, dependencies, "", 0, findings);
        }
        else if (!json.TryGetProperty("lockfileVersion", out _))
        {
            throw new MalformedDataException("npm lock file", "$", "it has no packages and no version of the format");
        }
    }

    /// <summary>Where Node.js looks for a package that the one in a folder asks for, nearest first. Made when asked: they can be many and long.</summary>
    private static IEnumerable<string> Candidates(string prefix, string folder, string name)
    {
        var at = folder;
        for (var i = 0; i < MaximumNesting; i++)
        {
            if (PackageText.NameOf(at) != "node_modules")
            {
                yield return at.Length > 0 ? $"{prefix}{at}/node_modules/{name}" : $"{prefix}node_modules/{name}";
            }
            if (at.Length == 0)
            {
                yield break;
            }
            at = PackageText.Folder(at);
        }
    }

    private static void Flat(PackageFile file, JsonElement packages, PackageFindings findings)
    {
        var prefix = $"lock:{file.Path}:";
        foreach (var entry in packages.EnumerateObject())
        {
            if (entry.Name.Length == 0)
            {
                // The project itself.
                findings.Direct.AddRange(
                    Groups
                        .SelectMany(g => entry.Value.MembersOf(g))
                        .Take(Limits.SbomListedNames)
                        .Select(d => Candidates(prefix, "", d.Name))
                );
                continue;
            }
            // A part of a workspace, which has an entry of its own.
            if (entry.Value.IsTrue("link"))
            {
                continue;
            }
            const string Folder = "node_modules/";
            var at = entry.Name.LastIndexOf(Folder, StringComparison.Ordinal);
            var name = entry.Value.Text("name") ?? (at < 0 ? PackageText.NameOf(entry.Name) : entry.Name[(at + Folder.Length)..]);
            Add(
                findings,
                name,
                entry.Value,
                $"{prefix}{entry.Name}",
                entry
                    .Value.MembersOf("dependencies")
                    .Concat(entry.Value.MembersOf("optionalDependencies"))
                    .Select(d => Candidates(prefix, entry.Name, d.Name))
            );
        }
    }

    private static void Nested(PackageFile file, JsonElement dependencies, string folder, int depth, PackageFindings findings)
    {
        if (depth > MaximumNesting)
        {
            findings.Problem($"nested more than {MaximumNesting} deep");
            return;
        }
        var prefix = $"lock:{file.Path}:";
        foreach (var entry in dependencies.EnumerateObject())
        {
            var place = folder.Length > 0 ? $"{folder}/node_modules/{entry.Name}" : $"node_modules/{entry.Name}";
            Add(
                findings,
                entry.Name,
                entry.Value,
                $"{prefix}{place}",
                entry.Value.MembersOf("requires").Select(d => Candidates(prefix, place, d.Name))
            );
            if (entry.Value.ValueKind == JsonValueKind.Object && entry.Value.TryGetProperty("dependencies", out var inner))
            {
                if (inner.ValueKind == JsonValueKind.Object)
                {
                    Nested(file, inner, place, depth + 1, findings);
                }
            }
        }
    }

    private static void Add(PackageFindings findings, string name, JsonElement entry, string key, IEnumerable<IEnumerable<string>> requires)
    {
        // A part of a workspace lies where it is written.
        var isFetched = key.Contains("node_modules/", StringComparison.Ordinal);
        if (entry.Text("version") is not { } stated)
        {
            if (isFetched)
            {
                findings.Problem($"'{PackageText.Note(name)}' has no version");
            }
            return;
        }
        // npm:other@1.0.0 is a package under another's name; an address stands where there is no version.
        if (stated.StartsWith("npm:", StringComparison.Ordinal) && stated.LastIndexOf('@') is > 4 and var at)
        {
            (name, stated) = (stated[4..at], stated[(at + 1)..]);
        }
        var isAddress = stated.Contains(':', StringComparison.Ordinal) || stated.Contains('/', StringComparison.Ordinal);
        var resolved = entry.Text("resolved");
        var repository = new[] { stated, resolved }.FirstOrDefault(a => a?.StartsWith("git", StringComparison.Ordinal) == true);
        if (Url(name, isAddress ? null : PackageText.Word(stated)) is not { } url)
        {
            findings.Problem($"'{PackageText.Note(name)}' is no name that npm takes");
            return;
        }
        findings.Add(
            new FoundPackage(url.With("vcs_url", repository))
            {
                DisplayName = name,
                Licenses = PackageText.License(entry.Text("license")),
                Hashes = PackageText.Integrity(entry.Text("integrity")),
                Properties =
                [
                    .. PackageText.Development(entry.IsTrue("dev") || entry.IsTrue("devOptional")),
                    .. isFetched ? Array.Empty<SbomProperty>() : [PackagePropertyNames.Project],
                ],
                Provides = [key],
                Requires = [.. requires.Take(Limits.SbomListedNames)],
            }
        );
    }

    private static IReadOnlyList<SbomLicense> Licenses(JsonElement json)
    {
        if (json.TryGetProperty("license", out var license))
        {
            return PackageText.License(license.ValueKind == JsonValueKind.String ? license.GetString() : license.Text("type"));
        }
        return
        [
            .. json.ItemsOf("licenses")
                .Take(Limits.SbomListedNames)
                .Select(l => LicenseParser.Parse(l.ValueKind == JsonValueKind.String ? l.GetString() : l.Text("type")))
                .OfType<SbomLicense>()
                .Distinct(),
        ];
    }
}
