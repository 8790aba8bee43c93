using System.Globalization;
using ArtifactTrust.Cli.Console;

namespace ArtifactTrust.Tests.Cli;

/// <summary>The gate at given times: windows of keys, the policy's last day, and the age of evidence, to the second.</summary>
public sealed class GateClockTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("notBefore: 2026-03-01T00:00:00Z", "2026-02-28T23:59:59Z", false)]
    [InlineData("notBefore: 2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", true)]
    [InlineData("notAfter: 2026-03-01T00:00:00Z", "2026-02-28T23:59:59Z", true)]
    [InlineData("notAfter: 2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", false)]
    public async Task A_key_counts_in_its_window_only(string window, string now, bool isAllowed) =>
        await DecidesAsync(Policy(window: window), now, isAllowed, "model.signatures");

    [Theory]
    [InlineData("2026-02-28T23:59:59Z", true)]
    [InlineData("2026-03-01T00:00:00Z", false)]
    public async Task A_policy_holds_until_it_expires(string now, bool isAllowed) =>
        await DecidesAsync(Policy(expires: "expires: 2026-03-01T00:00:00Z"), now, isAllowed, "policy.expires");

    // The provenance says that the build began at 2026-01-01T00:00:00Z.
    [Theory]
    [InlineData("2026-01-31T00:00:00Z", true)]
    [InlineData("2026-01-31T00:00:01Z", false)]
    [InlineData("2025-12-01T00:00:00Z", false)]
    public async Task Evidence_counts_while_it_is_young_and_not_from_the_future(string now, bool isAllowed) =>
        await DecidesAsync(Policy(age: ", maxAge: 30d"), now, isAllowed, "slsaprovenance1");

    private static string Policy(string window = "", string expires = "", string age = "") =>
        $$"""
            version: 1
            name: release
            {{expires}}
            identities:
              ci: {keys: [{file: ci.pub{{(window.Length == 0 ? "" : $", {window}")}}}]}
            subjects:
              model:
                kind: directory
                signatures: {from: ci}
                attestations: [{type: slsaprovenance1, from: ci, builder: https://ci.example.com{{age}}}]

            """;

    private async Task DecidesAsync(string policy, string now, bool isAllowed, string rule)
    {
        _directory.File("model/weights.bin", "weights");
        File.Copy(InProcess.Key("p256.pub"), Path.Join(_directory.Path, "ci.pub"));
        var model = Path.Join(_directory.Path, "model");
        var predicate = _directory.File(
            "provenance.json",
            """{"buildDefinition":{"buildType":"https://example.com/t","externalParameters":{}},"runDetails":{"builder":{"id":"https://ci.example.com"},"metadata":{"startedOn":"2026-01-01T00:00:00Z","finishedOn":"2026-01-01T00:00:00Z"}}}"""
        );
        var key = InProcess.Key("p256.key");
        await InProcess.RequireAsync("sign", model, "--key", key);
        await InProcess.RequireAsync("attest", model, "--type", "slsaprovenance1", "--predicate", predicate, "--key", key);
        string[] gate = ["gate", model, "--policy", _directory.File("policy.yaml", policy), "--dry-run"];
        var (code, text) = await InProcess.RunAsync(gate, new Clock(now));
        Assert.True(code == (isAllowed ? ExitCode.Success : ExitCode.Rejected), text);
        Assert.StartsWith(isAllowed ? "allowed" : "denied", text, StringComparison.Ordinal);
        Assert.Equal(
            !isAllowed,
            text.Split('\n').Any(l => l.Contains("failed", StringComparison.Ordinal) && l.Contains(rule, StringComparison.Ordinal))
        );
    }

    private sealed class Clock(string now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.Parse(now, CultureInfo.InvariantCulture);
    }
}
