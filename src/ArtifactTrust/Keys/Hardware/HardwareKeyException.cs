namespace ArtifactTrust.Keys.Hardware;

/// <summary>What kept a key in hardware from being used.</summary>
public enum HardwareKeyFailure
{
    /// <summary>The device, its driver or the way to it failed: a token was removed, a session died. Trying later may help.</summary>
    Device = 0,

    /// <summary>The PKCS#11 module or OpenSSL provider is not installed, or may not be loaded from where it is.</summary>
    ModuleMissing,

    /// <summary>No token or no key fits the URI.</summary>
    NotFound,

    /// <summary>Several tokens or keys fit the URI.</summary>
    Ambiguous,

    /// <summary>A PIN is needed, and none was given.</summary>
    PinMissing,

    /// <summary>The token refused the PIN. It was tried once.</summary>
    PinIncorrect,

    /// <summary>The token takes no PIN any more, or not before it is changed.</summary>
    PinLocked,

    /// <summary>The key or token cannot do what is asked: its kind, size or permissions.</summary>
    Unsupported,
}

/// <summary>A key in hardware that could not be used.</summary>
/// <remarks>The message names tokens and keys as the device does, and never holds a PIN.</remarks>
public sealed class HardwareKeyException : IOException
{
    internal HardwareKeyException(HardwareKeyFailure failure, string message, string? hint = null, Exception? innerException = null)
        : base(message, innerException) => (Failure, Hint) = (failure, hint);

    /// <summary>What kind of failure it is.</summary>
    public HardwareKeyFailure Failure { get; }

    /// <summary>What to do about it, or null.</summary>
    public string? Hint { get; }
}
