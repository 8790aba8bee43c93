using System.Globalization;
using System.Text.Json;
using ArtifactTrust.EndToEnd.Cli;
using Xunit.Abstractions;

namespace ArtifactTrust.EndToEnd.Scanning;

/// <summary>Whatever a file is, a scan of it ends, and takes a bounded memory. Each is scanned by a process of its own.</summary>
/// <remarks>How much work a file can cause is bounded by what is counted, not by a clock; so nothing here is timed.</remarks>
public sealed class ScanBoundsTests(ITestOutputHelper output) : IDisposable
{
    private const long MaximumKilobytes = 300 << 10;

    private readonly string _directory = Directory.CreateTempSubdirectory("artifact-trust-bounds-").FullName;

    public static TheoryData<string> Hostile => [.. HostileModels.All.Keys];

    public static TheoryData<string> Beginnings => [.. HostileModels.Beginnings.Keys];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Hostile))]
    public void A_file_made_to_take_memory_does_not(string name)
    {
        using (var file = File.Create(Path.Join(_directory, "model")))
        {
            HostileModels.All[name](file);
        }
        Examine(name);
    }

    [Theory]
    [MemberData(nameof(Beginnings))]
    public void The_beginning_of_a_format_and_a_hole_take_little_memory(string name)
    {
        using (var file = File.Create(Path.Join(_directory, "model")))
        {
            file.Write(HostileModels.Beginnings[name]);
            // Zeros are data to a decoder of LZMA, some hundred bytes of each.
            file.SetLength(name == "lzma" ? 4L << 20 : 1L << 30);
        }
        Examine(name);
    }

    private void Examine(string name)
    {
        using var process = Tool.Begin(_directory, null, [.. Tool.Start, "scan", "model", "--scanners", "model", "--output", "json"]);
        var report = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        var peak = 0L;
        do
        {
            peak = Math.Max(peak, PeakKilobytes(process.Id));
        } while (!process.WaitForExit(3));
        using var json = JsonDocument.Parse(report.GetAwaiter().GetResult());
        var verdict = json.RootElement.GetProperty("files")[0].GetProperty("verdict").GetString();
        var used = new FileInfo(Path.Join(_directory, "model")).Length >> 20;
        output.WriteLine($"| {name} | {used} | {peak >> 10} | {verdict} |");
        Assert.True(process.ExitCode is 0 or 1 or 3, errors.GetAwaiter().GetResult());
        Assert.InRange(peak, 1, MaximumKilobytes);
    }

    private static long PeakKilobytes(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line[6..^2], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
