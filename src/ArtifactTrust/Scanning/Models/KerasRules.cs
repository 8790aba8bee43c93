using System.Collections.Frozen;
using System.Text.Json;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Where Keras and its libraries keep the objects that models are made of, and what those read from elsewhere.</summary>
/// <remarks>
/// A configuration names a module and something in it, which older versions of Keras take whatever it is: a class, a function that fetches a file,
/// another module. So a class has to be in a module of layers and the like, and a function by its name among those that models are made of.
/// </remarks>
internal sealed class KerasRules
{
    private const string Below = ".*";

    // The longest first, so that what is left is the module's own name.
    private readonly string[] _packages;
    private readonly FrozenSet<string> _objects;
    private readonly FrozenSet<string> _functions;
    private readonly FrozenSet<(string Layer, string Member)> _files;

    internal KerasRules(JsonElement json)
    {
        _packages = [.. Texts(json, "packages").OrderByDescending(p => p.Length)];
        _objects = Texts(json, "objects").ToFrozenSet(StringComparer.Ordinal);
        _functions = Texts(json, "functions").ToFrozenSet(StringComparer.Ordinal);
        _files = json.GetProperty("files")
            .EnumerateArray()
            .SelectMany(g => Texts(g, "names").SelectMany(n => Texts(g, "members").Select(m => (n, m))))
            .ToFrozenSet();
    }

    /// <summary>Whether something of a module is an object that models are made of.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The name in it.</param>
    /// <param name="isFunction">Whether a function of that name is asked for; otherwise a class, whose name begins with a capital letter.</param>
    internal bool Has(string module, string name, bool isFunction) =>
        IsModule(module)
        && (
            isFunction
                ? _functions.Contains(name)
                : name.Length > 0 && char.IsAsciiLetterUpper(name[0]) && !name.Contains('.', StringComparison.Ordinal)
        );

    /// <summary>Whether a text in that member of a layer's configuration is the path of a file that it reads.</summary>
    internal bool IsFile(string layer, string member) => _files.Contains((layer, member));

    private bool IsModule(string module)
    {
        var package = Array.Find(
            _packages,
            p => module.StartsWith(p, StringComparison.Ordinal) && (module.Length == p.Length || module[p.Length] == '.')
        );
        if (package is null)
        {
            return false;
        }
        var inside = module.Length == package.Length ? "" : module[(package.Length + 1)..];
        if (_objects.Contains(inside))
        {
            return true;
        }
        for (var end = inside.LastIndexOf('.'); end > 0; end = inside.LastIndexOf('.', end - 1))
        {
            if (_objects.Contains(inside[..end] + Below))
            {
                return true;
            }
        }
        return false;
    }

    private static IEnumerable<string> Texts(JsonElement json, string member) =>
        json.GetProperty(member).EnumerateArray().Select(t => t.GetString()!);
}
