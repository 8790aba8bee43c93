using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Data;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Scanning.Secrets;

namespace ArtifactTrust.Cli.Scans;

/// <summary>What our own scanners found in local files.</summary>
/// <param name="Reports">Their reports, in the order they are told in.</param>
/// <param name="Model">The look for code, where there was one.</param>
/// <param name="Data">The look for data about people, where there was one.</param>
internal sealed record LocalScans(IReadOnlyList<ScanReport> Reports, ModelScanReport? Model, DataScanReport? Data)
{
    internal static LocalScans None { get; } = new([], null, null);

    /// <summary>Looks into a file or the files of a directory: for code where there are rules for it, always for secrets, for data about people where asked.</summary>
    /// <exception cref="CliException">The directory has no files.</exception>
    internal static LocalScans Run(
        Session session,
        Subject subject,
        Func<string, IgnoreRules> rules,
        string name,
        ModelScanRules? code,
        bool forPeople,
        CancellationToken cancellation
    )
    {
        var models = new ModelScanner(code, session.Time);
        var secrets = new SecretScanner(session.Time);
        var people = new DataScanner(session.Time);
        if (subject is Subject.LocalFile file)
        {
            using var opened = ArtifactFile.Open(file.Path, null, cancellation);
            using var stream = new FileStream(opened.Handle, FileAccess.Read, bufferSize: 0);
            return Of(
                code is not null ? models.Scan(opened.Name, stream, cancellation) : null,
                secrets.Scan(opened.Name, stream, name, cancellation),
                forPeople ? people.Scan(opened.Name, stream, cancellation) : null,
                name
            );
        }
        var path = ((Subject.LocalDirectory)subject).Path;
        // The files of a cache of models are links to where its bytes are. Whoever scans vouches for what was read, not for a tree.
        using var tree = FileTree.OpenToLook(path);
        var files = tree.ListAll(rules(path));
        if (files.Count == 0)
        {
            throw CliException.Rejected("empty-directory", $"the directory '{tree.Path}' has no files");
        }
        var total = files.Sum(f => f.Size);
        T Watched<T>(string what, Func<IProgress<long>, T> scan) => session.Terminal.WithProgress($"{what} {tree.Name}", total, scan);
        return Of(
            code is not null ? Watched("scanning", p => models.Scan(tree, files, p, cancellation)) : null,
            secrets.Scan(tree, files, name, cancellation),
            forPeople ? Watched("looking through", p => people.Scan(tree, files, p, cancellation)) : null,
            name
        );
    }

    /// <summary>The same, with each finding saying which layer of an artifact its file is, or was in.</summary>
    internal LocalScans In(IReadOnlyDictionary<string, Digest> layers)
    {
        IReadOnlyList<Finding> Place(IReadOnlyList<Finding> findings) =>
            [
                .. findings.Select(f =>
                    layers.TryGetValue(f.Target, out var layer)
                        ? f with
                        {
                            Location = f.Location is null ? $"layer {layer}" : $"{f.Location}, layer {layer}",
                        }
                        : f
                ),
            ];

        return this with
        {
            Reports = [.. Reports.Select(r => r with { Findings = Place(r.Findings) })],
            Model = Model is null ? null : Model with { Files = [.. Model.Files.Select(f => f with { Findings = Place(f.Findings) })] },
        };
    }

    private static LocalScans Of(ModelScanReport? model, ScanReport secrets, DataScanReport? data, string name) =>
        new([.. new[] { model?.ToScanReport(name), secrets, data?.ToScanReport(name) }.OfType<ScanReport>()], model, data);
}
