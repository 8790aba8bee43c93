using System.Diagnostics;
using ArtifactTrust.EndToEnd.Cli;
using ArtifactTrust.EndToEnd.Sigstore;

namespace ArtifactTrust.EndToEnd.Oci;

/// <summary>The table of <c>docs/interop.md</c> is what happens: every kind of key, form and evidence, on two registries, both ways with cosign.</summary>
public sealed class InteropTableTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [SigstoreTheory("cosign", "crane", "oras", "docker-registry")]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("P-521")]
    [InlineData("RSA-2048")]
    [InlineData("RSA-3072")]
    [InlineData("Ed25519")]
    [InlineData("own-CA")]
    [InlineData("keyless")]
    public async Task Every_cell_of_the_table_is_what_happens(string key)
    {
        await using var registry = await DockerRegistry.StartAsync();
        var script = Path.Join(Repository.Root, "tests", "interop-images.sh");
        var referrers = new Uri(SigstoreStack.Url("registry_ref")).Authority;
        var start = new ProcessStartInfo("bash", [script]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{Path.GetDirectoryName(Peers.Find("cosign"))}:{start.Environment["PATH"]}";
        start.Environment["REGISTRIES"] = $"docker-registry={registry.Host} referrers={referrers}";
        start.Environment["ARTIFACT_TRUST"] = string.Join(' ', Tool.Start);
        start.Environment["ARTIFACT_TRUST_SIGSTORE"] = Path.GetDirectoryName(SigstoreStack.File("trusted_root.json"));
        start.Environment["KEYS"] = key;
        using var process = Process.Start(start)!;
        using var timeout = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var errors = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"the script did not end within {Patience}");
        }
        var table = await File.ReadAllLinesAsync(Path.Join(Repository.Root, "docs", "interop.md"));
        var expected = Cells(
            table.Where(l =>
                !l.StartsWith("| ", StringComparison.Ordinal)
                || l.StartsWith("| key |", StringComparison.Ordinal)
                || l.StartsWith($"| {key} |", StringComparison.Ordinal)
            )
        );
        var actual = Cells((await output).Split('\n'));
        Assert.True(expected.Count == 2 * 2 * 4, $"the committed table has {expected.Count} cells for {key}");
        var differences = expected
            .Keys.Union(actual.Keys)
            .Where(c => expected.GetValueOrDefault(c) != actual.GetValueOrDefault(c))
            .Select(c => $"{c}: '{expected.GetValueOrDefault(c)}' is in the table, '{actual.GetValueOrDefault(c)}' happened");
        Assert.Empty(differences);
        Assert.True(process.ExitCode == 0, await errors);
    }

    /// <summary>The cells by registry, key, form and evidence.</summary>
    private static Dictionary<string, string> Cells(IEnumerable<string> lines)
    {
        var cells = new Dictionary<string, string>(StringComparer.Ordinal);
        var registry = "";
        string[] heading = [];
        foreach (var line in lines)
        {
            if (line.StartsWith("## Registry: ", StringComparison.Ordinal))
            {
                registry = line["## Registry: ".Length..];
            }
            else if (line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| -", StringComparison.Ordinal))
            {
                var row = line.Split('|', StringSplitOptions.TrimEntries)[1..^1];
                if (row[0] == "key")
                {
                    heading = row;
                }
                else
                {
                    for (var i = 2; i < row.Length; i++)
                    {
                        cells[$"{registry}, {row[0]}, {row[1]}, {heading[i]}"] = row[i];
                    }
                }
            }
        }
        return cells;
    }
}
