using System.Globalization;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Input of a size that no such file has: refused before it is read, with little memory and at once.</summary>
public sealed class LargeInputTests : IDisposable
{
    private const long MaximumKilobytes = 96 << 10;

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData("verify model --key ci.pub --signature large", 1, "at most 268435456 are accepted")]
    [InlineData("inspect model", 1, "at most 268435456 are accepted", "model.sig")]
    [InlineData(
        "gate model --policy policy.yaml --key gate.key --audit-log audit -- touch ran",
        1,
        "at most 268435456 are accepted",
        "model.attestations.jsonl"
    )]
    [InlineData("attest model --type slsaprovenance1 --predicate large --key ci.key", 2, "at most 50331648 are accepted")]
    [InlineData("gate model --policy large --dry-run", 2, "at most 1048576 are accepted")]
    [InlineData("verify model --key large", 2, "at most 65536 are accepted")]
    [InlineData("sign model --force --key large", 2, "at most 65536 are accepted")]
    [InlineData("sign model --force --key encrypted.key --password-file large", 2, "at most 65536 are accepted")]
    [InlineData("log verify audit --key gate.pub", 1, "", "audit/checkpoint")]
    public void One_GiB_is_refused_at_once(string command, int exitCode, string message, string file = "large")
    {
        File.Delete(_scene.At(file));
        // One object with one long string, so far as anyone reads it: the rest is a hole.
        _scene.Shell($"printf '{{\"a\":\"' > {file} && truncate -s 1G {file}");
        _scene.Refuses(exitCode, message, command.Split(' '));
        Assert.InRange(PeakKilobytes(command), 1, MaximumKilobytes);
    }

    [Fact]
    public void A_large_file_is_hashed_and_signed_with_little_memory()
    {
        _scene.Shell("truncate -s 512M model/large.bin");
        Assert.InRange(PeakKilobytes("sign model --key ci.key --force"), 1, MaximumKilobytes);
        Assert.InRange(PeakKilobytes("verify model --key ci.pub"), 1, MaximumKilobytes);
    }

    [Fact]
    public void An_endless_pipe_is_refused()
    {
        var program = string.Join(' ', Tool.Start.Select(p => $"'{p}'"));
        var ended = Tool.Execute(
            _scene.Folder,
            null,
            "",
            ["bash", "-c", $"{program} attest model --type slsaprovenance1 --predicate <(yes) --key ci.key"]
        );
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains("at most 50331648 are accepted", ended.Errors, StringComparison.Ordinal);
    }

    /// <summary>The most memory that a run took, as the kernel says shortly before its end.</summary>
    private long PeakKilobytes(string command)
    {
        using var process = Tool.Begin(_scene.Folder, null, [.. Tool.Start, .. command.Split(' ')]);
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        var peak = 0L;
        do
        {
            var line = Status(process.Id).FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            peak = line is null ? peak : long.Parse(line[6..^2], CultureInfo.InvariantCulture);
        } while (!process.WaitForExit(3));
        return peak;
    }

    private static string[] Status(int process)
    {
        try
        {
            return File.ReadAllLines($"/proc/{process}/status");
        }
        catch (IOException)
        {
            return [];
        }
    }
}
