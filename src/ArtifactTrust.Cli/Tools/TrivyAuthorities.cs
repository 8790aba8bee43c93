namespace ArtifactTrust.Cli.Tools;

/// <summary>Gives Trivy private authorities beside the system's.</summary>
internal static class TrivyAuthorities
{
    // Where Go looks for directories of the system's authorities; naming one hides them. Its file of them is read all the same.
    private const string SystemDirectories = "/etc/ssl/certs:/etc/pki/tls/certs";

    /// <summary>Writes the authorities into a directory of their own.</summary>
    /// <param name="authorities">PEM certificates.</param>
    /// <param name="others">The directories that the user chose; null for the usual ones.</param>
    /// <param name="directory">Where to.</param>
    /// <returns>The value of <c>SSL_CERT_DIR</c>.</returns>
    internal static string Write(string authorities, string? others, PrivateDirectory directory)
    {
        var path = Directory.CreateDirectory(directory.File("authorities")).FullName;
        File.WriteAllText(Path.Join(path, "registry.pem"), authorities);
        return $"{path}:{(others is { Length: > 0 } ? others : SystemDirectories)}";
    }
}
