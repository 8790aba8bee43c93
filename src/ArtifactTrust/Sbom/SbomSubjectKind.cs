namespace ArtifactTrust.Sbom;

/// <summary>What an SBOM describes. The caller decides, since the same files can be either.</summary>
public enum SbomSubjectKind
{
    /// <summary>Not decided; refused.</summary>
    None = 0,

    /// <summary>A model: a <c>machine-learning-model</c> component whose files are weights, configuration and, where there are any, data.</summary>
    Model,

    /// <summary>A dataset: a <c>data</c> component.</summary>
    Dataset,
}
