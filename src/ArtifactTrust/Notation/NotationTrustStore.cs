using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Notation;

/// <summary>A directory of trusted certificates laid out as Notation has it: <c>x509/TYPE/NAME/*.pem</c>.</summary>
/// <remarks>
/// Spec: Notary Project, "Trust Store". A link is refused, wherever it is below the directory; directories inside a named store, and files whose name
/// does not end in <c>.pem</c>, <c>.crt</c> or <c>.cer</c>, add no trust.
/// </remarks>
public sealed class NotationTrustStore
{
    private const string Format = "Notation trust store";
    private readonly string _directory;

    private NotationTrustStore(string directory) => _directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));

    /// <summary>The store in a directory, the one that has <c>x509</c> in it. Nothing is read yet.</summary>
    /// <exception cref="MalformedDataException">There is no such directory.</exception>
    public static NotationTrustStore Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return Directory.Exists(Path.Combine(directory, "x509"))
            ? new NotationTrustStore(directory)
            : throw new MalformedDataException(Format, directory, "there is no directory 'x509' in it");
    }

    /// <summary>The certificates of a named store.</summary>
    /// <exception cref="MalformedDataException">There is no such store, no certificate in it, or something that may not be there.</exception>
    internal IReadOnlyList<X509Certificate2> Read(string type, string name)
    {
        var place = $"x509/{type}/{name}";
        var store = new DirectoryInfo(Path.Combine(_directory, "x509", type, name));
        for (var level = store; level.FullName.Length > _directory.Length; level = level.Parent!)
        {
            if (!level.Exists || level.LinkTarget is not null)
            {
                throw new MalformedDataException(Format, place, "there is no such directory, or it is a link");
            }
        }
        var certificates = new List<X509Certificate2>();
        foreach (var file in store.EnumerateFiles().OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            if (file.Extension is not (".pem" or ".crt" or ".cer"))
            {
                continue;
            }
            var location = $"{place}/{file.Name}";
            if (file.LinkTarget is not null)
            {
                throw new MalformedDataException(Format, location, "it is a link");
            }
            StrictJson.CheckLength(file.Length, Format, Limits.CertificateFileBytes);
            certificates.AddRange(ReadFile(File.ReadAllBytes(file.FullName), type, location));
            CheckCount(certificates.Count, place);
        }
        return certificates.Count > 0 ? certificates : throw new MalformedDataException(Format, place, "there is no certificate in it");
    }

    /// <summary>The certificates of one file of a store, PEM or DER.</summary>
    /// <exception cref="MalformedDataException">It has none, or one that a store of the type may not have.</exception>
    internal static IReadOnlyList<X509Certificate2> ReadFile(ReadOnlySpan<byte> bytes, string type, string location)
    {
        IReadOnlyList<X509Certificate2> certificates;
        try
        {
            certificates = bytes.IndexOf("-----BEGIN"u8) >= 0 ? CertificateFile.Read(bytes) : [Trust.Certificates.Read(bytes, "$")];
        }
        catch (MalformedDataException e)
        {
            throw new MalformedDataException(Format, location, e.Reason, e);
        }
        CheckCount(certificates.Count, location);
        return certificates.Select(c => Problem(c, type)).FirstOrDefault(p => p is not null) is { } problem
            ? throw new MalformedDataException(Format, location, problem)
            : certificates;
    }

    private static void CheckCount(int count, string location)
    {
        if (count > Limits.TrustedInstances)
        {
            throw new MalformedDataException(Format, location, $"more than {Limits.TrustedInstances} certificates");
        }
    }

    private static string? Problem(X509Certificate2 certificate, string type)
    {
        var read = Certificate.Read(certificate.RawData, "$");
        var isSelfSigned = read.IsSelfIssued && read.SignatureProblem(read) is null;
        return type == "tsa" && !isSelfSigned ? $"{read.Name} is not a root, which it must be for time stamps"
            : read.IsAuthority != true && !isSelfSigned ? $"{read.Name} is neither an authority's certificate nor self-signed"
            : null;
    }
}
