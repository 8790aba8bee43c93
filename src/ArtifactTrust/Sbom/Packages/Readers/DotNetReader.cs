using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>Packages of .NET: <c>*.deps.json</c> of a built application, and NuGet's <c>packages.lock.json</c>.</summary>
/// <remarks>Spec: .NET, "Runtime configuration files" (deps.json); NuGet, "Enabling lock file".</remarks>
internal static class DotNetReader
{
    internal static void Dependencies(PackageFile file, PackageFindings findings)
    {
        var json = PackageText.JsonObject(file.Content, "deps.json");
        var target =
            json.TryGetProperty("runtimeTarget", out var runtime) && runtime.Text("name") is { } name
                ? json.MembersOf("targets").FirstOrDefault(t => t.Name == name).Value
                : default;
        if (!json.TryGetProperty("libraries", out _))
        {
            throw new MalformedDataException("deps.json", "$.libraries", "the member is required");
        }
        foreach (var library in json.MembersOf("libraries"))
        {
            // What is built from sources has an entry too: the application itself, and the parts of it.
            var isPackage = string.Equals(library.Value.Text("type"), "package", StringComparison.OrdinalIgnoreCase);
            var slash = library.Name.IndexOf('/', StringComparison.Ordinal);
            if (
                slash <= 0
                || PackageText.Word(library.Name[..slash]) is not { } id
                || PackageText.Word(library.Name[(slash + 1)..]) is not { } version
            )
            {
                findings.Problem($"'{PackageText.Note(library.Name)}' is not of the form NAME/VERSION");
                continue;
            }
            var entry =
                target.ValueKind == System.Text.Json.JsonValueKind.Object && target.TryGetProperty(library.Name, out var e) ? e : default;
            findings.Add(
                new FoundPackage(new PackageUrl("nuget", null, id, version))
                {
                    Hashes = PackageText.Integrity(library.Value.Text("sha512")),
                    Properties = isPackage ? [] : [PackagePropertyNames.Project],
                    Provides = [$"deps:{file.Path}:{library.Name}"],
                    Requires =
                    [
                        .. entry.MembersOf("dependencies").Select(d => (IReadOnlyList<string>)[$"deps:{file.Path}:{d.Name}/{Text(d)}"]),
                    ],
                }
            );
        }
    }

    internal static void Lock(PackageFile file, PackageFindings findings)
    {
        var json = PackageText.JsonObject(file.Content, "packages.lock.json");
        if (!json.TryGetProperty("dependencies", out var frameworks) || frameworks.ValueKind != System.Text.Json.JsonValueKind.Object)
        {
            throw new MalformedDataException("packages.lock.json", "$.dependencies", "an object is required");
        }
        foreach (var framework in frameworks.EnumerateObject())
        {
            foreach (var entry in frameworks.MembersOf(framework.Name))
            {
                var prefix = $"lock:{file.Path}:{framework.Name}:";
                var type = entry.Value.Text("type");
                if (string.Equals(type, "Project", StringComparison.OrdinalIgnoreCase))
                {
                    findings.Direct.AddRange(Requires(entry.Value, prefix));
                    continue;
                }
                if (PackageText.Word(entry.Name) is not { } id || PackageText.Word(entry.Value.Text("resolved")) is not { } version)
                {
                    findings.Problem($"'{PackageText.Note(entry.Name)}' has no resolved version");
                    continue;
                }
                var key = prefix + id.ToLowerInvariant();
                if (string.Equals(type, "Direct", StringComparison.OrdinalIgnoreCase))
                {
                    findings.Direct.Add([key]);
                }
                findings.Add(
                    new FoundPackage(new PackageUrl("nuget", null, id, version))
                    {
                        // Of the package without its signature, so it is not always the digest of the file.
                        Hashes = PackageText.Hash("sha512", PackageText.Base64(entry.Value.Text("contentHash") ?? "")) is { } hash
                            ? [hash]
                            : [],
                        Provides = [key],
                        Requires = [.. Requires(entry.Value, prefix)],
                    }
                );
            }
        }
    }

    private static IEnumerable<IEnumerable<string>> Requires(System.Text.Json.JsonElement entry, string prefix) =>
        entry.MembersOf("dependencies").Select(d => (IReadOnlyList<string>)[prefix + d.Name.ToLowerInvariant()]);

    private static string? Text(System.Text.Json.JsonProperty property) =>
        property.Value.ValueKind == System.Text.Json.JsonValueKind.String ? property.Value.GetString() : null;
}
