using System.Security.Cryptography;
using System.Text;

namespace ArtifactTrust.Keys;

/// <summary>The password of a key file, in memory that is cleared when it is disposed.</summary>
public sealed class KeyPassword : IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    // Pinned, so that the garbage collector leaves no copies behind.
    private readonly byte[] _utf8;

    private KeyPassword(int length) => _utf8 = GC.AllocateUninitializedArray<byte>(length, pinned: true);

    /// <summary>The password as UTF-8, without a line end.</summary>
    internal ReadOnlySpan<byte> Bytes => _utf8;

    /// <summary>Whether it has no characters, which protects nothing.</summary>
    public bool IsEmpty => _utf8.Length == 0;

    /// <summary>A password from text, which is copied. The caller clears the original.</summary>
    /// <exception cref="ArgumentException">The text is not valid Unicode.</exception>
    public static KeyPassword FromText(ReadOnlySpan<char> text)
    {
        var password = new KeyPassword(Utf8.GetByteCount(text));
        Utf8.GetBytes(text, password._utf8);
        return password;
    }

    /// <summary>A password from UTF-8, which is copied as it is. The caller clears the original.</summary>
    public static KeyPassword FromUtf8(ReadOnlySpan<byte> utf8)
    {
        var password = new KeyPassword(utf8.Length);
        utf8.CopyTo(password._utf8);
        return password;
    }

    /// <summary>Nothing of the password.</summary>
    public override string ToString() => "(password)";

    /// <summary>Clears the memory.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_utf8);
}
