namespace ArtifactTrust.Scanning.Models;

/// <summary>Names that templates of chats have no use for.</summary>
internal static class TemplateNames
{
    // They run code, or are on the way there.
    private static readonly HashSet<string> Calls = new(StringComparer.Ordinal)
    {
        "eval",
        "exec",
        "execfile",
        "compile",
        "getattr",
        "setattr",
        "delattr",
        "globals",
        "locals",
        "vars",
        "open",
        "popen",
        "system",
        "breakpoint",
        "chr",
        "import_module",
        "check_output",
        "b64decode",
        "mro",
        "subclasses",
        "urlopen",
        "load_module",
    };

    // What Jinja, and Flask, give every template: objects whose inner attributes lead to everything.
    private static readonly HashSet<string> Globals = new(StringComparer.Ordinal)
    {
        "_context",
        "cycler",
        "get_flashed_messages",
        "joiner",
        "lipsum",
        "self",
        "url_for",
    };

    // Attributes that lead from a function, a generator or an error to everything, without underscores about them.
    private static readonly HashSet<string> Internals = new(StringComparer.Ordinal)
    {
        "ag_code",
        "ag_frame",
        "co_code",
        "co_consts",
        "cr_code",
        "cr_frame",
        "f_back",
        "f_builtins",
        "f_code",
        "f_globals",
        "f_locals",
        "func_code",
        "func_globals",
        "gi_code",
        "gi_frame",
        "im_class",
        "im_func",
        "im_self",
        "tb_frame",
        "tb_next",
    };

    /// <summary>Whether a function of that name is one to run code with.</summary>
    internal static bool IsCall(string name) => Calls.Contains(name);

    /// <summary>Whether every template has something of that name, and needs it for nothing good.</summary>
    internal static bool IsGlobal(string name) => Globals.Contains(name);

    /// <summary>Whether an attribute of that name leads out, whatever it is of.</summary>
    internal static bool IsInternal(string name) => Internals.Contains(name);
}
