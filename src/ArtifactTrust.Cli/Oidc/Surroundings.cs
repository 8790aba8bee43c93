using System.Text;
using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Cli.Oidc;

/// <summary>What the process is in: its environment, its standard input and its browser.</summary>
/// <param name="Environment">Variables and files.</param>
/// <param name="StandardInput">Opens standard input.</param>
/// <param name="Browser">Opens a URL for the person; null where there is no browser to open it in.</param>
internal sealed record Surroundings(AmbientEnvironment Environment, Func<Stream> StandardInput, Func<Uri, bool>? Browser)
{
    /// <summary>The browser that is tried where one was asked for, though none seems to be here.</summary>
    internal Func<Uri, bool> AnyBrowser { get; init; } = Browser ?? (_ => false);

    /// <summary>Whether a CI system says that no person is there.</summary>
    internal bool IsContinuousIntegration => Environment.Variable("CI") is { Length: > 0 } ci && ci is not ("false" or "0");

    internal static Surroundings ForProcess() =>
        new(
            new AmbientEnvironment(System.Environment.GetEnvironmentVariable, ReadFile),
            System.Console.OpenStandardInput,
            WebBrowser.IsHere ? WebBrowser.Open : null
        )
        {
            AnyBrowser = WebBrowser.Open,
        };

    /// <summary>The text of a small file; null where there is none.</summary>
    private static string? ReadFile(string path, int maximumBytes)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            return ReadText(file, maximumBytes, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>A whole small stream as text.</summary>
    /// <exception cref="IOException">It is longer.</exception>
    internal static string ReadText(Stream stream, int maximumBytes, string name)
    {
        // Files of the kernel have no true length.
        var buffer = new byte[maximumBytes + 1];
        var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return read <= maximumBytes
            ? Encoding.UTF8.GetString(buffer, 0, read)
            : throw new IOException($"'{name}' is longer than {maximumBytes} bytes");
    }
}
