using System.Runtime.InteropServices;
using ArtifactTrust.Formats;
using static ArtifactTrust.Keys.Hardware.Cryptoki;

namespace ArtifactTrust.Keys.Hardware;

/// <summary>A session with one token; one call at a time, from any thread.</summary>
internal sealed unsafe class TokenSession : IDisposable
{
    private const int SignatureBytes = Limits.RsaBits / 8;

    private readonly CryptokiModule _module;
    private readonly nuint _handle;
    private readonly Lock _lock;
    private bool _isClosed;
    private bool _isRefused;

    private TokenSession(CryptokiModule module, TokenInfo token, nuint handle) =>
        (_module, Token, _handle, _lock) = (module, token, handle, module.CallLock ?? new Lock());

    /// <summary>The token, as it was before the session.</summary>
    internal TokenInfo Token { get; }

    /// <summary>Opens a session, which takes over the use of the module.</summary>
    /// <exception cref="HardwareKeyException">The token refuses it.</exception>
    internal static TokenSession Open(CryptokiModule module, TokenInfo token, bool write)
    {
        nuint handle = 0;
        CryptokiModule.Check(
            $"opening a session with '{token.Label}'",
            ((delegate* unmanaged[Cdecl]<nuint, nuint, void*, void*, nuint*, nuint>)module[Function.OpenSession])(
                token.Slot,
                SerialSession | (write ? ReadWriteSession : 0),
                null,
                null,
                &handle
            )
        );
        return new TokenSession(module, token, handle);
    }

    /// <summary>Presents the PIN once.</summary>
    /// <param name="pin">The PIN, or null where the token has a keypad of its own.</param>
    /// <exception cref="HardwareKeyException">The token refuses it, or takes none any more.</exception>
    internal void Login(KeyPassword? pin)
    {
        lock (_lock)
        {
            LoginCore(User, pin);
        }
    }

