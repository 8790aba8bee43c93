namespace ArtifactTrust.Keys;

/// <summary>An encrypted key file that was not opened for want of the right password.</summary>
/// <remarks>A damaged file cannot be told from a wrong password, and so is reported like one. The message says nothing else.</remarks>
public sealed class KeyPasswordException : Exception
{
    internal KeyPasswordException(bool isMissing)
        : base(
            isMissing
                ? "the key file is encrypted, and no password was given"
                : "the password is wrong, or the key file's encrypted part is damaged"
        ) => IsMissing = isMissing;

    /// <summary>Whether no password was given, rather than a wrong one.</summary>
    public bool IsMissing { get; }
}
