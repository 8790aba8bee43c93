using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Verification;

/// <summary>The two forms in which clients write which managed key signed.</summary>
public static class KeyHint
{
    /// <summary>Base64 of SHA-256 of the DER SubjectPublicKeyInfo, as cosign and sigstore-go write it.</summary>
    public static string ForSigstore(VerificationKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Convert.ToBase64String(key.Fingerprint.Bytes);
    }

    /// <summary>Lower-case hex of SHA-256 of the PEM text, its last line feed included.</summary>
    /// <remarks>Spec: OMS 1.0, "Key method"; the clients of model signing compare it.</remarks>
    public static string ForModel(VerificationKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return DigestAlgorithm.Sha256.Hash(Encoding.ASCII.GetBytes(key.ToPem())).Hex;
    }

    internal static bool Names(string hint, VerificationKey key) => hint == ForSigstore(key) || hint == ForModel(key);
}
