using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Licenses;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>What a Linux distribution says of itself and of its packages: <c>os-release</c>, dpkg's and apk's databases.</summary>
/// <remarks>Spec: os-release(5); Debian Policy §5 and §7, machine-readable copyright 1.0; apk-installed-db of apk-tools.</remarks>
internal static class DistributionReader
{
    // Where others would guess an owner: these decide whether a language's package is a part of a distribution's.
    private static readonly string[] OwnedEndings = ["/METADATA", "/PKG-INFO", ".egg-info", "/package.json"];

    internal static void OsRelease(PackageFile file, PackageFindings findings)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in PackageText.Lines(file.Content))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && line[0] != '#')
            {
                fields[line[..equals].Trim()] = Unquote(line[(equals + 1)..].Trim());
            }
        }
        // os-release(5): the default of ID is linux.
        var id = PackageText.Word(fields.GetValueOrDefault("ID"))?.ToLowerInvariant() ?? "linux";
        findings.OperatingSystem = new OperatingSystemRelease(
            id,
            PackageText.Word(fields.GetValueOrDefault("VERSION_ID")),
            PackageText.Note(fields.GetValueOrDefault("PRETTY_NAME") ?? fields.GetValueOrDefault("NAME")),
            new SbomOccurrence(file.Path, file.Layer)
        );
    }

    internal static void DpkgStatus(PackageFile file, PackageFindings findings)
    {
        // A distroless image has a file for each package; they are one database all the same.
        var database = file.Path.StartsWith("var/lib/dpkg/", StringComparison.Ordinal) ? "var/lib/dpkg" : PackageText.Folder(file.Path);
        using var lines = PackageText.Lines(file.Content).GetEnumerator();
        for (var more = true; more; )
        {
            var fields = PackageText.Paragraph(lines, out more);
            if (fields.Count == 0)
            {
                continue;
            }
            if (PackageText.Word(fields.GetValueOrDefault("Package")) is not { } name)
            {
                findings.Problem("an entry without a package name");
                continue;
            }
            // The third word is what is; the first is only what is wanted. Unpacked and half-configured packages have their files in place.
            var status = fields.GetValueOrDefault("Status")?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (status is [_, _, "not-installed" or "config-files", ..])
            {
                continue;
            }
            if (PackageText.Word(fields.GetValueOrDefault("Version")) is not { } version)
            {
                findings.Problem($"the package '{name}' has no version");
                continue;
            }
            var architecture = PackageText.Word(fields.GetValueOrDefault("Architecture"));
            var (source, sourceVersion) = Source(fields.GetValueOrDefault("Source"), name, version);
            findings.Add(
                new FoundPackage(new PackageUrl("deb", null, name.ToLowerInvariant(), version).With("arch", architecture))
                {
                    DisplayName = name,
                    Supplier = PackageText.Note(fields.GetValueOrDefault("Maintainer")),
                    Properties = SourceProperties(source, sourceVersion),
                    Provides =
                    [
                        $"deb:{database}:{name}",
                        $"deb:{database}:{name}:{architecture}",
                        .. Relations(fields.GetValueOrDefault("Provides")).Select(r => $"deb:{database}:{r[0]}"),
                    ],
                    Requires =
                    [
                        .. Relations(fields.GetValueOrDefault("Pre-Depends"))
                            .Concat(Relations(fields.GetValueOrDefault("Depends")))
                            .Select(r => r.ConvertAll(n => $"deb:{database}:{n}")),
                    ],
                }
            );
        }
    }

    /// <summary>The files of a package, from <c>info/NAME.list</c> or <c>status.d/NAME.md5sums</c>.</summary>
    internal static void DpkgFiles(PackageFile file, PackageFindings findings)
    {
        var name = PackageText.NameOf(file.Path);
        var package = name[..name.LastIndexOf('.')].Split(':')[0];
        var sums = name.EndsWith(".md5sums", StringComparison.Ordinal);
        foreach (var line in PackageText.Lines(file.Content))
        {
            if (OwnedEndings.Any(e => line.EndsWith(e, StringComparison.Ordinal)))
            {
                var path =
                    sums && line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var blank ? line[blank..].TrimStart(' ', '*') : line;
                findings.Owned.Add((package, path.TrimStart('/')));
            }
        }
    }

    internal static void DebianCopyright(PackageFile file, PackageFindings findings)
    {
        using var lines = PackageText.Lines(file.Content).GetEnumerator();
        var licenses = new List<SbomLicense>();
        var first = true;
        for (var more = true; more; first = false)
        {
            var fields = PackageText.Paragraph(lines, out more);
            if (first && fields.GetValueOrDefault("Format")?.Contains("copyright-format", StringComparison.Ordinal) != true)
            {
                // Not for machines, as many are not. What the licence is, a person would have to read.
                return;
            }
            // The licence's short name is on the first line, its text below. Paragraphs without files only repeat texts.
            var stated = fields.GetValueOrDefault("License")?.Split('\n')[0].Trim();
            if ((first || fields.ContainsKey("Files")) && DebianLicense(stated) is { } license && !licenses.Contains(license))
            {
                licenses.Add(license);
            }
            if (licenses.Count == Limits.SbomListedNames)
            {
                break;
            }
        }
        findings.PackageLicenses = (PackageText.NameOf(PackageText.Folder(file.Path)), licenses);
    }

    internal static void Apk(PackageFile file, PackageFindings findings)
    {
        var fields = new Dictionary<char, string>();
        var folder = "";
        foreach (var line in PackageText.Lines(file.Content).Append(""))
        {
            if (line.Length == 0)
            {
                AddApk(fields, file, findings);
                fields.Clear();
            }
            else if (line.Length > 1 && line[1] == ':')
            {
                var value = line[2..];
                switch (line[0])
                {
                    case 'F':
                        folder = value;
                        break;
                    case 'R':
                        var path = folder.Length > 0 ? $"{folder}/{value}" : value;
                        if (fields.TryGetValue('P', out var owner) && OwnedEndings.Any(e => path.EndsWith(e, StringComparison.Ordinal)))
                        {
                            findings.Owned.Add((owner, path));
                        }
                        break;
                    default:
                        fields.TryAdd(line[0], value);
                        break;
                }
            }
            else
            {
                findings.Problem("a line that is no field");
            }
        }
    }

    private static void AddApk(Dictionary<char, string> fields, PackageFile file, PackageFindings findings)
    {
        if (fields.Count == 0)
        {
            return;
        }
        if (
            PackageText.Word(fields.GetValueOrDefault('P')) is not { } name
            || PackageText.Word(fields.GetValueOrDefault('V')) is not { } version
        )
        {
            findings.Problem("an entry without a name or a version");
            return;
        }
        var database = PackageText.Folder(file.Path);
        List<SbomProperty> properties = [];
        if (PackageText.Word(fields.GetValueOrDefault('o')) is { } origin)
        {
            properties.Add(new SbomProperty(PackagePropertyNames.SourceName, origin));
            properties.Add(new SbomProperty(PackagePropertyNames.SourceVersion, version));
        }
        findings.Add(
            new FoundPackage(
                new PackageUrl("apk", null, name.ToLowerInvariant(), version).With("arch", PackageText.Word(fields.GetValueOrDefault('A')))
            )
            {
                DisplayName = name,
                Supplier = PackageText.Note(fields.GetValueOrDefault('m')),
                Licenses = PackageText.License(fields.GetValueOrDefault('L')),
                Properties = properties,
                Provides = [$"apk:{database}:{name}", .. ApkNames(fields.GetValueOrDefault('p')).Select(n => $"apk:{database}:{n}")],
                Requires =
                [
                    .. ApkNames(fields.GetValueOrDefault('D'))
                        .Where(n => n[0] != '!')
                        .Select(n => (IReadOnlyList<string>)[$"apk:{database}:{n}"]),
                ],
            }
        );
    }

    private static IEnumerable<string> ApkNames(string? text) =>
        (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(t => t.Split('=', '<', '>', '~')[0]).Where(t => t.Length > 0);

    /// <summary>The alternatives of each relation of a field, by name; versions and architectures left out.</summary>
    private static IEnumerable<List<string>> Relations(string? field) =>
        (field ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(relation =>
                relation
                    .Split('|')
                    .Select(a => a.Trim().Split(' ', '(', '[', '<', '\n')[0])
                    .Select(a => a.EndsWith(":any", StringComparison.Ordinal) ? a[..^4] : a)
                    .Where(a => a.Length > 0)
                    .ToList()
            )
            .Where(names => names.Count > 0);

    private static (string Name, string Version) Source(string? field, string name, string version)
    {
        if (field is null)
        {
            return (name, version);
        }
        var open = field.IndexOf('(', StringComparison.Ordinal);
        var source = PackageText.Word((open < 0 ? field : field[..open]).Trim());
        var close = field.IndexOf(')', StringComparison.Ordinal);
        var own = open >= 0 && close > open ? PackageText.Word(field[(open + 1)..close].Trim()) : null;
        return (source ?? name, own ?? version);
    }

    /// <remarks>Debian Policy §5.6.12: epoch, a colon, the version, a hyphen, the revision.</remarks>
    private static List<SbomProperty> SourceProperties(string name, string version)
    {
        var colon = version.IndexOf(':', StringComparison.Ordinal);
        var rest = version[(colon + 1)..];
        var hyphen = rest.LastIndexOf('-');
        List<SbomProperty> properties =
        [
            new(PackagePropertyNames.SourceName, name),
            new(PackagePropertyNames.SourceVersion, hyphen < 0 ? rest : rest[..hyphen]),
        ];
        if (hyphen >= 0)
        {
            properties.Add(new SbomProperty(PackagePropertyNames.SourceRelease, rest[(hyphen + 1)..]));
        }
        if (colon > 0)
        {
            properties.Add(new SbomProperty(PackagePropertyNames.SourceEpoch, version[..colon]));
        }
        return properties;
    }

    /// <summary>A licence by Debian's short names, which are near to SPDX's.</summary>
    private static SbomLicense? DebianLicense(string? stated)
    {
        if (string.IsNullOrEmpty(stated))
        {
            return null;
        }
        var words = stated.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Translate);
        return LicenseParser.Parse(string.Join(' ', words)) is { Name: null } known ? known : LicenseParser.Parse(stated);

        static string Translate(string word)
        {
            var bare = word.TrimEnd(',');
            var spdx = bare switch
            {
                "Expat" => "MIT",
                "and" or "or" or "with" => bare.ToUpperInvariant(),
                "Artistic" => "Artistic-1.0-Perl",
                "BSD-2-clause" or "BSD-3-clause" or "BSD-4-clause" => bare.Replace("clause", "Clause", StringComparison.Ordinal),
                _ when bare.Length > 4 && bare.AsSpan(0, 4) is "GPL-" or "AGPL" or "LGPL" or "GFDL" => Gnu(bare),
                _ => bare,
            };
            return spdx;
        }

        static string Gnu(string name)
        {
            var later = name.EndsWith('+');
            var bare = later ? name[..^1] : name;
            var number = bare[(bare.LastIndexOf('-') + 1)..];
            if (!number.All(c => char.IsAsciiDigit(c) || c == '.'))
            {
                return name;
            }
            // Debian leaves out a zero at the end.
            return $"{bare}{(number.Contains('.', StringComparison.Ordinal) ? "" : ".0")}-{(later ? "or-later" : "only")}";
        }
    }

    private static string Unquote(string value)
    {
        if (value.Length >= 2 && value[0] is '"' or '\'' && value[^1] == value[0])
        {
            value = value[1..^1];
        }
        return value.Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);
    }
}
