using System.Collections.Frozen;
using ArtifactTrust.Attestations.Predicates;

namespace ArtifactTrust.Scanning.Models;

/// <summary>One rule of a scan of model files.</summary>
/// <param name="Id">The identifier, which findings carry; it stays.</param>
/// <param name="Severity">How bad a finding is.</param>
/// <param name="Reason">Why, as the end of a sentence.</param>
/// <param name="Reference">Where to read more.</param>
internal sealed record ModelScanRule(string Id, Severity Severity, string Reason, string? Reference)
{
    /// <summary>The module whose names are denied; null for a rule that is not about imports by name.</summary>
    internal string? Module { get; init; }

    /// <summary>The denied names of the module.</summary>
    internal FrozenSet<string> Names { get; init; } = [];

    /// <summary>Whether every name of the module is denied, the modules below it included.</summary>
    internal bool DeniesAll { get; init; }
}
