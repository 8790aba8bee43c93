using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning;

namespace ArtifactTrust.Cli.Tools;

/// <summary>Trivy's answer: whether there is one, whether it can be read, and whether it is about what was asked.</summary>
internal static class TrivyAnswer
{
    /// <summary>Takes any exit code but zero for a failure.</summary>
    /// <param name="result">How it ended.</param>
    /// <param name="task">What it was to do, behind "could not".</param>
    /// <exception cref="ScannerException">It failed.</exception>
    internal static void ThrowOnFailure(ToolResult result, string task)
    {
        if (result.ExitCode != 0)
        {
            throw new ScannerException(
                $"Trivy could not {task} (exit code {result.ExitCode})",
                TrivyHints.For(result.ErrorExcerpt),
                result.ErrorExcerpt.Length > 0 ? result.ErrorExcerpt : null
            );
        }
    }

    /// <summary>Reads the file that Trivy wrote.</summary>
    /// <exception cref="ScannerException">There is none, or it is too long.</exception>
    internal static byte[] Read(string path, ToolResult result)
    {
        try
        {
            return BoundedFile.Read(path, "Trivy report", Limits.ScanReportBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            throw new ScannerException($"Trivy ended well, but there is no report to read: {e.Message}", null, result.ErrorExcerpt, e);
        }
    }

    /// <summary>Reads a report.</summary>
    /// <exception cref="ScannerException">It is none.</exception>
    internal static TrivyReport ReadReport(byte[] raw)
    {
        try
        {
            return TrivyReport.Parse(raw);
        }
        catch (MalformedDataException e)
        {
            throw new ScannerException($"Trivy ended well, but its report cannot be read: {e.Message}", innerException: e);
        }
    }

    /// <summary>Checks that the report is about the image that was asked for.</summary>
    /// <exception cref="ScannerException">It is about another.</exception>
    internal static void CheckSubject(TrivyTarget target, TrivyReport report)
    {
        if (target.Digest is not { } digest)
        {
            return;
        }
        var named =
            report.RepoDigests.Count > 0
                ? report.RepoDigests.Any(d => d.EndsWith($"@{digest}", StringComparison.Ordinal))
                : !target.IsRemote;
        if (!named)
        {
            throw new ScannerException(
                $"Trivy's report is about {string.Join(", ", report.RepoDigests.DefaultIfEmpty("no digest"))}, not about {digest}"
            );
        }
        if (target.IsLayout && ConfigurationOf(target.Value, digest) is { } configuration && configuration != report.ImageId)
        {
            throw new ScannerException(
                $"Trivy's report is about the image {report.ImageId ?? "(none)"}, not about {configuration}, the one that {digest} names"
            );
        }
    }

    /// <summary>The configuration that a manifest of an image layout names; null where the manifest is an index or cannot be read.</summary>
    private static string? ConfigurationOf(string layout, Digest digest)
    {
        try
        {
            var bytes = BoundedFile.Read(
                Path.Join(layout, "blobs", digest.Algorithm.Name, digest.Hex),
                "image manifest",
                Limits.OciManifestBytes
            );
            if (!digest.Algorithm.Hash(bytes).Equals(digest))
            {
                throw new ScannerException($"the manifest in '{layout}' is not {digest}");
            }
            var json = StrictJson.Parse(bytes, "image manifest", Limits.OciManifestBytes);
            return json.TryGetProperty("config", out var configuration)
                ? StrictJson.OptionalString(configuration, "digest", "image manifest", "$.config")
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            throw new ScannerException($"the manifest {digest} in '{layout}' cannot be read: {e.Message}", innerException: e);
        }
    }

    /// <summary>Notes what a reader of the report should know of it.</summary>
    internal static void Describe(TrivyReport report, List<string> notes)
    {
        if (report.Platform is { } platform)
        {
            notes.Add($"the image for {platform} was scanned");
        }
        if (report.OperatingSystem is { IsEndOfLife: true } ended)
        {
            notes.Add($"{ended.Family} {ended.Name} is no longer maintained: that nothing is found in it says little");
        }
        if (report.PackageCount == 0)
        {
            notes.Add("no package was recognized");
        }
    }
}
