using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Keys;
using ArtifactTrust.Keys.Hardware;
using static ArtifactTrust.Keys.Hardware.Cryptoki;

namespace ArtifactTrust.Tests.Keys.Hardware;

/// <summary>A PKCS#11 module in this process with one P-256 key, that fails the way a test says.</summary>
internal sealed class FakeToken : IDisposable
{
    private const int Functions = 68;

    private readonly List<Delegate> _alive = [];
    private readonly nint _list = Marshal.AllocHGlobal((1 + Functions) * nint.Size);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Dictionary<AttributeType, byte[]> _privateKey;
    private readonly Dictionary<AttributeType, byte[]> _publicKey;
    private Queue<nint> _found = new();
    private bool _isLoggedIn;

    internal FakeToken()
    {
        var q = _key.ExportParameters(false).Q;
        byte[] point = [4, 65, 4, .. q.X!, .. q.Y!];
        byte[] p256 = [6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
        _privateKey = new()
        {
            [AttributeType.Class] = Number(3),
            [AttributeType.KeyType] = Number(3),
            [AttributeType.Label] = "k"u8.ToArray(),
            [AttributeType.Id] = [1],
            [AttributeType.Sign] = [1],
            [AttributeType.EcParams] = p256,
        };
        _publicKey = new()
        {
            [AttributeType.Class] = Number(2),
            [AttributeType.KeyType] = Number(3),
            [AttributeType.Label] = "k"u8.ToArray(),
            [AttributeType.Id] = [1],
            [AttributeType.EcParams] = p256,
            [AttributeType.EcPoint] = point,
        };
        Marshal.Copy(new byte[(1 + Functions) * nint.Size], 0, _list, (1 + Functions) * nint.Size);
        Add(Function.Initialize, new F1(arguments => InitializeCore(arguments)));
        Add(Function.Finalize, new F1(_ => Count(() => Finalized++)));
        Add(Function.GetSlotList, new FSlots(SlotList));
        Add(Function.GetTokenInfo, new F2(TokenInfo));
        Add(Function.OpenSession, new FOpen(OpenSession));
        Add(Function.CloseSession, new F1(_ => Count(() => Sessions--)));
        Add(Function.Login, new F4(Login));
        Add(Function.GetAttributeValue, new F4(GetAttributeValue));
        Add(Function.FindObjectsInit, new F3(FindInit));
        Add(Function.FindObjects, new F4(FindNext));
        Add(Function.FindObjectsFinal, new F1(_ => 0));
        Add(Function.SignInit, new F3((_, _, _) => (nint)SignInitResult));
        Add(Function.Sign, new F5(Sign));
    }

    private delegate nint F1(nint a);
    private delegate nint F2(nint a, nint b);
    private delegate nint F3(nint a, nint b, nint c);
    private delegate nint F4(nint a, nint b, nint c, nint d);
    private delegate nint F5(nint a, nint b, nint c, nint d, nint e);
    private delegate nint FSlots(byte present, nint slots, nint count);
    private delegate nint FOpen(nint slot, nint flags, nint application, nint notify, nint handle);

    internal TokenFlags Flags { get; set; } = TokenFlags.LoginRequired | TokenFlags.PinInitialized;
    internal TokenFlags FlagsAfterWrongPin { get; set; }
    internal Result InitializeResult { get; set; }
    internal Result LoginResult { get; set; }
    internal Result OpenResult { get; set; }
    internal Result SignInitResult { get; set; }
    internal Result SignResult { get; set; }
    internal Func<byte[], byte[]> Change { get; set; } = s => s;
    internal bool AsksAlways
    {
        set => _privateKey[AttributeType.AlwaysAuthenticate] = [value ? (byte)1 : (byte)0];
    }
    internal bool MaySign
    {
        set => _privateKey[AttributeType.Sign] = [value ? (byte)1 : (byte)0];
    }
    internal int Tokens { get; set; } = 1;
    internal int PrivateKeys { get; set; } = 1;
    internal List<string> Pins { get; } = [];
    internal int Finalized { get; private set; }
    internal int Sessions { get; private set; }
    internal string Serial { get; set; } = "0001";

    internal Dictionary<AttributeType, byte[]> PublicKey => _publicKey;

    internal HardwareKeyAccess Access(string? pin = "1234") =>
        new() { ModuleForTests = Acquire, AskPin = _ => pin is null ? null : KeyPassword.FromText(pin) };

    internal SigningKey Open(string? pin = "1234", string uri = "pkcs11:token=fake;object=k") =>
        HardwareKey.OpenSigningKey(uri, Access(pin));

    internal void Remove(Function function) => Marshal.WriteIntPtr(_list, (1 + (int)function) * nint.Size, 0);

    public void Dispose()
    {
        _key.Dispose();
        Marshal.FreeHGlobal(_list);
        GC.KeepAlive(_alive);
    }

    private CryptokiModule Acquire() => CryptokiModule.Acquire($"fake {_list}", () => _list);

    private void Add(Function function, Delegate implementation)
    {
        _alive.Add(implementation);
        Marshal.WriteIntPtr(_list, (1 + (int)function) * nint.Size, Marshal.GetFunctionPointerForDelegate(implementation));
    }

    private nint InitializeCore(nint arguments) =>
        (nint)(InitializeResult is Result.CantLock && arguments == 0 ? Result.Ok : InitializeResult);

    private static nint Count(Action action)
    {
        action();
        return 0;
    }

    private nint SlotList(byte present, nint slots, nint count)
    {
        for (var i = 0; slots != 0 && i < Tokens; i++)
        {
            Marshal.WriteIntPtr(slots, i * nint.Size, i);
        }
        Marshal.WriteIntPtr(count, Tokens);
        return 0;
    }

    private nint TokenInfo(nint slot, nint info)
    {
        byte[] text = Encoding.UTF8.GetBytes(
            "fake".PadRight(32) + "tests".PadRight(32) + "none".PadRight(16) + (Serial + slot).PadRight(16)
        );
        Marshal.Copy(text, 0, info, text.Length);
        Marshal.WriteIntPtr(info, 96, (nint)Flags);
        return 0;
    }

    private nint OpenSession(nint slot, nint flags, nint application, nint notify, nint handle)
    {
        if (OpenResult is Result.Ok)
        {
            Sessions++;
            Marshal.WriteIntPtr(handle, 7);
        }
        return (nint)OpenResult;
    }

    private nint Login(nint session, nint user, nint pin, nint length)
    {
        var text = pin == 0 ? "(none)" : Marshal.PtrToStringUTF8(pin, (int)length);
        Pins.Add(text);
        if (LoginResult is not Result.Ok)
        {
            return (nint)LoginResult;
        }
        if (text is not ("1234" or "(none)"))
        {
            Flags |= FlagsAfterWrongPin;
            return (nint)Result.PinIncorrect;
        }
        if (user == 1 && _isLoggedIn)
        {
            return (nint)Result.UserAlreadyLoggedIn;
        }
        _isLoggedIn = true;
        return 0;
    }

    private nint FindInit(nint session, nint template, nint count)
    {
        var wanted = Enumerable
            .Range(0, (int)count)
            .Select(i => template + (i * 3 * nint.Size))
            .Select(a =>
                ((AttributeType)Marshal.ReadIntPtr(a), Bytes(Marshal.ReadIntPtr(a, nint.Size), Marshal.ReadIntPtr(a, 2 * nint.Size)))
            )
            .ToList();
        nint[] all = [.. Enumerable.Repeat((nint)1, _isLoggedIn ? PrivateKeys : 0), 2];
        _found = new(all.Where(h => wanted.TrueForAll(w => Object(h).TryGetValue(w.Item1, out var v) && v.SequenceEqual(w.Item2))));
        return 0;
    }

    private nint FindNext(nint session, nint found, nint room, nint count)
    {
        var n = 0;
        for (; n < room && _found.TryDequeue(out var handle); n++)
        {
            Marshal.WriteIntPtr(found, n * nint.Size, handle);
        }
        Marshal.WriteIntPtr(count, n);
        return 0;
    }

    private nint GetAttributeValue(nint session, nint target, nint attribute, nint count)
    {
        if (!Object(target).TryGetValue((AttributeType)Marshal.ReadIntPtr(attribute), out var value))
        {
            Marshal.WriteIntPtr(attribute, 2 * nint.Size, -1);
            return (nint)Result.AttributeTypeInvalid;
        }
        if (Marshal.ReadIntPtr(attribute, nint.Size) is var place && place != 0)
        {
            Marshal.Copy(value, 0, place, value.Length);
        }
        Marshal.WriteIntPtr(attribute, 2 * nint.Size, value.Length);
        return 0;
    }

    private nint Sign(nint session, nint data, nint length, nint signature, nint signatureLength)
    {
        if (SignResult is not Result.Ok)
        {
            return (nint)SignResult;
        }
        var made = Change(_key.SignHash(Bytes(data, length)));
        Marshal.Copy(made, 0, signature, made.Length);
        Marshal.WriteIntPtr(signatureLength, made.Length);
        return 0;
    }

    private Dictionary<AttributeType, byte[]> Object(nint handle) => handle == 1 ? _privateKey : _publicKey;

    private static byte[] Bytes(nint place, nint length)
    {
        var bytes = new byte[length];
        Marshal.Copy(place, bytes, 0, bytes.Length);
        return bytes;
    }

    private static byte[] Number(ulong value) => BitConverter.GetBytes(value);
}
