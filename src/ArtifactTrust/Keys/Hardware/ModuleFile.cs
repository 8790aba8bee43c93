namespace ArtifactTrust.Keys.Hardware;

/// <summary>Where a PKCS#11 module is. Its code runs in this process, so it comes from an absolute path that not everybody can write.</summary>
internal static class ModuleFile
{
    private static readonly string[] Folders =
    [
        "/usr/lib64/pkcs11",
        "/usr/lib/x86_64-linux-gnu/pkcs11",
        "/usr/lib/aarch64-linux-gnu/pkcs11",
        "/usr/lib/pkcs11",
        "/usr/lib/softhsm",
        "/usr/lib64/softhsm",
        "/usr/lib64",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib",
        "/usr/local/lib/pkcs11",
        "/usr/local/lib/softhsm",
        "/usr/local/lib",
        "/opt/homebrew/lib",
    ];

    // As many as Linux follows.
    private const int MaximumLinks = 40;

    // Part of a module's name, and the packages that have it.
    private static readonly (string Name, string Packages)[] Packages =
    [
        ("softhsm", "softhsm2 (Debian, Ubuntu), softhsm (Fedora, RHEL, Homebrew)"),
        ("opensc", "opensc-pkcs11 (Debian, Ubuntu), opensc (Fedora, RHEL, Homebrew)"),
        ("ykcs11", "ykcs11 (Debian, Ubuntu), yubico-piv-tool (Fedora, Homebrew)"),
        ("tpm2", "libtpm2-pkcs11-1 (Debian, Ubuntu), tpm2-pkcs11 (Fedora, RHEL)"),
        ("p11-kit", "p11-kit (Debian, Ubuntu, Homebrew), p11-kit-server (Fedora, RHEL)"),
    ];

    /// <summary>The module that a URI names, or the one to be used where it names none.</summary>
    /// <param name="uri">The URI.</param>
    /// <param name="otherwise">The absolute path of the module for URIs that name none; p11-kit's proxy where null.</param>
    /// <exception cref="HardwareKeyException">It is not there, or anybody could have put it there.</exception>
    internal static string Find(Pkcs11Uri uri, string? otherwise)
    {
        if (uri.ModulePath is { } given)
        {
            return Checked(given);
        }
        if (uri.ModuleName is { } name)
        {
            return FindByName(name)
                ?? throw Missing($"there is no PKCS#11 module '{name}' in {string.Join(", ", Folders.Where(Directory.Exists))}", name);
        }
        if (otherwise is not null)
        {
            return otherwise is ['/', ..]
                ? Checked(otherwise)
                : throw new HardwareKeyException(
                    HardwareKeyFailure.ModuleMissing,
                    $"the PKCS#11 module '{otherwise}' is not given by an absolute path"
                );
        }
        return FindByName("p11-kit-proxy")
            ?? throw new HardwareKeyException(
                HardwareKeyFailure.ModuleMissing,
                "the URI names no PKCS#11 module, and p11-kit's proxy, which knows all of them, is not installed",
                "add ?module-path=/PATH/TO/MODULE.so or ?module-name=NAME to the URI, or install p11-kit"
            );
    }

    private static string? FindByName(string name)
    {
        var extension = OperatingSystem.IsMacOS() ? "dylib" : "so";
        return Folders
            .SelectMany(f => new[] { $"{f}/{name}.{extension}", $"{f}/lib{name}.{extension}" })
            .Where(File.Exists)
            .Select(Checked)
            .FirstOrDefault();
    }

    private static string Checked(string path)
    {
        string real;
        try
        {
            // What is checked is what is loaded: a link in between could be turned.
            real = RealPath(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Missing($"there is no PKCS#11 module at '{path}'", Path.GetFileName(path), e);
        }
        if (!OperatingSystem.IsWindows())
        {
            for (var part = real; part is not null; part = Path.GetDirectoryName(part))
            {
                var mode = File.GetUnixFileMode(part);
                if (mode.HasFlag(UnixFileMode.OtherWrite) && (part == real || !mode.HasFlag(UnixFileMode.StickyBit)))
                {
                    throw new HardwareKeyException(
                        HardwareKeyFailure.ModuleMissing,
                        $"the PKCS#11 module '{path}' is not loaded: every user of the machine can write '{part}'",
                        "a module's code runs with the key's PIN: install it where only its owner can write"
                    );
                }
            }
        }
        return real;
    }

    /// <summary>The path without links, in any of its parts.</summary>
    private static string RealPath(string path)
    {
        var real = "/";
        var links = 0;
        var rest = new Stack<string>(Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        while (rest.TryPop(out var name))
        {
            var next = Path.Join(real, name);
            FileSystemInfo info = rest.Count == 0 ? new FileInfo(next) : new DirectoryInfo(next);
            if (info.LinkTarget is { } target)
            {
                if (++links > MaximumLinks)
                {
                    throw new FileNotFoundException(null, path);
                }
                foreach (var part in Path.GetFullPath(target, real).Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                {
                    rest.Push(part);
                }
                real = "/";
                continue;
            }
            real = info.Exists ? next : throw new FileNotFoundException(null, path);
        }
        return real;
    }

    private static HardwareKeyException Missing(string what, string name, Exception? cause = null) =>
        new(
            HardwareKeyFailure.ModuleMissing,
            what,
            Packages.FirstOrDefault(p => name.Contains(p.Name, StringComparison.OrdinalIgnoreCase)).Packages is { } packages
                ? $"install {packages}"
                : "install the package of the token's vendor that has the module, and give its path as module-path",
            cause
        );
}
