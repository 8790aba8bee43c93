using System.Diagnostics;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;

namespace ArtifactTrust.EndToEnd.Docs;

/// <summary>
/// The directory that a document's commands run in: the model and the dataset of examples/, a container image in an image layout, and the
/// program on the path.
/// </summary>
internal sealed class Workspace : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _root = Directory.CreateTempSubdirectory("artifact-trust-docs-").FullName;

    internal Workspace()
    {
        Copy("model");
        Copy("dataset");
        Copy("trivy-db");
        WriteImage(Path.Join(Folder, "image"));
        var programs = Directory.CreateDirectory(Path.Join(_root, "bin")).FullName;
        Directory.CreateDirectory(Path.Join(_root, "home"));
        var wrapper = Path.Join(programs, "artifact-trust");
        File.WriteAllText(wrapper, $"#!/bin/sh\nexec dotnet '{Path.Join(AppContext.BaseDirectory, "artifact-trust.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(wrapper, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Where commands run.</summary>
    internal string Folder => Directory.CreateDirectory(Path.Join(_root, "work")).FullName;

    /// <summary>Runs one command in a shell of its own.</summary>
    /// <returns>The exit code, and both streams as a terminal shows them.</returns>
    internal (int ExitCode, string Output) Run(string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", $"exec 2>&1\n{command}"])
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["PATH"] = string.Join(Path.PathSeparator, [Path.Join(_root, "bin"), .. Places()]);
        start.Environment["HOME"] = Path.Join(_root, "home");
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["TERM"] = "dumb";
        // dotnet writes to its own home on a first start; the reader's has had that.
        start.Environment["DOTNET_CLI_HOME"] = Path.Join(_root, "home");
        foreach (var name in start.Environment.Keys.Where(IsForeign).ToList())
        {
            start.Environment.Remove(name);
        }
        start.Environment["ARTIFACT_TRUST_SETTLE_TIME"] = "0s";
        start.Environment.Remove("SOFTHSM2_CONF");
        if (Find("softhsm2-util") is { } tool)
        {
            start.Environment["ARTIFACT_TRUST_PKCS11_MODULE"] = Path.GetFullPath(Path.Join(tool, "../../lib/softhsm/libsofthsm2.so"));
        }
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{command}' did not end within {Patience.TotalSeconds} seconds");
        }
        return (process.ExitCode, output.GetAwaiter().GetResult());
    }

    /// <summary>A program of the reader's, from the peers of the interop tests or the path; null where it is not there.</summary>
    internal static string? Find(string program) => Places().Select(p => Path.Join(p, program)).FirstOrDefault(File.Exists);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static string[] Places()
    {
        var peers = Environment.GetEnvironmentVariable("ARTIFACT_TRUST_PEERS");
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return string.IsNullOrEmpty(peers) ? path : [Path.Join(peers, "bin"), .. path];
    }

    // What the machine has set must not decide what a document shows.
    private static bool IsForeign(string name) =>
        name is "COSIGN_PASSWORD" or "CI" or "CI_JOB_URL" or "BUILDKITE_BUILD_URL" or "BUILD_URL" or "DOCKER_CONFIG" or "REGISTRY_AUTH_FILE"
        || name.StartsWith("ARTIFACT_TRUST_", StringComparison.Ordinal)
        || name.StartsWith("GITHUB_", StringComparison.Ordinal)
        || name.StartsWith("TRIVY_", StringComparison.Ordinal);

    private void Copy(string name)
    {
        var source = Path.Join(Document.Repository, "examples", name);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Join(Folder, name, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    /// <summary>Writes a small image with one file in it, tagged 1.0; the same bytes each time.</summary>
    private static void WriteImage(string directory)
    {
        var blobs = Directory.CreateDirectory(Path.Join(directory, "blobs", "sha256")).FullName;
        using var layer = new MemoryStream();
        using (var tar = new TarWriter(layer, TarEntryFormat.Ustar, leaveOpen: true))
        {
            tar.WriteEntry(
                new UstarTarEntry(TarEntryType.RegularFile, "etc/greeting")
                {
                    ModificationTime = DateTimeOffset.UnixEpoch,
                    DataStream = new MemoryStream("hello\n"u8.ToArray()),
                }
            );
        }
        var (layerDigest, layerSize) = Blob(layer.ToArray());
        var (configDigest, configSize) = Blob(
            Encoding.UTF8.GetBytes(
                $$$"""{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["{{{layerDigest}}}"]}}"""
            )
        );
        var (manifestDigest, manifestSize) = Blob(
            Encoding.UTF8.GetBytes(
                $$$"""
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{{configDigest}}}","size":{{{configSize}}}},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{{layerDigest}}}","size":{{{layerSize}}}}]}
                """
            )
        );
        File.WriteAllText(Path.Join(directory, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        File.WriteAllText(
            Path.Join(directory, "index.json"),
            $$$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{{manifestDigest}}}","size":{{{manifestSize}}},"annotations":{"org.opencontainers.image.ref.name":"1.0"}}]}
            """
        );

        (string Digest, int Size) Blob(byte[] content)
        {
            var hex = Convert.ToHexStringLower(SHA256.HashData(content));
            File.WriteAllBytes(Path.Join(blobs, hex), content);
            return ($"sha256:{hex}", content.Length);
        }
    }
}
