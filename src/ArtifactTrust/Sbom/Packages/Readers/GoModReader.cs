using System.Globalization;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>The modules that a <c>go.mod</c> asks for. From Go 1.17 on those are all.</summary>
/// <remarks>Spec: Go Modules Reference, "go.mod files".</remarks>
internal static class GoModReader
{
    internal static void Read(PackageFile file, PackageFindings findings)
    {
        var required = new Dictionary<string, (string Version, bool Indirect)>(StringComparer.Ordinal);
        var replaced = new List<(string Path, string? Version, string NewPath, string? NewVersion)>();
        string? block = null;
        string? module = null;
        string? language = null;
        foreach (var line in PackageText.Lines(file.Content))
        {
            var comment = line.IndexOf("//", StringComparison.Ordinal);
            var indirect = comment >= 0 && line[(comment + 2)..].Trim().StartsWith("indirect", StringComparison.Ordinal);
            var words = (comment < 0 ? line : line[..comment])
                .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                .Select(w => w.Trim('"', '`'))
                .ToArray();
            if (words.Length == 0)
            {
                continue;
            }
            if (block is not null && words[0] == ")")
            {
                block = null;
                continue;
            }
            if (block is null && words is [_, "("])
            {
                block = words[0];
                continue;
            }
            string[] directive = block is null ? words : [block, .. words];
            switch (directive)
            {
                case ["module", var path]:
                    module = path;
                    break;
                case ["go", var version]:
                    language = version;
                    break;
                case ["require", var path, var version]:
                    required[path] = (version, indirect);
                    break;
                case ["require", ..]:
                    findings.Problem("a require that is not of the form PATH VERSION");
                    break;
                case ["replace", var path, "=>", var target, .. var rest]:
                    replaced.Add((path, null, target, rest.FirstOrDefault()));
                    break;
                case ["replace", var path, var version, "=>", var target, .. var rest]:
                    replaced.Add((path, version, target, rest.FirstOrDefault()));
                    break;
            }
        }
        if (module is null)
        {
            throw new MalformedDataException("go.mod", "$", "it names no module");
        }
        if (
            required.Count > 0
            && (
                language?.Split('.') is not [var major, var minor, ..]
                || (major == "1" && int.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < 17)
            )
        )
        {
            findings.Problem("before Go 1.17 a go.mod leaves out what its modules need");
        }
        foreach (var (path, (version, _)) in required.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            var other = replaced
                .Where(r => r.Path == path && (r.Version is null || r.Version == version))
                .Select(r => (r.NewPath, r.NewVersion))
                .FirstOrDefault();
            // A replacement without a version is a folder.
            var (actualPath, actualVersion) = other is ({ } p, { } v) ? (p, v) : (path, version);
            if (PackageText.Word(actualPath) is not { } name || PackageText.Word(actualVersion) is not { } actual)
            {
                findings.Problem("a module without a name or a version");
                continue;
            }
            var lower = name.ToLowerInvariant();
            var slash = lower.LastIndexOf('/');
            if (slash == lower.Length - 1)
            {
                findings.Problem("a module whose name ends with a slash");
                continue;
            }
            findings.Add(
                new FoundPackage(new PackageUrl("golang", slash < 0 ? null : lower[..slash], lower[(slash + 1)..], actual))
                {
                    DisplayName = name,
                }
            );
        }
    }
}
