using System.Diagnostics;
using System.Runtime.InteropServices;
using ArtifactTrust.Keys;
using ArtifactTrust.Keys.Hardware;

namespace ArtifactTrust.Tests.Keys.Hardware;

/// <summary>SoftHSM2 with a store of its own and one token, <c>release</c>. One per process: the module reads its settings when it starts.</summary>
public sealed class SoftToken : IDisposable
{
    internal const string Pin = "1234";

    private readonly string _folder = Directory.CreateTempSubdirectory("softhsm-").FullName;

    public SoftToken()
    {
        if (Missing is not null)
        {
            return;
        }
        Directory.CreateDirectory(At("tokens"));
        File.WriteAllText(At("softhsm2.conf"), $"directories.tokendir = {At("tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n");
        // The module asks the C library, which .NET's own setter does not tell.
        var set = NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "setenv");
        Assert.Equal(0, Marshal.GetDelegateForFunctionPointer<SetEnvironment>(set)("SOFTHSM2_CONF", At("softhsm2.conf"), 1));
        AddToken("release");
    }

    /// <summary>What is missing for these tests, or null.</summary>
    internal static string? Missing { get; } =
        Peer.ReasonToSkip("softhsm2-util")
        ?? (FindModule() is null ? "libsofthsm2.so is in none of the places that packages have it" : null);

    internal string At(string name) => Path.Join(_folder, name);

    internal void AddToken(string label) =>
        Run("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "0000", "--pin", Pin);

    internal static HardwareKeyAccess Access(string? pin = Pin) =>
        new() { Module = FindModule(), AskPin = _ => pin is null ? null : KeyPassword.FromText(pin) };

    internal static SigningKey Open(string uri, SignatureAlgorithm? padding = null) => HardwareKey.OpenSigningKey(uri, Access(), padding);

    internal static void Generate(string label, SignatureAlgorithm algorithm) =>
        HardwareKey.Generate($"pkcs11:token=release;object={label}", algorithm, null, Access(), _ => { }).Dispose();

    /// <summary>Runs OpenSC's tool on the token.</summary>
    internal string Pkcs11Tool(params string[] arguments) =>
        Run("pkcs11-tool", ["--module", FindModule()!, "--token-label", "release", "--login", "--pin", Pin, .. arguments]);

    internal string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["SOFTHSM2_CONF"] = At("softhsm2.conf");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}{errors.GetAwaiter().GetResult()}");
        return output;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string? FindModule() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Where(d => File.Exists(Path.Join(d, "softhsm2-util")))
            .Select(d => Path.GetFullPath(Path.Join(d, "..", "lib", "softhsm", "libsofthsm2.so")))
            .FirstOrDefault(File.Exists);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, CharSet = CharSet.Ansi)]
    private delegate int SetEnvironment(string name, string value, int overwrite);
}

/// <summary>A test that needs SoftHSM2, and says so where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TokenFactAttribute : FactAttribute
{
    public TokenFactAttribute(string? program = null) => Skip = SoftToken.Missing ?? (program is null ? null : Peer.ReasonToSkip(program));
}

/// <inheritdoc cref="TokenFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TokenTheoryAttribute : TheoryAttribute
{
    public TokenTheoryAttribute(string? program = null) =>
        Skip = SoftToken.Missing ?? (program is null ? null : Peer.ReasonToSkip(program));
}
