using System.Globalization;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>Collects the properties of one format; what is null is left out.</summary>
/// <param name="format">The format's short name, which the names begin with.</param>
internal sealed class PropertyList(string format)
{
    private readonly List<SbomProperty> _properties = [];

    /// <summary>The properties so far.</summary>
    internal IReadOnlyList<SbomProperty> Items => _properties;

    /// <summary>Adds <c>artifact-trust:format:name</c>.</summary>
    internal PropertyList Add(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _properties.Add(new SbomProperty($"{SbomPropertyNames.Prefix}{format}:{name}", FileText.Clean(value)!));
        }
        return this;
    }

    /// <inheritdoc cref="Add(string, string?)"/>
    internal PropertyList Add(string name, long? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc cref="Add(string, string?)"/>
    internal PropertyList Add(string name, UInt128? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds one property a value, all of one name.</summary>
    internal PropertyList AddAll(string name, IEnumerable<string> values)
    {
        foreach (var value in values)
        {
            Add(name, value);
        }
        return this;
    }
}
