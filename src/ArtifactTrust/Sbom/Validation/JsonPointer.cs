using System.Globalization;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>A place in a JSON document, made text only when somebody asks.</summary>
/// <param name="Parent">The place it is in; null for the whole document.</param>
/// <param name="Name">The member's name, or null.</param>
/// <param name="Index">The element's index, where there is no name.</param>
/// <remarks>Spec: RFC 6901.</remarks>
internal sealed record JsonPointer(JsonPointer? Parent, string? Name, int Index)
{
    /// <summary>The whole document.</summary>
    internal static JsonPointer Root { get; } = new(null, null, 0);

    internal JsonPointer Member(string name) => new(this, name, 0);

    internal JsonPointer Element(int index) => new(this, null, index);

    public override string ToString()
    {
        var tokens = new Stack<string>();
        for (var at = this; at.Parent is not null; at = at.Parent)
        {
            tokens.Push(
                at.Name is { } name
                    ? name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)
                    : at.Index.ToString(CultureInfo.InvariantCulture)
            );
        }
        return tokens.Count == 0 ? "" : "/" + string.Join('/', tokens);
    }
}
