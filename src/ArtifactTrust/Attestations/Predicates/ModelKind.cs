namespace ArtifactTrust.Attestations.Predicates;

/// <summary>What a signed directory is.</summary>
public enum ModelKind
{
    /// <summary>The signer marked it as something not known here.</summary>
    Unknown,

    /// <summary>A model. Also what older signatures and those of other tools are of, whatever it is.</summary>
    Model,

    /// <summary>A dataset.</summary>
    Dataset,
}
