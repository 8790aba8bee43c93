using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>The certificate authorities and the client certificate for one registry, beyond what the system trusts.</summary>
/// <remarks>
/// Docker's directories: below each of <see cref="CertificateDirectories"/> a directory <c>HOST[:PORT]</c> with <c>*.crt</c> (authorities),
/// and pairs <c>NAME.cert</c> and <c>NAME.key</c> (client certificates).
/// </remarks>
public sealed record RegistryTlsOptions
{
    private const string AuthoritiesFormat = "registry CA file";
    private const string ClientFormat = "registry client certificate";

    /// <summary>PEM files of certificate authorities to trust for registries, besides the system's own.</summary>
    public IReadOnlyList<string> AuthorityFiles { get; init; } = [];

    /// <summary>The PEM file of the client certificate, its chain after it; null for none.</summary>
    public string? ClientCertificateFile { get; init; }

    /// <summary>The PEM file of the client certificate's private key; null where it is in the certificate's file.</summary>
    public string? ClientKeyFile { get; init; }

    /// <summary>Directories with one directory for each registry, as Docker and Podman keep them.</summary>
    public IReadOnlyList<string> CertificateDirectories { get; init; } = [];

    /// <summary>Options without files of their own, and the directories that Docker and Podman read on this system.</summary>
    public static RegistryTlsOptions FromSystem()
    {
        var home = Environment.GetEnvironmentVariable("HOME") ?? "";
        string[] own = home.Length > 0 ? [Path.Join(home, ".config", "containers", "certs.d"), Path.Join(home, ".docker", "certs.d")] : [];
        return new RegistryTlsOptions { CertificateDirectories = [.. own, "/etc/containers/certs.d", "/etc/docker/certs.d"] };
    }

    /// <summary>The authorities that are trusted for a registry besides the system's, as PEM; empty where there are none.</summary>
    /// <param name="registry">The registry; null for what is trusted for all.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="MalformedDataException">A file is not what it should be.</exception>
    public string ExportAuthorities(RegistryReference? registry)
    {
        var (own, shared, client, _) = Read(registry?.Host);
        client?.Dispose();
        own.AddRange(shared);
        return own.Count == 0 ? "" : own.ExportCertificatePems();
    }

    /// <summary>Whether a registry is shown a client certificate.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="MalformedDataException">A file is not what it should be.</exception>
    public bool HasClientCertificate(RegistryReference registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var (_, _, client, _) = Read(registry.Host);
        client?.Dispose();
        return client is not null;
    }

    /// <summary>Reads the files that apply to a host.</summary>
    /// <param name="host">Host and port, as references have them.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="MalformedDataException">A file is not what it should be.</exception>
    internal (
        X509Certificate2Collection Authorities,
        X509Certificate2Collection Shared,
        X509Certificate2? Client,
        X509Certificate2Collection Chain
    ) Read(string? host)
    {
        var shared = new X509Certificate2Collection();
        foreach (var file in AuthorityFiles)
        {
            shared.AddRange(ReadCertificates(file, AuthoritiesFormat));
        }
        var authorities = new X509Certificate2Collection();
        var client = ClientCertificateFile is { } given ? (given, ClientKeyFile ?? given) : ((string, string)?)null;
        foreach (var directory in (host is null ? [] : CertificateDirectories).Select(d => Path.Join(d, host)).Where(Directory.Exists))
        {
            foreach (var file in Files(directory, "*.crt"))
            {
                authorities.AddRange(ReadCertificates(file, AuthoritiesFormat));
            }
            foreach (var certificate in client is null ? Files(directory, "*.cert") : [])
            {
                var key = Path.ChangeExtension(certificate, ".key");
                client ??= File.Exists(key)
                    ? (certificate, key)
                    : throw new IOException($"the client certificate '{certificate}' has no key '{Path.GetFileName(key)}' beside it");
            }
        }
        if (client is not var (certificateFile, keyFile))
        {
            return (authorities, shared, null, []);
        }
        var chain = ReadCertificates(certificateFile, ClientFormat);
        var leaf = WithKey(chain[0], keyFile);
        chain.RemoveAt(0);
        return (authorities, shared, leaf, chain);
    }

    private static IEnumerable<string> Files(string directory, string pattern) =>
        Directory.EnumerateFiles(directory, pattern).Order(StringComparer.Ordinal);

    private static X509Certificate2Collection ReadCertificates(string path, string format)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(ReadText(path, format));
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(format, path, "it is not a PEM file of certificates", e);
        }
        return certificates.Count > 0 ? certificates : throw new MalformedDataException(format, path, "there is no certificate in it");
    }

    private static X509Certificate2 WithKey(X509Certificate2 certificate, string keyFile)
    {
        var pem = ReadText(keyFile, ClientFormat);
        try
        {
            using var withKey = certificate.PublicKey.Oid.Value switch
            {
                "1.2.840.10045.2.1" => With(ECDsa.Create(), pem, certificate.CopyWithPrivateKey),
                "1.2.840.113549.1.1.1" => With(RSA.Create(), pem, certificate.CopyWithPrivateKey),
                _ => throw new MalformedDataException(ClientFormat, keyFile, "the certificate's key is neither ECDSA nor RSA"),
            };
            // Some platforms cannot use a key that was only attached.
            return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Not the reason: it may quote what is in the file.
            throw new MalformedDataException(
                ClientFormat,
                keyFile,
                "there is no unencrypted PEM key in it that belongs to the certificate"
            );
        }
    }

    private static X509Certificate2 With<TKey>(TKey key, string pem, Func<TKey, X509Certificate2> attach)
        where TKey : AsymmetricAlgorithm
    {
        using (key)
        {
            key.ImportFromPem(pem);
            return attach(key);
        }
    }

    private static string ReadText(string path, string format)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            StrictJson.CheckLength(file.Length, format, OciLimits.TlsFileBytes);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"the {format} '{path}' cannot be read: {e.Message}", e);
        }
    }
}
