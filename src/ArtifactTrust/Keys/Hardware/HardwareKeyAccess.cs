using System.Security.Cryptography;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Keys.Hardware;

/// <summary>How keys in hardware are reached, beside what their URI says.</summary>
public sealed record HardwareKeyAccess
{
    /// <summary>
    /// Called with the token's label where it asks for a PIN and the URI names no file with it (<c>pin-source</c>), at most once for each key;
    /// what it returns is disposed by the callee. No PIN where null, or where it returns null.
    /// </summary>
    public Func<string, KeyPassword?>? AskPin { get; init; }

    /// <summary>The absolute path of the PKCS#11 module for URIs that name none; p11-kit's proxy where null.</summary>
    public string? Module { get; init; }

    /// <summary>In place of loading a module.</summary>
    internal Func<CryptokiModule>? ModuleForTests { get; init; }

    internal CryptokiModule Acquire(Pkcs11Uri uri) => ModuleForTests?.Invoke() ?? CryptokiModule.Acquire(ModuleFile.Find(uri, Module));

    internal KeyPassword? Pin(Pkcs11Uri uri, TokenInfo token)
    {
        if (uri.PinSource is not { } path)
        {
            return AskPin?.Invoke(token.Label);
        }
        var buffer = GC.AllocateArray<byte>(Limits.PinBytes + 1, pinned: true);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return length <= Limits.PinBytes
                ? KeyPassword.FromUtf8(buffer.AsSpan(0, length).TrimEnd("\r\n"u8))
                : throw Missing(path, $"it is longer than {Limits.PinBytes} bytes");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Missing(path, "there is no such file", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw Missing(path, "it may not be read", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    private static HardwareKeyException Missing(string path, string reason, Exception? cause = null) =>
        new(HardwareKeyFailure.PinMissing, $"the PIN file '{path}' (pin-source) cannot be used: {reason}", null, cause);
}
