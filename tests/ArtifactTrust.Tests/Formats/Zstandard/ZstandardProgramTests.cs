using System.Diagnostics;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;

namespace ArtifactTrust.Tests.Formats.Zstandard;

/// <summary>What the zstd program compresses comes out as it went in.</summary>
public sealed class ZstandardProgramTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Levels =>
        [
            .. Enumerable.Range(1, 19).Select(level => $"-{level}"),
            "--ultra -22",
            "--fast=1",
            "--fast=20",
            "-3 --no-check",
            "-5 --no-content-size",
            "-9 --zstd=wlog=10",
            "-19 --zstd=wlog=17",
            "-6 --target-compressed-block-size=1340",
            "-3 -T2 --rsyncable",
            "-12 --long=24",
        ];

    [ZstandardTheory]
    [MemberData(nameof(Levels))]
    public void Every_kind_of_content_at_every_level(string options)
    {
        var inputs = Inputs().ToDictionary(i => i.Name, i => i.Content, StringComparer.Ordinal);
        Compress(options, inputs);
        foreach (var (name, content) in inputs)
        {
            Equal(name, content);
        }
    }

    [ZstandardTheory]
    [InlineData("-1")]
    [InlineData("-19")]
    public void Every_length_to_300(string options)
    {
        var words = ZstandardSamples.Words(100);
        var random = new byte[300];
        new Random(1).NextBytes(random);
        var inputs = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        for (var length = 0; length <= 300; length++)
        {
            inputs[$"w{length}"] = words[..length];
            inputs[$"r{length}"] = random[..length];
        }
        Compress(options, inputs);
        foreach (var (name, content) in inputs)
        {
            Equal(name, content);
        }
        // And all of them as one.
        var all = inputs.Keys.SelectMany(name => File.ReadAllBytes(Path.Combine(_folder.Path, $"{name}.zst")));
        Assert.Equal(inputs.Values.SelectMany(c => c), ZstandardSamples.Decode([.. all]));
    }

    [ZstandardFact]
    public void Matches_from_as_far_back_as_the_window_reaches()
    {
        var block = new byte[50_000];
        new Random(2).NextBytes(block);
        var inputs = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        // The same bytes again, at distances around the window, with noise between them and over several laps.
        foreach (var distance in (int[])[(1 << 18) - 1, 1 << 18, (1 << 18) + 1, (1 << 18) + 50_000, (1 << 18) - 50_000])
        {
            var content = new byte[2 << 20];
            new Random(distance).NextBytes(content);
            for (var at = 0; at + block.Length <= content.Length; at += distance)
            {
                block.CopyTo(content, at);
            }
            inputs[$"d{distance}"] = content;
        }
        foreach (var options in (string[])["-1 --long=18", "-9 --zstd=wlog=18 --no-content-size"])
        {
            Compress(options, inputs);
            foreach (var (name, content) in inputs)
            {
                Equal(name, content);
            }
        }
    }

    [ZstandardFact]
    public void A_window_beyond_the_limit_is_refused_until_it_is_allowed()
    {
        var content = new byte[20 << 20];
        new Random(3).NextBytes(content.AsSpan(0, 10 << 20));
        content.AsSpan(0, 10 << 20).CopyTo(content.AsSpan(10 << 20));
        Compress("-1 --long=27 --no-content-size", new() { ["long"] = content });
        var data = File.ReadAllBytes(Path.Combine(_folder.Path, "long.zst"));
        Assert.InRange(data.Length, 0, 11 << 20);
        Assert.Contains("a window of 33554432 bytes", ZstandardSamples.Refused(data).Reason, StringComparison.Ordinal);
        Assert.True(content.AsSpan().SequenceEqual(ZstandardSamples.Decode(data, Limits.ZstandardLargestWindowBytes)));
    }

    private static IEnumerable<(string Name, byte[] Content)> Inputs()
    {
        var random = new Random(4);
        var noise = new byte[300_000];
        random.NextBytes(noise);
        var words = ZstandardSamples.Words(200_000);
        yield return ("empty", []);
        yield return ("one", [1]);
        yield return ("run", new byte[400_000]);
        yield return ("noise", noise);
        yield return ("words", words);
        yield return ("program", File.ReadAllBytes(typeof(ZstandardStream).Assembly.Location));
        // The halves of a tar of a text and a program, with their zeros.
        yield return ("mixed", [.. noise.AsSpan(0, 1000), .. new byte[1000], .. words.AsSpan(0, 150_000), .. new byte[512], .. noise]);
        var repeats = new List<byte>();
        while (repeats.Count < 1_000_000)
        {
            var from = random.Next(200_000);
            repeats.AddRange(noise[from..(from + random.Next(3, 90_000))]);
        }
        yield return ("repeats", [.. repeats]);
        yield return ("periods", [.. Enumerable.Range(1, 40).SelectMany(p => Enumerable.Range(0, 5000).Select(i => (byte)(i % p)))]);
        yield return ("numbers", [.. Enumerable.Range(0, 60_000).SelectMany(i => BitConverter.GetBytes(i * 7))]);
        foreach (var size in (int[])[1023, 1024, 1025, (128 << 10) - 1, 128 << 10, (128 << 10) + 1, (256 << 10) - 1, (256 << 10) + 1])
        {
            yield return ($"size{size}", words[..size]);
        }
    }

    private void Compress(string options, Dictionary<string, byte[]> inputs)
    {
        foreach (var (name, content) in inputs)
        {
            File.WriteAllBytes(Path.Combine(_folder.Path, name), content);
        }
        using var process = Process.Start(
            new ProcessStartInfo(ZstandardProgram.Path!, ["-q", "-f", .. options.Split(' '), "--", .. inputs.Keys])
            {
                WorkingDirectory = _folder.Path,
            }
        )!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private void Equal(string name, byte[] content)
    {
        var data = File.ReadAllBytes(Path.Combine(_folder.Path, $"{name}.zst"));
        var decoded = ZstandardSamples.Decode(data, Limits.ZstandardLargestWindowBytes);
        Assert.True(content.AsSpan().SequenceEqual(decoded), $"{name} is other");
    }
}

/// <summary>The zstd program, of the peers or of this machine.</summary>
internal static class ZstandardProgram
{
    internal static string? Path { get; } =
        new[] { $"{Environment.GetEnvironmentVariable("ARTIFACT_TRUST_PEERS")}/bin" }
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .Select(folder => System.IO.Path.Combine(folder, "zstd"))
            .FirstOrDefault(File.Exists);

    internal static string? Skip => Path is null ? "the zstd program is not here" : null;
}

/// <summary>A test that needs the zstd program, and says so where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ZstandardFactAttribute : FactAttribute
{
    public ZstandardFactAttribute() => Skip = ZstandardProgram.Skip;
}

/// <inheritdoc cref="ZstandardFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ZstandardTheoryAttribute : TheoryAttribute
{
    public ZstandardTheoryAttribute() => Skip = ZstandardProgram.Skip;
}
