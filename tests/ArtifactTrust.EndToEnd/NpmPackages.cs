using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace ArtifactTrust.EndToEnd;

/// <summary>A published package, pinned to the byte.</summary>
/// <param name="Name">Its name on the registry.</param>
/// <param name="Version">An exact version.</param>
/// <param name="Integrity">The digest of its tarball, <c>sha512-</c> and base64, as the registry states it.</param>
internal sealed record NpmPackage(string Name, string Version, string Integrity);

/// <summary>
/// Real input that nobody here wrote, and other people's tools to compare with, from npm. What was fetched once is kept below the
/// temporary folder and serves without network.
/// </summary>
internal static class NpmPackages
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // A registry that cannot be reached is soon known.
    private static readonly string[] Quick =
    [
        "--loglevel=error",
        "--fetch-retries=1",
        "--fetch-retry-mintimeout=1000",
        "--fetch-retry-maxtimeout=1000",
    ];

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, string> Failures = [];

    /// <summary>Silero's voice activity models, three of them, as ONNX in <c>dist</c>.</summary>
    internal static NpmPackage VadWeb { get; } =
        new(
            "@ricky0123/vad-web",
            "0.0.31",
            "sha512-ePVq8TvB21sdHSxVMZOEIf9JVa7MAYpaIaNXeGgsPOiMCN8xbPCdF2LS5aYj7VRR3ZxzutedgV9ZplV65IA1Fg=="
        );

    /// <summary>Datasets as CSV, TSV, JSON, Arrow and Parquet in <c>data</c>.</summary>
    internal static NpmPackage VegaDatasets { get; } =
        new("vega-datasets", "3.2.1", "sha512-lTSwZA6yq6qSU2YZm+6bqILiIvTPPxn4itir7jPGFmHIdPvUfQ9pCzzcrklYywMJgLUbaIeSkZQdiJd6wBxPug==");

    /// <summary>CycloneDX's own library, whose <c>res/schema</c> has the specification's XML schemas.</summary>
    internal static NpmPackage CycloneDxLibrary { get; } =
        new(
            "@cyclonedx/cyclonedx-library",
            "10.3.0",
            "sha512-RIT28sp1U0PCHaaeF3yNRwk6Jig/XJ8UsYAVOMYaHQ+0VVOvsjcp0PTWQFLUqJFF8XMud+Kdq6G+wtDAh+QJFA=="
        );

    /// <summary>The folder with the package's files.</summary>
    /// <exception cref="InvalidOperationException">It cannot be fetched; the message says why and can be a test's reason to skip.</exception>
    /// <exception cref="InvalidDataException">What was fetched is not what was pinned. Never a reason to skip.</exception>
    internal static string Fetch(NpmPackage package) =>
        Once(
            $"{package.Name.Replace('/', '+')}@{package.Version}",
            folder =>
            {
                Run("npm", folder, ["pack", $"{package.Name}@{package.Version}", "--ignore-scripts", .. Quick]);
                var tarball = Directory.GetFiles(folder, "*.tgz").Single();
                var integrity = $"sha512-{Convert.ToBase64String(SHA512.HashData(File.ReadAllBytes(tarball)))}";
                if (integrity != package.Integrity)
                {
                    throw new InvalidDataException($"{package.Name}@{package.Version} is {integrity}, and {package.Integrity} is pinned");
                }
                using (var unzipped = new GZipStream(File.OpenRead(tarball), CompressionMode.Decompress))
                {
                    // Refuses names that lead out of the folder.
                    TarFile.ExtractToDirectory(unzipped, folder, overwriteFiles: false);
                }
                File.Delete(tarball);
            },
            "package"
        );

    /// <summary>A folder where the packages are installed, for scripts that use them; run scripts with it as working directory.</summary>
    /// <param name="packages">Packages with exact versions, such as <c>ajv@8.17.1</c>. npm checks their digests, and runs none of their scripts.</param>
    /// <exception cref="InvalidOperationException">They cannot be fetched; the message says why and can be a test's reason to skip.</exception>
    internal static string Install(params string[] packages) =>
        Once(
            "tools-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', packages))))[..16],
            folder =>
            {
                File.WriteAllText(Path.Join(folder, "package.json"), "{\"private\":true}");
                Run("npm", folder, ["install", .. Quick, "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", .. packages]);
            },
            ""
        );

    /// <summary>Runs a tool and gives back its standard output.</summary>
    /// <exception cref="InvalidOperationException">It is absent, fails, or takes longer than three minutes.</exception>
    internal static string Run(string tool, string folder, params string[] arguments)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo(tool, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new InvalidOperationException($"{tool} is not installed");
        }
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"{tool} did not end within {Patience.TotalMinutes} minutes");
        }
        if (process.ExitCode != 0)
        {
            var said = errors.GetAwaiter().GetResult();
            throw new InvalidOperationException(
                $"{tool} {string.Join(' ', arguments)}: exit code {process.ExitCode}: {said[..Math.Min(said.Length, 2000)]}"
            );
        }
        return output.GetAwaiter().GetResult();
    }

    /// <summary>Fills a folder once on this machine, and tries once a run; a half-filled folder is never seen under its name.</summary>
    private static string Once(string name, Action<string> fill, string inner)
    {
        lock (Gate)
        {
            var root = Path.Join(Path.GetTempPath(), $"artifact-trust-npm-{Environment.UserName}");
            var target = Path.Join(root, name);
            if (Directory.Exists(target))
            {
                return Path.Join(target, inner);
            }
            if (Failures.TryGetValue(name, out var reason))
            {
                throw new InvalidOperationException(reason);
            }
            Directory.CreateDirectory(root);
            var temporary = Directory.CreateDirectory(Path.Join(root, $".{name}-{Guid.NewGuid():N}")).FullName;
            try
            {
                fill(temporary);
                try
                {
                    Directory.Move(temporary, target);
                }
                catch (IOException) when (Directory.Exists(target))
                {
                    // Another process was first, with the same bytes.
                }
                return Path.Join(target, inner);
            }
            catch (InvalidOperationException e)
            {
                Failures[name] = e.Message;
                throw;
            }
            finally
            {
                if (Directory.Exists(temporary))
                {
                    Directory.Delete(temporary, recursive: true);
                }
            }
        }
    }
}
