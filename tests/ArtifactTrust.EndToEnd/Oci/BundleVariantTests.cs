using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArtifactTrust.EndToEnd.Cli;
using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Oci;

/// <summary>
/// The last table of <c>docs/interop.md</c> is what happens: what cosign and this say of bundles that are not quite what cosign writes.
/// With APPROVE=1 it is written.
/// </summary>
public sealed class BundleVariantTests : PeerTest
{
    private const string Heading = "## Bundles that cosign does not write";

    private static readonly string Page = Path.Join(Repository.Root, "docs", "interop.md");

    [PeerFact("docker-registry", "cosign")]
    public async Task Every_row_of_the_table_is_what_happens()
    {
        var registry = await StartRegistryAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(Path.Combine(Folder.FullName, "key.pub"), key.ExportSubjectPublicKeyInfoPem());
        var rows = new ConcurrentDictionary<string, (int Cosign, bool Ours, string Row)>();
        await Parallel.ForEachAsync(
            BundleVariant.All,
            new ParallelOptions { MaxDegreeOfParallelism = 4 },
            async (variant, _) => rows[variant.Name] = await TryAsync(variant, registry.Host, key)
        );
        var table = new StringBuilder(
            $"{Heading}\n\nEach made by hand, signed with a key that both are told to trust (P-256, no log), and put beside an image in docker-registry.\n\n"
                + "| bundle | cosign | ours | because |\n| --- | --- | --- | --- |\n"
        );
        foreach (var variant in BundleVariant.All)
        {
            table.Append(rows[variant.Name].Row);
        }
        var page = await File.ReadAllTextAsync(Page);
        var start = page.IndexOf(Heading, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("APPROVE") == "1")
        {
            await File.WriteAllTextAsync(Page, $"{(start < 0 ? page : page[..start]).TrimEnd()}\n\n{table}");
            return;
        }
        Assert.All(
            BundleVariant.All,
            v =>
                Assert.True(
                    rows[v.Name].Cosign == 0 == rows[v.Name].Ours == v.Why is null,
                    $"{v.Name}: where the two differ, and only there, it says why"
                )
        );
        Assert.Equal(table.ToString(), start < 0 ? "" : page[start..]);
        if (Repository.Vectors is { } vectors)
        {
            // What cosign 3.1.1 said when these were thought of.
            var published = (await File.ReadAllLinesAsync(Path.Join(vectors, "cosign", "variants.txt")))
                .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(w => (w[0], int.Parse(w[1]["rc=".Length..], System.Globalization.CultureInfo.InvariantCulture)));
            Assert.Equal(published, BundleVariant.All.Select(v => (v.Name, rows[v.Name].Cosign)));
        }
    }

    private async Task<(int Cosign, bool Ours, string Row)> TryAsync(BundleVariant variant, string host, ECDsa key)
    {
        var repository = $"variants/{variant.Name}";
        using var client = new RegistryClient(Http, new RegistryReference(host, repository), Alone);
        var image = $"{host}/{repository}@{await variant.PushAsync(client, key)}";
        var theirs = await Peers.RunAsync(Folder.FullName, "cosign", "verify", "--key", "key.pub", "--insecure-ignore-tlog", image);
        var ours = await Task.Run(() => Tool.Run(Folder.FullName, "verify", image, "--key", "key.pub", "--output", "json"));
        var accepted = ours.ExitCode == 0;
        Assert.True(ours.ExitCode is 0 or 1, ours.ToString());
        var why = variant.Why ?? (accepted ? "" : Reason(ours.Json()));
        return (theirs.ExitCode, accepted, $"| {variant.Name} | {Word(theirs.ExitCode == 0)} | {Word(accepted)} | {why} |\n");
    }

    private static string Word(bool accepted) => accepted ? "verified" : "refused";

    /// <summary>The check that failed, or what stands in its place.</summary>
    private static string Reason(JsonElement report) =>
        report.GetProperty("evidence").EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } evidence
            ? evidence
                .GetProperty("checks")
                .EnumerateArray()
                .First(c => c.GetProperty("outcome").GetString() == "failed")
                .GetProperty("message")
                .GetString()!
            : report.GetProperty("error").GetProperty("message").GetString()!;
}
