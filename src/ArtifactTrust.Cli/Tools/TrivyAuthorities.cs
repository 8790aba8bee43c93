namespace ArtifactTrust.Cli.Tools;

/// <summary>Gives Trivy private authorities beside the system's: Go takes one file of them.</summary>
internal static class TrivyAuthorities
{
    private const int FileBytes = 16 << 20;

    // Where Go looks for the system's authorities on Linux (crypto/x509, root_linux.go), the first that exists.
    private static readonly string[] SystemFiles =
    [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/tls/cacert.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];

    /// <summary>Writes one file of all authorities.</summary>
    /// <param name="files">The private ones, PEM.</param>
    /// <param name="system">The file of the system's that the user chose; null for the usual one.</param>
    /// <param name="directory">Where to.</param>
    /// <returns>The file's path.</returns>
    /// <exception cref="ScannerException">A file cannot be read.</exception>
    internal static string Write(IReadOnlyList<string> files, string? system, PrivateDirectory directory)
    {
        var path = directory.File("authorities.pem");
        if (File.Exists(path))
        {
            return path;
        }
        var usual = system is { Length: > 0 } ? system : SystemFiles.FirstOrDefault(File.Exists);
        try
        {
            using var all = File.Create(path);
            foreach (var file in (string[])[.. usual is null ? [] : new[] { usual }, .. files])
            {
                using var one = File.OpenRead(file);
                if (one.Length > FileBytes)
                {
                    throw new IOException($"{one.Length} bytes; at most {FileBytes} are read");
                }
                one.CopyTo(all);
                all.WriteByte((byte)'\n');
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(path);
            throw new ScannerException($"the authorities cannot be read: {e.Message}", "check --registry-ca", null, e);
        }
        return path;
    }
}
