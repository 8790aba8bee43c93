using ArtifactTrust.Hashing;

namespace ArtifactTrust.Verification;

/// <summary>What is asked of a model's files, and which risks the caller takes. Every default is the strict one.</summary>
public sealed record ModelVerificationOptions
{
    /// <summary>Paths left out in addition to those the signer left out.</summary>
    public IgnoreRules Ignore { get; init; } = IgnoreRules.None;

    /// <summary>The only paths that are compared, each with all below it; the whole model where there is none. Proves nothing of the rest.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Whether files that nobody signed may lie in the model. A program that takes every file of the directory takes them too.</summary>
    public bool IgnoreUnsignedFiles { get; init; }

    /// <summary>Whether empty files may lie in a model signed in shards, which has no room for them in its signature.</summary>
    public bool AllowUnsignedEmptyFiles { get; init; }

    /// <summary>
    /// Whether bundles of model-signing v0.2.0 are read: they are signed over an encoding that no specification has, with SHA-256 whatever
    /// the key, and have no root digest.
    /// </summary>
    public bool AllowLegacy { get; init; }
}
