namespace ArtifactTrust.Sbom;

/// <summary>A licence as stated: exactly one of an SPDX identifier, a name, or an SPDX expression.</summary>
public sealed record SbomLicense
{
    private SbomLicense(string? id, string? name, string? expression, string? url)
    {
        Id = id;
        Name = name;
        Expression = expression;
        Url = url;
    }

    /// <summary>The SPDX identifier in its own spelling, such as <c>Apache-2.0</c>, or null.</summary>
    public string? Id { get; }

    /// <summary>The name where SPDX has no identifier, such as <c>llama3.1</c>, or null.</summary>
    public string? Name { get; }

    /// <summary>The SPDX expression, such as <c>MIT OR Apache-2.0</c>, or null.</summary>
    public string? Expression { get; }

    /// <summary>Where the text is, an IRI reference, or null.</summary>
    public string? Url { get; init; }

    /// <summary>A licence that SPDX knows.</summary>
    public static SbomLicense OfId(string id, string? url = null) => new(id, null, null, url);

    /// <summary>A licence that SPDX does not know.</summary>
    public static SbomLicense OfName(string name, string? url = null) => new(null, name, null, url);

    /// <summary>A choice or combination of licences.</summary>
    public static SbomLicense OfExpression(string expression) => new(null, null, expression, null);

    /// <summary>The identifier, name or expression.</summary>
    public override string ToString() => (Id ?? Name ?? Expression)!;
}
