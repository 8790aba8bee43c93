using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>Asks a program <c>docker-credential-NAME</c> for the credentials of a registry.</summary>
/// <remarks>Spec: docker-credential-helpers, "Development": <c>get</c> reads a server's URL from stdin and prints JSON.</remarks>
internal sealed partial class CredentialHelper
{
    private const string FormatName = "credential helper's answer";
    private const string TokenUser = "<token>";

    // The one text by which every helper says that it has none.
    private const string NotFound = "credentials not found in native keychain";

    internal TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The credentials, or null where the helper has none.</summary>
    /// <exception cref="IOException">The helper is missing, failed, or took too long. The message never holds what it printed.</exception>
    /// <exception cref="MalformedDataException">What it printed cannot be read.</exception>
    internal async Task<RegistryCredential?> GetAsync(string name, string server, CancellationToken cancellation)
    {
        if (!NamePattern().IsMatch(name))
        {
            throw new MalformedDataException(
                "registry credentials file",
                "$",
                $"'{Text.Clean(name, 80)}' is not a credential helper's name"
            );
        }
        var program = $"docker-credential-{name}";
        using var process = Start(program, Environment.GetEnvironmentVariable("PATH"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timeout = new CancellationTokenSource(Timeout, Time);
        using var registration = timeout.Token.Register(static s => ((CancellationTokenSource)s!).Cancel(), stop);
        try
        {
            var (output, exitCode) = await RunAsync(process, server, stop.Token).WaitAsync(stop.Token).ConfigureAwait(false);
            if (exitCode == 0)
            {
                return Parse(output);
            }
            return Encoding.UTF8.GetString(output).Trim() == NotFound
                ? null
                : throw new IOException($"the credential helper '{program}' failed with exit code {exitCode} for {server}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"the credential helper '{program}' did not answer within {Timeout.TotalSeconds:0.#} s");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Looks for a program in the absolute directories of PATH, and nowhere else.</summary>
    /// <remarks>The runtime would take one from the working directory first, which may hold an artifact that nobody trusts yet.</remarks>
    internal static string? Find(string program, string? path) =>
        (path ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathFullyQualified)
            .Select(directory => Path.Join(directory, OperatingSystem.IsWindows() ? $"{program}.exe" : program))
            .FirstOrDefault(File.Exists);

    private static Process Start(string program, string? path)
    {
        var file = Find(program, path) ?? throw CannotStart(program, null);
        var start = new ProcessStartInfo(file, ["get"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw CannotStart(program, e);
        }
    }

    private static IOException CannotStart(string program, Exception? inner) =>
        new(
            $"the credential helper '{program}' named in the registry credentials file cannot be started: is it installed and on PATH?",
            inner
        );

    private static async Task<(byte[] Output, int ExitCode)> RunAsync(Process process, string server, CancellationToken cancellation)
    {
        // Drained and dropped: a helper that fills the pipe would stop.
        var errors = process.StandardError.BaseStream.CopyToAsync(Stream.Null, cancellation);
        try
        {
            await process.StandardInput.WriteAsync($"{server}\n".AsMemory(), cancellation).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A helper that ends without reading is judged by its exit code.
        }
        var output = await BoundedStream
            .ReadAllAsync(
                process.StandardOutput.BaseStream,
                OciLimits.HelperOutputBytes,
                () => new MalformedDataException(FormatName, "$", $"it is longer than {OciLimits.HelperOutputBytes} bytes"),
                cancellation
            )
            .ConfigureAwait(false);
        await errors.ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return (output, process.ExitCode);
    }

    private static RegistryCredential? Parse(byte[] output)
    {
        JsonElement json;
        try
        {
            json = StrictJson.Parse(output, FormatName, OciLimits.HelperOutputBytes);
        }
        catch (MalformedDataException)
        {
            // The parser's own reason may quote the output, which may hold the secret.
            throw new MalformedDataException(FormatName, "$", "it is not JSON");
        }
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, "$", "an object is expected");
        }
        var username = StrictJson.RequiredString(json, "Username", FormatName, "$");
        var secret = StrictJson.RequiredString(json, "Secret", FormatName, "$");
        if (secret.Length == 0)
        {
            return null;
        }
        if (username == TokenUser)
        {
            return RegistryCredential.FromIdentityToken(secret);
        }
        return username.Length == 0 || username.Contains(':', StringComparison.Ordinal)
            ? throw new MalformedDataException(FormatName, "$.Username", "a user name without a colon is expected")
            : RegistryCredential.FromPassword(username, secret);
    }

    [GeneratedRegex(@"\A[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}\z")]
    private static partial Regex NamePattern();
}
