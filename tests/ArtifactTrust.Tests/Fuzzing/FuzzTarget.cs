using System.Diagnostics;
using ArtifactTrust.Formats;
using Xunit.Abstractions;

namespace ArtifactTrust.Tests.Fuzzing;

/// <summary>A reader of untrusted input.</summary>
/// <param name="Name">What it reads.</param>
/// <param name="Seeds">Good inputs.</param>
/// <param name="Run">
/// Reads an input, and may throw <see cref="MalformedDataException"/> only. Where it returns, what it says must still hold, which is its own to check.
/// </param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Run)
{
    /// <summary>How many inputs each target gets where no time is given: as many in each run, so that a run is repeatable.</summary>
    private const int Rounds = 1500;

    /// <summary>What reading one input may allocate; the largest seed is some hundred kilobytes.</summary>
    public long AllocatedBytes { get; init; } = 64L << 20;

    /// <summary>Feeds the target near misses of its seeds; for as long as ARTIFACT_TRUST_FUZZ_SECONDS says, with ever other inputs, where it is set.</summary>
    internal void Fuzz(ITestOutputHelper output)
    {
        Assert.NotEmpty(Seeds);
        foreach (var seed in Seeds)
        {
            Run(seed);
        }
        var time = int.TryParse(Environment.GetEnvironmentVariable("ARTIFACT_TRUST_FUZZ_SECONDS"), out var s)
            ? TimeSpan.FromSeconds(s)
            : TimeSpan.Zero;
        var mutator = new Mutator(Seeds, time == TimeSpan.Zero ? 1 : Random.Shared.Next());
        var (clock, inputs, read) = (Stopwatch.StartNew(), 0, 0);
        for (; time == TimeSpan.Zero ? inputs < Rounds : clock.Elapsed < time; inputs++)
        {
            read += Try(mutator.Next()) ? 1 : 0;
        }
        output.WriteLine($"{Name}: {inputs} inputs, {inputs / clock.Elapsed.TotalSeconds:F0} a second, {read} of them readable");
    }

    private bool Try(byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Run(input);
            return true;
        }
        catch (MalformedDataException)
        {
            return false;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{Name} fails on {Convert.ToBase64String(input)}", e);
        }
        finally
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < AllocatedBytes, $"{Name} allocates {allocated} bytes for {Convert.ToBase64String(input)}");
        }
    }
}
