using System.Runtime.InteropServices;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Keys.Hardware;

/// <summary>A PKCS#11 library in this process: initialized by its first user here, finalized by its last.</summary>
/// <remarks>
/// Spec: PKCS#11 v2.40 §5. The library stays mapped after that, because many leave threads and exit handlers behind. The layout is that of
/// Unix: CK_ULONG is as long as a pointer, and structures have their natural alignment.
/// </remarks>
internal sealed unsafe class CryptokiModule
{
    private const int TokenInfoBytes = 512;

    private static readonly Dictionary<string, CryptokiModule> Modules = new(StringComparer.Ordinal);
    private static readonly Lock ModulesLock = new();

    private readonly nint _functions;
    private int _users;
    private bool _finalizes;

    private CryptokiModule(string path, nint functions) => (Path, _functions) = (path, functions);

    /// <summary>Where it was loaded from.</summary>
    internal string Path { get; }

    /// <summary>What calls are serialized by, where the library does not lock for itself; otherwise null.</summary>
    internal Lock? CallLock { get; private set; }

    /// <summary>Loads and initializes a module; <see cref="Release"/> gives it back.</summary>
    /// <param name="path">An absolute path that has been found safe.</param>
    /// <exception cref="HardwareKeyException">The file is no PKCS#11 module for this machine, or does not start.</exception>
    internal static CryptokiModule Acquire(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("keys in PKCS#11 tokens are not supported on Windows");
        }
        return Acquire(path, () => Load(path));
    }

    /// <summary>As <see cref="Acquire(string)"/>, with the CK_FUNCTION_LIST at an address.</summary>
    internal static CryptokiModule Acquire(string path, Func<nint> functions)
    {
        lock (ModulesLock)
        {
            if (!Modules.TryGetValue(path, out var module))
            {
                module = new CryptokiModule(path, functions());
                Modules.Add(path, module);
            }
            if (module._users == 0)
            {
                module.Initialize();
            }
            module._users++;
            return module;
        }
    }

    /// <summary>Gives the module back.</summary>
    internal void Release()
    {
        lock (ModulesLock)
        {
            if (--_users == 0 && _finalizes)
            {
                // Nothing can be done about a failure, and nothing depends on it.
                _ = ((delegate* unmanaged[Cdecl]<void*, nuint>)this[Cryptoki.Function.Finalize])(null);
            }
        }
    }

    /// <summary>The address of a function.</summary>
    internal nint this[Cryptoki.Function function]
    {
        get
        {
            // CK_VERSION, two bytes, is padded to a pointer.
            var address = ((nint*)_functions)[1 + (int)function];
            return address != 0
                ? address
                : throw new HardwareKeyException(HardwareKeyFailure.Unsupported, $"the PKCS#11 module '{Path}' has no C_{function}");
        }
    }

    /// <summary>The tokens that are present.</summary>
    /// <exception cref="HardwareKeyException">The module fails.</exception>
    internal IReadOnlyList<TokenInfo> Tokens()
    {
        var list = (delegate* unmanaged[Cdecl]<byte, nuint*, nuint*, nuint>)this[Cryptoki.Function.GetSlotList];
        nuint count = 0;
        // A first call without room lets the module look for new slots (§5.5).
        Check("listing the tokens", list(1, null, &count));
        var slots = new nuint[Math.Min((long)count + 8, Limits.TokenObjects)];
        count = (nuint)slots.Length;
        fixed (nuint* p = slots)
        {
            Check("listing the tokens", list(1, p, &count));
        }
        var tokens = new List<TokenInfo>();
        foreach (var slot in slots.AsSpan(0, (int)Math.Min(count, (nuint)slots.Length)))
        {
            if (TryReadToken(slot) is { } token)
            {
                tokens.Add(token);
            }
        }
        return tokens;
    }

    /// <summary>The token in a slot, or null where it has just been taken out or is not initialized.</summary>
    internal TokenInfo? TryReadToken(nuint slot)
    {
        var bytes = stackalloc byte[TokenInfoBytes];
        new Span<byte>(bytes, TokenInfoBytes).Clear();
        var result = (Cryptoki.Result)((delegate* unmanaged[Cdecl]<nuint, byte*, nuint>)this[Cryptoki.Function.GetTokenInfo])(slot, bytes);
        // CK_TOKEN_INFO: label (32), manufacturer (32), model (16) and serial number (16), padded with blanks, then the flags.
        return result is Cryptoki.Result.Ok
            ? new TokenInfo(
                slot,
                Text(bytes, 32),
                Text(bytes + 32, 32),
                Text(bytes + 64, 16),
                Text(bytes + 80, 16),
                (Cryptoki.TokenFlags)(*(nuint*)(bytes + 96))
            )
            : null;
    }

    internal static void Check(string what, nuint result)
    {
        if (result != 0)
        {
            throw Cryptoki.Error(what, (Cryptoki.Result)result);
        }
    }

    private static string Text(byte* bytes, int length) => Encoding.UTF8.GetString(bytes, length).TrimEnd(' ', '\0');

    private void Initialize()
    {
        var initialize = (delegate* unmanaged[Cdecl]<InitializeArguments*, nuint>)this[Cryptoki.Function.Initialize];
        var arguments = new InitializeArguments { Flags = Cryptoki.OsLockingOk };
        var result = (Cryptoki.Result)initialize(&arguments);
        if (result is Cryptoki.Result.CantLock)
        {
            CallLock = new Lock();
            result = (Cryptoki.Result)initialize(null);
        }
        // Where something else in the process uses the module too, it is not ours to finalize.
        _finalizes = result is Cryptoki.Result.Ok;
        if (result is not (Cryptoki.Result.Ok or Cryptoki.Result.AlreadyInitialized))
        {
            throw new HardwareKeyException(
                HardwareKeyFailure.Device,
                $"the PKCS#11 module '{Path}' does not start ({Cryptoki.Name(result)})",
                "is it configured for this user? see the module's own log or documentation"
            );
        }
    }

    private static nint Load(string path)
    {
        nint library;
        try
        {
            library = NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new HardwareKeyException(
                HardwareKeyFailure.ModuleMissing,
                $"'{path}' cannot be loaded: it is no library for this machine, or one that it needs is missing",
                $"'ldd {path}' shows what it needs",
                e
            );
        }
        nint functions = 0;
        if (!NativeLibrary.TryGetExport(library, "C_GetFunctionList", out var get))
        {
            throw new HardwareKeyException(HardwareKeyFailure.ModuleMissing, $"'{path}' is no PKCS#11 module: it has no C_GetFunctionList");
        }
        Check($"'{path}'", ((delegate* unmanaged[Cdecl]<nint*, nuint>)get)(&functions));
        return functions != 0
            ? functions
            : throw new HardwareKeyException(
                HardwareKeyFailure.ModuleMissing,
                $"'{path}' is no PKCS#11 module: its function list is empty"
            );
    }

    /// <summary>CK_C_INITIALIZE_ARGS.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct InitializeArguments
    {
        public nint CreateMutex;
        public nint DestroyMutex;
        public nint LockMutex;
        public nint UnlockMutex;
        public nuint Flags;
        public nint Reserved;
    }
}

/// <summary>What a token says of itself.</summary>
internal sealed record TokenInfo(nuint Slot, string Label, string Manufacturer, string Model, string Serial, Cryptoki.TokenFlags Flags)
{
    /// <summary>Whether the URI's token attributes fit.</summary>
    internal bool Fits(Pkcs11Uri uri) =>
        (uri.Token is null || uri.Token == Label)
        && (uri.Manufacturer is null || uri.Manufacturer == Manufacturer)
        && (uri.Model is null || uri.Model == Model)
        && (uri.Serial is null || uri.Serial == Serial)
        && (uri.SlotId is null || (nuint)uri.SlotId == Slot);

    /// <summary>The attributes that tell it from others, as a URI has them.</summary>
    public override string ToString() =>
        $"token={Pkcs11Uri.Encode(Encoding.UTF8.GetBytes(Label))};serial={Pkcs11Uri.Encode(Encoding.UTF8.GetBytes(Serial))}";
}
