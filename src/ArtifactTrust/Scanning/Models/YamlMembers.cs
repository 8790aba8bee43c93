using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ArtifactTrust.Scanning.Models;

/// <summary>The members of mappings whose values are texts, while the events of a YAML document pass; an alias stands for the text it names.</summary>
internal sealed class YamlMembers
{
    private readonly Stack<(bool IsMapping, bool AtValue, string? Key)> _open = new();
    private readonly Dictionary<AnchorName, string> _anchored = [];

    /// <summary>Takes the next event.</summary>
    /// <returns>The member that ends with it; null where none does.</returns>
    internal (string Name, string Value)? Next(ParsingEvent current)
    {
        if (current is MappingEnd or SequenceEnd)
        {
            _open.Pop();
            return null;
        }
        if (current is not (NodeEvent or AnchorAlias))
        {
            return null;
        }
        var text = TextOf(current);
        (string, string)? member = null;
        if (_open.TryPeek(out var parent) && parent.IsMapping)
        {
            member = parent is { AtValue: true, Key: { } key } && text is not null ? (key, text) : null;
            _open.Pop();
            _open.Push((true, !parent.AtValue, parent.AtValue ? null : text));
        }
        if (current is MappingStart or SequenceStart)
        {
            _open.Push((current is MappingStart, false, null));
        }
        return member;
    }

    private string? TextOf(ParsingEvent current)
    {
        if (current is AnchorAlias alias)
        {
            return _anchored.GetValueOrDefault(alias.Value);
        }
        if (current is not Scalar scalar)
        {
            return null;
        }
        if (!scalar.Anchor.IsEmpty)
        {
            _anchored[scalar.Anchor] = scalar.Value;
        }
        return scalar.Value;
    }
}
