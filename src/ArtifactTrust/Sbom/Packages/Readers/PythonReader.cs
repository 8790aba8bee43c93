using System.Text.RegularExpressions;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Licenses;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>Python packages: installed (<c>dist-info</c>, <c>egg-info</c>), locked by pipenv, and conda's.</summary>
/// <remarks>Spec: Core metadata 2.4; PEP 503 (names), 508 (requirements); conda's prefix records.</remarks>
internal static partial class PythonReader
{
    private static readonly Dictionary<string, string> Classifiers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["MIT License"] = "MIT",
        ["MIT No Attribution License (MIT-0)"] = "MIT-0",
        ["Apache Software License"] = "Apache-2.0",
        ["BSD License"] = "",
        ["ISC License (ISCL)"] = "ISC",
        ["Python Software Foundation License"] = "PSF-2.0",
        ["Mozilla Public License 2.0 (MPL 2.0)"] = "MPL-2.0",
        ["GNU General Public License v2 (GPLv2)"] = "GPL-2.0-only",
        ["GNU General Public License v2 or later (GPLv2+)"] = "GPL-2.0-or-later",
        ["GNU General Public License v3 (GPLv3)"] = "GPL-3.0-only",
        ["GNU General Public License v3 or later (GPLv3+)"] = "GPL-3.0-or-later",
        ["GNU Lesser General Public License v2 or later (LGPLv2+)"] = "LGPL-2.0-or-later",
        ["GNU Lesser General Public License v3 (LGPLv3)"] = "LGPL-3.0-only",
        ["GNU Lesser General Public License v3 or later (LGPLv3+)"] = "LGPL-3.0-or-later",
        ["GNU Affero General Public License v3"] = "AGPL-3.0-only",
        ["GNU Affero General Public License v3 or later (AGPLv3+)"] = "AGPL-3.0-or-later",
        ["zlib/libpng License"] = "Zlib",
        ["The Unlicense (Unlicense)"] = "Unlicense",
        ["Boost Software License 1.0 (BSL-1.0)"] = "BSL-1.0",
        ["Zope Public License"] = "",
    };

    /// <summary>A package URL of PyPI.</summary>
    /// <remarks>Spec: package-url, type <c>pypi</c>: lower case, and hyphens for underscores.</remarks>
    internal static PackageUrl Url(string name, string? version) => new("pypi", null, name.ToLowerInvariant().Replace('_', '-'), version);

    /// <summary>The form in which names are compared.</summary>
    /// <remarks>Spec: PEP 503.</remarks>
    internal static string Normal(string name) => Separators().Replace(name, "-").ToLowerInvariant();

    /// <summary>The name that a requirement starts with, or null.</summary>
    internal static string? RequiredName(string requirement) => Name().Match(requirement) is { Success: true } match ? match.Value : null;

    internal static void Metadata(PackageFile file, PackageFindings findings)
    {
        using var lines = PackageText.Lines(file.Content).GetEnumerator();
        var fields = PackageText.Paragraph(lines, out _, "Classifier", "Requires-Dist", "License-File");
        var name = PackageText.Word(fields.GetValueOrDefault("Name"));
        var version = PackageText.Word(fields.GetValueOrDefault("Version"));
        if (name is null || version is null)
        {
            throw new MalformedDataException("Python metadata", "$", "Name and Version are expected");
        }
        var folder = PackageText.Folder(file.Path);
        // The folder that packages are installed into is above dist-info; a plain egg-info file lies in it.
        var site = PackageText.NameOf(file.Path) is "METADATA" or "PKG-INFO" ? PackageText.Folder(folder) : folder;
        findings.Add(
            new FoundPackage(Url(name, version))
            {
                DisplayName = name,
                Supplier = PackageText.Note(
                    First(fields, "Author")
                        ?? First(fields, "Author-email")
                        ?? First(fields, "Maintainer")
                        ?? First(fields, "Maintainer-email")
                ),
                Licenses = Licenses(fields),
                Provides = [$"pypi:{site}:{Normal(name)}"],
                Requires =
                [
                    .. (fields.GetValueOrDefault("Requires-Dist") ?? "")
                        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                        .Where(r => !IsExtra(r))
                        .Select(RequiredName)
                        .OfType<string>()
                        .Select(n => (IReadOnlyList<string>)[$"pypi:{site}:{Normal(n)}"]),
                ],
                OwnFile = file.Path,
            }
        );
    }

    internal static void PipfileLock(PackageFile file, PackageFindings findings)
    {
        var json = PackageText.JsonObject(file.Content, "Pipfile.lock");
        if (json.MembersOf("_meta").FirstOrDefault() is { Value.ValueKind: System.Text.Json.JsonValueKind.Undefined })
        {
            throw new MalformedDataException("Pipfile.lock", "$._meta", "the member is required");
        }
        foreach (var group in json.EnumerateObject().Where(g => g.Name != "_meta"))
        {
            foreach (var entry in json.MembersOf(group.Name))
            {
                var version = entry.Value.Text("version");
                if (PackageText.Word(entry.Name) is not { } name)
                {
                    findings.Problem("an entry without a name");
                    continue;
                }
                var folder = entry.Value.Text("path");
                if (folder is "." or "./")
                {
                    // The project itself.
                    continue;
                }
                var repository = entry.Value.Text("git") is { } git ? $"git+{git}@{entry.Value.Text("ref")}".TrimEnd('@') : null;
                findings.Add(
                    new FoundPackage(Url(name, PackageText.Word(version?.TrimStart('='))).With("vcs_url", repository))
                    {
                        DisplayName = name,
                        Hashes = PackageText.Hashes(
                            entry
                                .Value.ItemsOf("hashes")
                                .Select(h => h.ValueKind == System.Text.Json.JsonValueKind.String ? h.GetString() : null)
                        ),
                        Properties =
                        [
                            .. PackageText.Development(group.Name == "develop"),
                            .. folder is null ? Array.Empty<SbomProperty>() : [PackagePropertyNames.Project],
                        ],
                    }
                );
            }
        }
    }

    internal static void Conda(PackageFile file, PackageFindings findings)
    {
        var json = PackageText.JsonObject(file.Content, "conda record");
        if (PackageText.Word(json.Text("name")) is not { } name || PackageText.Word(json.Text("version")) is not { } version)
        {
            throw new MalformedDataException("conda record", "$", "name and version are expected");
        }
        var prefix = PackageText.Folder(file.Path);
        var archive = json.Text("fn");
        var type =
            archive?.EndsWith(".conda", StringComparison.Ordinal) == true ? "conda"
            : archive?.EndsWith(".tar.bz2", StringComparison.Ordinal) == true ? "tar.bz2"
            : null;
        findings.Add(
            new FoundPackage(
                new PackageUrl("conda", null, name.ToLowerInvariant(), version)
                    .With("build", PackageText.Word(json.Text("build")))
                    .With("channel", Channel(json.Text("channel")))
                    .With("subdir", PackageText.Word(json.Text("subdir")))
                    .With("type", type)
            )
            {
                DisplayName = name,
                Licenses = PackageText.License(json.Text("license")),
                Hashes = PackageText.Hashes([Prefixed("sha256", json.Text("sha256")), Prefixed("md5", json.Text("md5"))]),
                Provides = [$"conda:{prefix}:{name}"],
                Requires =
                [
                    .. json.ItemsOf("depends")
                        .Where(d => d.ValueKind == System.Text.Json.JsonValueKind.String)
                        .Select(d => (IReadOnlyList<string>)[$"conda:{prefix}:{d.GetString()!.Split(' ')[0]}"]),
                ],
            }
        );

        static string? Prefixed(string algorithm, string? hex) => hex is null ? null : $"{algorithm}:{hex}";

        // The last part of the address names the channel, unless it is the machine's.
        static string? Channel(string? address) =>
            PackageText.Word(
                address
                    ?.TrimEnd('/')
                    .Split('/')
                    .LastOrDefault(p => p is not ("noarch" or "") && !p.StartsWith("linux-", StringComparison.Ordinal))
            );
    }

    private static List<SbomLicense> Licenses(Dictionary<string, string> fields)
    {
        if (LicenseParser.Parse(First(fields, "License-Expression")) is { } expression)
        {
            return [expression];
        }
        var stated = fields.GetValueOrDefault("License");
        // Some put the whole text there, which names nothing.
        var own = stated?.Contains('\n', StringComparison.Ordinal) == true || stated?.Length > 128 ? null : LicenseParser.Parse(stated);
        if (own is { Name: null })
        {
            return [own];
        }
        var classified = (fields.GetValueOrDefault("Classifier") ?? "")
            .Split('\n')
            .Where(c => c.StartsWith("License ::", StringComparison.Ordinal))
            .Select(c => c[(c.LastIndexOf(':') + 1)..].Trim())
            .Where(c => c != "OSI Approved")
            .Select(c => LicenseParser.Parse(Classifiers.GetValueOrDefault(c) is { Length: > 0 } id ? id : c))
            .OfType<SbomLicense>()
            .Distinct()
            .ToList();
        // A name that SPDX knows beats one that it does not.
        return own is not null && classified.All(c => c.Name is not null) ? [own] : classified;
    }

    private static string? First(Dictionary<string, string> fields, string name) =>
        fields.GetValueOrDefault(name)?.Split('\n')[0] is { Length: > 0 } text && text != "UNKNOWN" ? text : null;

    private static bool IsExtra(string requirement) =>
        requirement.IndexOf(';', StringComparison.Ordinal) is >= 0 and var mark
        && requirement.AsSpan(mark).Contains("extra", StringComparison.Ordinal);

    [GeneratedRegex(@"[-_.]+", RegexOptions.CultureInvariant)]
    private static partial Regex Separators();

    [GeneratedRegex(@"\A[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}[A-Za-z0-9])?", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
