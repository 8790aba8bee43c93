using System.Globalization;

namespace ArtifactTrust.Sbom.Spdx;

/// <summary>What both versions of SPDX write of a component in one way.</summary>
internal static class SpdxFacts
{
    /// <summary>Every property of the component, its card and its data.</summary>
    internal static IReadOnlyList<SbomProperty> Properties(SbomComponent component)
    {
        var properties = new List<SbomProperty>(component.Properties);
        if (component.ModelCard is { } card)
        {
            Add("task", card.Task);
            Add("architecture-family", card.ArchitectureFamily);
            Add("architecture", card.Architecture);
            properties.AddRange(card.Inputs.Select(i => new SbomProperty(SbomPropertyNames.Prefix + "input", i)));
            properties.AddRange(card.Outputs.Select(o => new SbomProperty(SbomPropertyNames.Prefix + "output", o)));
            properties.AddRange(
                card.Metrics.Select(m => new SbomProperty(
                    SbomPropertyNames.Prefix + "metric",
                    m.Slice is null ? $"{m.Type}={m.Value}" : $"{m.Type}={m.Value} ({m.Slice})"
                ))
            );
            properties.AddRange(card.Properties);
        }
        properties.AddRange(component.Dataset?.Properties ?? []);
        if (component.Dataset is { } data)
        {
            Add("classification", data.Classification);
            properties.AddRange(data.SensitiveData.Select(s => new SbomProperty(SbomPropertyNames.Prefix + "sensitive-data", s)));
        }
        return properties;

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                properties.Add(new SbomProperty(SbomPropertyNames.Prefix + name, value));
            }
        }
    }

    /// <summary>Where the component is to be had from, or null.</summary>
    internal static string? Download(SbomComponent component) => Address(component, "distribution", "vcs");

    /// <summary>The first absolute address of one of the given kinds, or null.</summary>
    internal static string? Address(SbomComponent component, params string[] types) =>
        types
            .SelectMany(t => component.ExternalReferences.Where(r => r.Type == t))
            .Select(r => r.Url)
            .FirstOrDefault(u => Uri.TryCreate(u, UriKind.Absolute, out _) && u.Contains(':', StringComparison.Ordinal));

    /// <summary>The sum of the sizes of a dataset's files, in bytes, or null.</summary>
    internal static long? Bytes(SbomComponent component) =>
        component.Properties.FirstOrDefault(p => p.Name is SbomPropertyNames.TotalSize or SbomPropertyNames.Size) is { } size
        && long.TryParse(size.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? bytes
            : null;
}
