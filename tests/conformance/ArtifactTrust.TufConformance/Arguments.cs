namespace ArtifactTrust.TufConformance;

/// <summary>The command line of theupdateframework/tuf-conformance (CLIENT-CLI.md): options in any order, then or before them a command.</summary>
internal sealed record Arguments(
    string Command,
    string MetadataDirectory,
    string? TrustedRoot,
    string? MetadataUrl,
    string? TargetUrl,
    string? TargetDirectory,
    IReadOnlyList<string> TargetNames
)
{
    internal static Arguments Parse(string[] args)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        var names = new List<string>();
        var words = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                words.Add(args[i]);
                continue;
            }
            var value = i + 1 < args.Length ? args[i + 1] : throw new ArgumentException($"{args[i]} needs a value");
            if (args[i] is "--target-name")
            {
                names.Add(value);
            }
            else if (
                args[i] is not ("--metadata-dir" or "--metadata-url" or "--target-base-url" or "--target-dir")
                || !options.TryAdd(args[i], value)
            )
            {
                throw new ArgumentException($"{args[i]} is not known, or given twice");
            }
            i++;
        }
        var isKnown = words is ["init", _] or ["refresh"] or ["download"];
        return isKnown && options.TryGetValue("--metadata-dir", out var directory)
            ? new Arguments(
                words[0],
                directory,
                words.Count > 1 ? words[1] : null,
                options.GetValueOrDefault("--metadata-url"),
                options.GetValueOrDefault("--target-base-url"),
                options.GetValueOrDefault("--target-dir"),
                names
            )
            : throw new ArgumentException("usage: --metadata-dir DIR ... (init ROOT | refresh | download)");
    }

    internal static string Required(string? value, string option) => value ?? throw new ArgumentException($"{option} is required");
}