    /// <summary>The objects that have all the attributes.</summary>
    internal IReadOnlyList<nuint> Find(params IReadOnlyList<(AttributeType Type, byte[] Value)> attributes)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            using var template = new Template(attributes);
            CryptokiModule.Check(
                "looking for keys",
                ((delegate* unmanaged[Cdecl]<nuint, void*, nuint, nuint>)_module[Function.FindObjectsInit])(
                    _handle,
                    template.Pointer,
                    (nuint)attributes.Count
                )
            );
            var found = new nuint[Limits.TokenObjects];
            nuint count = 0;
            nuint result;
            fixed (nuint* p = found)
            {
                result = ((delegate* unmanaged[Cdecl]<nuint, nuint*, nuint, nuint*, nuint>)_module[Function.FindObjects])(
                    _handle,
                    p,
                    (nuint)found.Length,
                    &count
                );
            }
            _ = ((delegate* unmanaged[Cdecl]<nuint, nuint>)_module[Function.FindObjectsFinal])(_handle);
            CryptokiModule.Check("looking for keys", result);
            return found[..(int)Math.Min(count, (nuint)found.Length)];
        }
    }

    /// <summary>An attribute's value, or null where the object has none, keeps it secret, or has too much of it.</summary>
    internal byte[]? Read(nuint target, AttributeType type)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            var get = (delegate* unmanaged[Cdecl]<nuint, nuint, Attribute*, nuint, nuint>)_module[Function.GetAttributeValue];
            var attribute = new Attribute { Type = (nuint)type };
            var result = (Result)get(_handle, target, &attribute, 1);
            if (result is Result.AttributeSensitive or Result.AttributeTypeInvalid || attribute.Length == Unavailable)
            {
                return null;
            }
            CryptokiModule.Check("reading a key's attributes", (nuint)result);
            if (attribute.Length > Limits.KeyFileBytes)
            {
                return null;
            }
            var value = new byte[attribute.Length];
            fixed (byte* p = value)
            {
                attribute.Value = p;
                result = (Result)get(_handle, target, &attribute, 1);
            }
            CryptokiModule.Check("reading a key's attributes", (nuint)result);
            return attribute.Length <= (nuint)value.Length ? value[..(int)attribute.Length] : null;
        }
    }

    /// <summary>An attribute that is a number, or null.</summary>
    internal nuint? ReadNumber(nuint target, AttributeType type) =>
        Read(target, type) is { } value && value.Length == sizeof(nuint) ? MemoryMarshal.Read<nuint>(value) : null;

    /// <summary>An attribute that is true or false, or null.</summary>
    internal bool? ReadFlag(nuint target, AttributeType type) => Read(target, type) is [var value] ? value != 0 : null;

    /// <summary>Makes one signature.</summary>
    /// <param name="key">The private key.</param>
    /// <param name="mechanism">How.</param>
    /// <param name="parameters">The mechanism's parameters; may be empty.</param>
    /// <param name="data">What is signed, in memory.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="pin">The PIN, where the key asks for it before each signature.</param>
    internal byte[] Sign(nuint key, Mechanism mechanism, ReadOnlySpan<byte> parameters, byte* data, nuint length, KeyPassword? pin)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            fixed (byte* p = parameters)
            {
                var m = new MechanismParameters
                {
                    Mechanism = (nuint)mechanism,
                    Parameters = p,
                    Length = (nuint)parameters.Length,
                };
                CryptokiModule.Check(
                    "signing",
                    ((delegate* unmanaged[Cdecl]<nuint, void*, nuint, nuint>)_module[Function.SignInit])(_handle, &m, key)
                );
            }
            if (pin is not null)
            {
                LoginCore(ContextSpecific, pin);
            }
            var signature = new byte[SignatureBytes];
            var signatureLength = (nuint)signature.Length;
            fixed (byte* p = signature)
            {
                // Some modules read a null pointer as no data at all.
                CryptokiModule.Check(
                    "signing",
                    ((delegate* unmanaged[Cdecl]<nuint, byte*, nuint, byte*, nuint*, nuint>)_module[Function.Sign])(
                        _handle,
                        data is null ? p : data,
                        length,
                        p,
                        &signatureLength
                    )
                );
            }
            return signatureLength <= (nuint)signature.Length ? signature[..(int)signatureLength] : [];
        }
    }

    /// <summary>Makes a key pair in the token.</summary>
    internal (nuint PublicKey, nuint PrivateKey) Generate(
        Mechanism mechanism,
        IReadOnlyList<(AttributeType Type, byte[] Value)> publicAttributes,
        IReadOnlyList<(AttributeType Type, byte[] Value)> privateAttributes
    )
    {
        lock (_lock)
        {
            ThrowIfClosed();
            using var publicTemplate = new Template(publicAttributes);
            using var privateTemplate = new Template(privateAttributes);
            var m = new MechanismParameters { Mechanism = (nuint)mechanism };
            nuint publicKey = 0;
            nuint privateKey = 0;
            CryptokiModule.Check(
                "making a key pair",
                (
                    (delegate* unmanaged[Cdecl]<nuint, void*, void*, nuint, void*, nuint, nuint*, nuint*, nuint>)
                        _module[Function.GenerateKeyPair]
                )(
                    _handle,
                    &m,
                    publicTemplate.Pointer,
                    (nuint)publicAttributes.Count,
                    privateTemplate.Pointer,
                    (nuint)privateAttributes.Count,
                    &publicKey,
                    &privateKey
                )
            );
            return (publicKey, privateKey);
        }
    }

    /// <summary>Deletes an object, if the token does that.</summary>
    internal void TryDestroy(nuint target)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            _ = ((delegate* unmanaged[Cdecl]<nuint, nuint, nuint>)_module[Function.DestroyObject])(_handle, target);
        }
    }

    /// <summary>Ends the session, and with the last one of this process the login.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }
            _isClosed = true;
            _ = ((delegate* unmanaged[Cdecl]<nuint, nuint>)_module[Function.CloseSession])(_handle);
        }
        _module.Release();
    }

    private void LoginCore(nuint user, KeyPassword? pin)
    {
        ThrowIfClosed();
        if (_isRefused)
        {
            // A second try of a wrong PIN may be the token's last.
            throw new HardwareKeyException(
                HardwareKeyFailure.PinIncorrect,
                $"the token '{Token.Label}' has refused the PIN; it is not tried again"
            );
        }
        ThrowIfLocked();
        Result result;
        fixed (byte* p = pin is null ? default : pin.Bytes)
        {
            result = (Result)
                ((delegate* unmanaged[Cdecl]<nuint, nuint, byte*, nuint, nuint>)_module[Function.Login])(
                    _handle,
                    user,
                    p,
                    (nuint)(pin?.Bytes.Length ?? 0)
                );
        }
        switch (result)
        {
            case Result.Ok:
            case Result.UserAlreadyLoggedIn when user == User:
                return;
            case Result.PinIncorrect or Result.PinInvalid or Result.PinLenRange:
                _isRefused = true;
                throw new HardwareKeyException(
                    HardwareKeyFailure.PinIncorrect,
                    $"the token '{Token.Label}' refuses the PIN ({Name(result)}){Remaining(_module.TryReadToken(Token.Slot))}",
                    "it was tried once and is not tried again; correct it before the next run, because tokens lock after a few wrong ones"
                );
            case Result.PinLocked:
                _isRefused = true;
                throw Locked();
            case Result.PinExpired:
                throw Expired();
            case Result.UserPinNotInitialized:
                throw new HardwareKeyException(
                    HardwareKeyFailure.PinLocked,
                    $"the token '{Token.Label}' has no user PIN yet",
                    "set one with the token's own tool, such as 'pkcs11-tool --init-pin'"
                );
            default:
                throw Error($"the login to '{Token.Label}'", result);
        }
    }

    /// <exception cref="HardwareKeyException">The token says that it takes no PIN.</exception>
    internal void ThrowIfLocked()
    {
        var now = _module.TryReadToken(Token.Slot) ?? Token;
        if (now.Flags.HasFlag(TokenFlags.PinLocked))
        {
            throw Locked();
        }
        if (now.Flags.HasFlag(TokenFlags.PinToBeChanged))
        {
            throw Expired();
        }
    }

    private HardwareKeyException Locked() =>
        new(
            HardwareKeyFailure.PinLocked,
            $"the PIN of the token '{Token.Label}' is locked",
            "its security officer can set a new one with the token's own tool, such as 'pkcs11-tool --init-pin'"
        );

    private HardwareKeyException Expired() =>
        new(
            HardwareKeyFailure.PinLocked,
            $"the PIN of the token '{Token.Label}' has to be changed first",
            "change it with the token's own tool, such as 'pkcs11-tool --change-pin'"
        );

    private static string Remaining(TokenInfo? after) =>
        after is null ? ""
        : after.Flags.HasFlag(TokenFlags.PinLocked) ? "; it is locked now"
        : after.Flags.HasFlag(TokenFlags.PinFinalTry) ? "; ONE try remains before it locks"
        : after.Flags.HasFlag(TokenFlags.PinCountLow) ? "; the token counts wrong PINs, and fewer tries remain than before"
        : "";

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_isClosed, this);

    /// <summary>CK_ATTRIBUTE.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Attribute
    {
        public nuint Type;
        public byte* Value;
        public nuint Length;
    }

    /// <summary>CK_MECHANISM.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MechanismParameters
    {
        public nuint Mechanism;
        public byte* Parameters;
        public nuint Length;
    }

    /// <summary>An array of CK_ATTRIBUTE in native memory.</summary>
    private readonly ref struct Template
    {
        private readonly Attribute* _attributes;

        internal Template(IReadOnlyList<(AttributeType Type, byte[] Value)> attributes)
        {
            var head = attributes.Count * sizeof(Attribute);
            _attributes = (Attribute*)NativeMemory.AllocZeroed((nuint)(head + attributes.Sum(a => a.Value.Length) + 1));
            var values = (byte*)_attributes + head;
            for (var i = 0; i < attributes.Count; i++)
            {
                var (type, value) = attributes[i];
                value.CopyTo(new Span<byte>(values, value.Length));
                _attributes[i] = new Attribute
                {
                    Type = (nuint)type,
                    Value = values,
                    Length = (nuint)value.Length,
                };
                values += value.Length;
            }
        }

        internal void* Pointer => _attributes;

        internal void Dispose() => NativeMemory.Free(_attributes);
    }
}
