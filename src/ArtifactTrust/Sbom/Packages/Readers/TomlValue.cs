using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>A value of a TOML document while that is read: tables grow until its end.</summary>
internal abstract class TomlValue
{
    private static readonly Dictionary<string, YamlNode> NoMembers = [];

    /// <summary>The value as it is in the end.</summary>
    internal abstract YamlNode Freeze();

    internal sealed class Text(string text) : TomlValue
    {
        internal override YamlNode Freeze() => new(text, [], NoMembers);
    }

    internal sealed class Items : TomlValue
    {
        internal List<TomlValue> Values { get; } = [];

        internal override YamlNode Freeze() => new(null, Values.ConvertAll(v => v.Freeze()), NoMembers);
    }

    internal sealed class TableList : TomlValue
    {
        internal List<Table> Tables { get; } = [];

        internal override YamlNode Freeze() => new(null, Tables.ConvertAll(t => t.Freeze()), NoMembers);
    }

    internal sealed class Table : TomlValue
    {
        internal Dictionary<string, TomlValue> Members { get; } = new(StringComparer.Ordinal);

        internal bool IsDefined { get; set; }

        internal bool IsInline { get; set; }

        internal override YamlNode Freeze() =>
            new(null, [], Members.ToDictionary(m => m.Key, m => m.Value.Freeze(), StringComparer.Ordinal));
    }
}
