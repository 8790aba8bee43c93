using System.Diagnostics;

namespace ArtifactTrust.EndToEnd;

/// <summary>
/// The programs of others that these tests run against: cosign, crane, oras, docker-registry and more. The environment variable
/// <c>ARTIFACT_TRUST_PEERS</c> names a directory that has them in <c>bin/</c>.
/// </summary>
internal static class Peers
{
    private const string Variable = "ARTIFACT_TRUST_PEERS";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    /// <summary>What is missing for a test that needs the programs, or null.</summary>
    public static string? Missing(params ReadOnlySpan<string> programs)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } root)
        {
            return $"the peers are not here: set {Variable} to a directory that has them in bin/";
        }
        foreach (var program in programs)
        {
            if (!File.Exists(Path.Combine(root, "bin", program)))
            {
                return $"'{program}' is not in {Variable}/bin";
            }
        }
        return null;
    }

    /// <summary>The full path of a program.</summary>
    public static string Find(string program) =>
        Missing(program) is { } missing
            ? throw new InvalidOperationException($"{missing}; mark the test with [PeerFact]")
            : Path.GetFullPath(Path.Combine(Environment.GetEnvironmentVariable(Variable)!, "bin", program));

    /// <summary>Runs a program to its end.</summary>
    /// <param name="folder">Its working directory, and its home: nothing of the machine's own settings is seen.</param>
    /// <param name="program">The program's name.</param>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<PeerResult> RunAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Find(program), arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = folder;
        start.Environment["DOCKER_CONFIG"] = folder;
        start.Environment["TUF_ROOT"] = Path.Combine(folder, "tuf");
        start.Environment["COSIGN_PASSWORD"] = "testpw";
        start.Environment["COSIGN_YES"] = "true";
        start.Environment.Remove("REGISTRY_AUTH_FILE");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(Timeout);
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var error = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
            return new PeerResult($"{program} {string.Join(' ', arguments)}", process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)}: not done within {Timeout}");
        }
    }

    /// <summary>Runs a program that must succeed, and gives what it printed.</summary>
    public static async Task<string> RequireAsync(string folder, string program, params string[] arguments)
    {
        var result = await RunAsync(folder, program, arguments);
        Assert.True(result.ExitCode == 0, $"{result.Command}: exit code {result.ExitCode}\n{result.Output}\n{result.Error}");
        return result.Output.Trim();
    }
}

/// <summary>What a program did.</summary>
internal sealed record PeerResult(string Command, int ExitCode, string Output, string Error);

/// <summary>A test that needs programs of others, and says which where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PeerFactAttribute : FactAttribute
{
    public PeerFactAttribute(params string[] programs) => Skip = Peers.Missing(programs);
}

/// <inheritdoc cref="PeerFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PeerTheoryAttribute : TheoryAttribute
{
    public PeerTheoryAttribute(params string[] programs) => Skip = Peers.Missing(programs);
}
