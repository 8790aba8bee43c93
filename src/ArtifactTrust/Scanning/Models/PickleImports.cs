using ArtifactTrust.Attestations.Predicates;

namespace ArtifactTrust.Scanning.Models;

/// <summary>A function or class that a file imports when it is loaded.</summary>
/// <param name="Module">The module, as the file names it; <c>?</c> where only a running program could tell.</param>
/// <param name="Name">The name in the module; dots are attributes of attributes.</param>
/// <param name="Location">Where: the member of an archive and the byte, such as <c>archive/data.pkl: byte 96</c>.</param>
/// <param name="Severity">How bad the import is; null where it is on the allow list.</param>
public sealed record ModelImport(string Module, string Name, string Location, Severity? Severity)
{
    /// <summary>The offset of the place in the file's bytes, from 0; null where the import is not in the file as it is, such as in compressed data.</summary>
    public long? ByteOffset { get; init; }
}

/// <summary>The imports of one file and the other oddities of its pickles, each kept once.</summary>
internal sealed class PickleEvents(ModelScanRules rules, Place place)
{
    private readonly Dictionary<(string Module, string Name), ModelScanRule?> _known = [];
    private readonly List<(ModelImport Import, ModelScanRule? Rule)> _imports = [];
    private readonly List<Oddity> _oddities = [];

    /// <summary>Whether there were more imports than are kept.</summary>
    internal bool IsFull { get; private set; }

    internal IReadOnlyList<(ModelImport Import, ModelScanRule? Rule)> Imports => _imports;

    internal IReadOnlyList<Oddity> Oddities => _oddities;

    /// <summary>Where things stand, to come back to with <see cref="Restore"/>.</summary>
    internal (int Imports, int Oddities) Mark => (_imports.Count, _oddities.Count);

    /// <summary>Judges and keeps an import.</summary>
    /// <returns>The rule it breaks; null where it is allowed.</returns>
    internal ModelScanRule? Add(string module, string name, long position)
    {
        if (_known.TryGetValue((module, name), out var rule))
        {
            return rule;
        }
        rule = rules.Judge(module, name);
        Add(Import(module, name, position, rule), rule);
        return rule;
    }

    /// <summary>Keeps an import whose name is not in the file.</summary>
    internal void AddUnresolved(string module, string name, long position)
    {
        if (!_known.ContainsKey((module, name)))
        {
            var rule = rules["import-unresolved"];
            Add(Import(module, name, position, rule), rule);
        }
    }

    /// <summary>Keeps the first of each kind of oddity.</summary>
    internal void AddOddity(string rule, long position)
    {
        if (!_oddities.Exists(o => o.Rule.Id == rule))
        {
            _oddities.Add(new Oddity(rules[rule], place.At(position), null, place.Offset(position)));
        }
    }

    /// <summary>Takes over what was found in a pickle inside this one.</summary>
    internal void AddInner(PickleEvents inner)
    {
        foreach (var (import, rule) in inner._imports)
        {
            if (!_known.ContainsKey((import.Module, import.Name)))
            {
                Add(import, rule);
            }
        }
        foreach (var oddity in inner._oddities.Where(o => !_oddities.Exists(p => p.Rule.Id == o.Rule.Id)))
        {
            _oddities.Add(oddity);
        }
        IsFull |= inner.IsFull;
    }

    /// <summary>How many imports break a rule.</summary>
    internal int Broken { get; private set; }

    /// <summary>Forgets what was added since; it was no pickle.</summary>
    internal void Restore((int Imports, int Oddities) mark)
    {
        for (var i = mark.Imports; i < _imports.Count; i++)
        {
            _known.Remove((_imports[i].Import.Module, _imports[i].Import.Name));
            Broken -= _imports[i].Rule is null ? 0 : 1;
        }
        _imports.RemoveRange(mark.Imports, _imports.Count - mark.Imports);
        _oddities.RemoveRange(mark.Oddities, _oddities.Count - mark.Oddities);
    }

    /// <summary>The place of something encoded in a value.</summary>
    internal Place Part(string name, long position) => new($"{place.At(position)}: {name}", null, place.Depth);

    private ModelImport Import(string module, string name, long position, ModelScanRule? rule) =>
        new(module, name, place.At(position), rule?.Severity) { ByteOffset = place.Offset(position) };

    private void Add(ModelImport import, ModelScanRule? rule)
    {
        if (_imports.Count == Formats.Limits.PickleImports)
        {
            // The file is not clean by then, whatever the rest is.
            IsFull = true;
            return;
        }
        _known.Add((import.Module, import.Name), rule);
        _imports.Add((import, rule));
        Broken += rule is null ? 0 : 1;
    }
}
