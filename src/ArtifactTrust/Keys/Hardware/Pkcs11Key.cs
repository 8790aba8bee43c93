using System.Formats.Asn1;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using static ArtifactTrust.Keys.Hardware.Cryptoki;

namespace ArtifactTrust.Keys.Hardware;

/// <summary>Finds and makes keys in PKCS#11 tokens.</summary>
internal static class Pkcs11Key
{
    private const int IdBytes = 16;

    internal static SigningKey OpenSigningKey(Pkcs11Uri uri, HardwareKeyAccess access, SignatureAlgorithm? rsaPadding)
    {
        if (uri.Type is not (null or "private"))
        {
            throw Unsupported($"'{uri}' names a {uri.Type}, which does not sign", "leave out 'type', or say type=private");
        }
        var session = Open(uri, access, write: false);
        SigningKey? result = null;
        VerificationKey? publicKey = null;
        KeyPassword? pin = null;
        try
        {
            pin = Login(session, uri, access);
            var key = FindOne(session, uri, ObjectClass.PrivateKey, "private key");
            if (session.ReadFlag(key, AttributeType.Sign) == false)
            {
                throw Unsupported($"the key {TokenPublicKey.Describe(session, key)} may not sign (CKA_SIGN)");
            }
            publicKey =
                PublicHalf(session, key, rsaPadding)
                ?? throw new HardwareKeyException(
                    HardwareKeyFailure.NotFound,
                    $"the token has no public key, certificate or public attributes for {TokenPublicKey.Describe(session, key)}",
                    "import the public key or the certificate with the same id"
                );
            var asks = session.ReadFlag(key, AttributeType.AlwaysAuthenticate) == true;
            result = new Pkcs11SigningKey(session, key, publicKey, asks ? pin : null);
            pin = asks ? null : pin;
            return result;
        }
        finally
        {
            pin?.Dispose();
            if (result is null)
            {
                publicKey?.Dispose();
                session.Dispose();
            }
        }
    }

    internal static VerificationKey ReadVerificationKey(Pkcs11Uri uri, HardwareKeyAccess access, SignatureAlgorithm? rsaPadding)
    {
        using var session = Open(uri, access, write: false);
        var (classes, isPrivate) = uri.Type switch
        {
            "public" => (new[] { ObjectClass.PublicKey }, false),
            "cert" => ([ObjectClass.Certificate], false),
            "private" => ([], true),
            _ => ([ObjectClass.PublicKey, ObjectClass.Certificate], true),
        };
        foreach (var kind in classes)
        {
            if (session.Find(Attributes(uri, kind)).Count > 0)
            {
                var target = FindOne(session, uri, kind, kind is ObjectClass.PublicKey ? "public key" : "certificate");
                if (TokenPublicKey.Read(session, target, rsaPadding) is { } key)
                {
                    return key;
                }
            }
        }
        if (!isPrivate)
        {
            throw NotFound(session, uri, classes[0], uri.Type == "cert" ? "certificate" : "public key");
        }
        using var pin = Login(session, uri, access);
        var privateKey = FindOne(session, uri, ObjectClass.PrivateKey, "key");
        return PublicHalf(session, privateKey, rsaPadding)
            ?? throw new HardwareKeyException(HardwareKeyFailure.NotFound, $"the token does not tell the public half of '{uri}'");
    }

    internal static VerificationKey Generate(
        Pkcs11Uri uri,
        SignatureAlgorithm algorithm,
        int rsaBits,
        HardwareKeyAccess access,
        Action<VerificationKey> keep
    )
    {
        if (uri.Label is not { } label)
        {
            throw Unsupported($"'{uri}' gives the new key no name", "add object=NAME, such as pkcs11:token=release;object=training");
        }
        if (uri.Type is not (null or "private"))
        {
            throw Unsupported($"'{uri}' names a {uri.Type}; a key pair is made", "leave out 'type'");
        }
        using var session = Open(uri, access, write: true);
        using var pin = Login(session, uri, access);
        var id = uri.Id is { } given ? given.ToArray() : RandomNumberGenerator.GetBytes(IdBytes);
        ThrowIfTaken(
            session,
            [(AttributeType.Label, Encoding.UTF8.GetBytes(label))],
            $"object={Pkcs11Uri.Encode(Encoding.UTF8.GetBytes(label))}"
        );
        ThrowIfTaken(session, [(AttributeType.Id, id)], $"id={Pkcs11Uri.Percent(id)}");
        var (publicHandle, privateHandle) = MakePair(session, algorithm, rsaBits, Encoding.UTF8.GetBytes(label), id);
        VerificationKey? key = null;
        var isKept = false;
        try
        {
            key =
                TokenPublicKey.Read(session, publicHandle, algorithm.Padding is null ? null : algorithm)
                ?? throw Unsupported("the token does not tell the new key's public half");
            if (key.Algorithm != algorithm)
            {
                throw Unsupported($"the token made a key for {key.Algorithm} where {algorithm} was asked for");
            }
            if (
                session.ReadFlag(privateHandle, AttributeType.Extractable) != false
                || session.ReadFlag(privateHandle, AttributeType.Sensitive) != true
            )
            {
                throw Unsupported("the token made a key that can be taken out of it; it was deleted");
            }
            keep(key);
            isKept = true;
            return key;
        }
        finally
        {
            if (!isKept)
            {
                session.TryDestroy(privateHandle);
                session.TryDestroy(publicHandle);
                key?.Dispose();
            }
        }
    }

    private static (nuint PublicKey, nuint PrivateKey) MakePair(
        TokenSession session,
        SignatureAlgorithm algorithm,
        int rsaBits,
        byte[] label,
        byte[] id
    )
    {
        (AttributeType, byte[])[] shared = [(AttributeType.Token, [1]), (AttributeType.Label, label), (AttributeType.Id, id)];
        (AttributeType, byte[])[] publicKey = [.. shared, (AttributeType.Private, [0]), (AttributeType.Verify, [1])];
        (AttributeType, byte[])[] privateKey =
        [
            .. shared,
            (AttributeType.Private, [1]),
            (AttributeType.Sensitive, [1]),
            (AttributeType.Extractable, [0]),
            (AttributeType.Sign, [1]),
        ];
        if (algorithm.Curve is { } curve)
        {
            return session.Generate(
                Mechanism.EcKeyPairGen,
                [.. publicKey, (AttributeType.EcParams, Der(w => w.WriteObjectIdentifier(curve.Oid)))],
                privateKey
            );
        }
        if (algorithm.Padding is not null)
        {
            return session.Generate(
                Mechanism.RsaKeyPairGen,
                [.. publicKey, (AttributeType.ModulusBits, Number((nuint)rsaBits)), (AttributeType.PublicExponent, [1, 0, 1])],
                privateKey
            );
        }
        // PKCS#11 v3.0 lets a token take the name or the object identifier (RFC 8410) of the curve, and tokens take one of them.
        try
        {
            return session.Generate(
                Mechanism.EdwardsKeyPairGen,
                [
                    .. publicKey,
                    (
                        AttributeType.EcParams,
                        Der(w => w.WriteCharacterString(UniversalTagNumber.PrintableString, TokenPublicKey.Edwards25519))
                    ),
                ],
                privateKey
            );
        }
        catch (HardwareKeyException)
        {
            return session.Generate(
                Mechanism.EdwardsKeyPairGen,
                [.. publicKey, (AttributeType.EcParams, Der(w => w.WriteObjectIdentifier(PublicKeyEncoding.Ed25519Oid)))],
                privateKey
            );
        }
    }

    /// <summary>A session with the one token that fits.</summary>
    private static TokenSession Open(Pkcs11Uri uri, HardwareKeyAccess access, bool write)
    {
        if (uri.Label is null && uri.Id is null)
        {
            throw Unsupported($"'{uri}' names no key", "add object=LABEL or id=%01");
        }
        var module = access.Acquire(uri);
        TokenSession? session = null;
        try
        {
            // A slot without an initialized token has neither label nor serial number.
            var tokens = module.Tokens().Where(t => t.Label.Length + t.Serial.Length > 0).ToList();
            var fitting = tokens.Where(t => t.Fits(uri)).ToList();
            session = fitting switch
            {
                [var token] => TokenSession.Open(module, token, write),
                [] => throw new HardwareKeyException(
                    HardwareKeyFailure.NotFound,
                    $"no token fits '{uri}'",
                    tokens.Count == 0
                        ? $"'{module.Path}' sees no token: is it plugged in, and its service running?"
                        : $"there are: {List(tokens)}"
                ),
                _ => throw new HardwareKeyException(
                    HardwareKeyFailure.Ambiguous,
                    $"{fitting.Count} tokens fit '{uri}'",
                    $"name one of them in full: {List(fitting)}"
                ),
            };
            return session;
        }
        finally
        {
            if (session is null)
            {
                module.Release();
            }
        }
    }

    /// <summary>Logs in where the token asks for it; gives the PIN that was used, which the caller disposes.</summary>
    private static KeyPassword? Login(TokenSession session, Pkcs11Uri uri, HardwareKeyAccess access)
    {
        var flags = session.Token.Flags;
        if (!flags.HasFlag(TokenFlags.LoginRequired))
        {
            return null;
        }
        if (flags.HasFlag(TokenFlags.ProtectedAuthenticationPath))
        {
            session.Login(null);
            return null;
        }
        // Before anybody is asked.
        session.ThrowIfLocked();
        var pin =
            access.Pin(uri, session.Token)
            ?? throw new HardwareKeyException(
                HardwareKeyFailure.PinMissing,
                $"the token '{session.Token.Label}' asks for a PIN, and none was given",
                "give it in a file: ?pin-source=file:/PATH at the end of the URI"
            );
        try
        {
            session.Login(pin);
            return pin;
        }
        catch (HardwareKeyException)
        {
            pin.Dispose();
            throw;
        }
    }

    private static nuint FindOne(TokenSession session, Pkcs11Uri uri, ObjectClass kind, string what)
    {
        var found = session.Find(Attributes(uri, kind));
        return found switch
        {
            [var one] => one,
            [] => throw NotFound(session, uri, kind, what),
            _ => throw new HardwareKeyException(
                HardwareKeyFailure.Ambiguous,
                $"{found.Count} {what}s fit '{uri}'",
                $"name one of them in full: {string.Join(", ", found.Select(o => TokenPublicKey.Describe(session, o)).Order(StringComparer.Ordinal))}"
            ),
        };
    }

    private static HardwareKeyException NotFound(TokenSession session, Pkcs11Uri uri, ObjectClass kind, string what)
    {
        var all = session.Find((AttributeType.Class, Number((nuint)kind)));
        return new(
            HardwareKeyFailure.NotFound,
            $"the token '{session.Token.Label}' has no {what} that fits '{uri}'",
            all.Count == 0
                ? $"it has no {what} at all; make one with 'artifact-trust keygen'"
                : $"it has: {string.Join(", ", all.Select(o => TokenPublicKey.Describe(session, o)).Order(StringComparer.Ordinal))}"
        );
    }

    /// <summary>The public half of a private key: from its own attributes, or from a public key or certificate with its id.</summary>
    private static VerificationKey? PublicHalf(TokenSession session, nuint privateKey, SignatureAlgorithm? rsaPadding)
    {
        var id = session.Read(privateKey, AttributeType.Id);
        // Without an id, the label is what pairs them.
        var pairing =
            id is { Length: > 0 } ? (AttributeType.Id, id)
            : session.Read(privateKey, AttributeType.Label) is { Length: > 0 } label ? (AttributeType.Label, label)
            : default((AttributeType, byte[])?);
        if (pairing is { } attribute)
        {
            foreach (var kind in new[] { ObjectClass.PublicKey, ObjectClass.Certificate })
            {
                foreach (var candidate in session.Find((AttributeType.Class, Number((nuint)kind)), attribute))
                {
                    if (TokenPublicKey.Read(session, candidate, rsaPadding) is { } key)
                    {
                        return key;
                    }
                }
            }
        }
        return TokenPublicKey.Read(session, privateKey, rsaPadding);
    }

    private static void ThrowIfTaken(TokenSession session, (AttributeType, byte[])[] attributes, string what)
    {
        foreach (var kind in new[] { ObjectClass.PrivateKey, ObjectClass.PublicKey })
        {
            if (session.Find([(AttributeType.Class, Number((nuint)kind)), .. attributes]).Count > 0)
            {
                throw new HardwareKeyException(
                    HardwareKeyFailure.Ambiguous,
                    $"the token '{session.Token.Label}' has a key with {what} already",
                    "choose another name or id; keys are never replaced"
                );
            }
        }
    }

    private static List<(AttributeType, byte[])> Attributes(Pkcs11Uri uri, ObjectClass kind)
    {
        var attributes = new List<(AttributeType, byte[])> { (AttributeType.Class, Number((nuint)kind)) };
        if (uri.Label is { } label)
        {
            attributes.Add((AttributeType.Label, Encoding.UTF8.GetBytes(label)));
        }
        if (uri.Id is { } id)
        {
            attributes.Add((AttributeType.Id, id.ToArray()));
        }
        return attributes;
    }

    private static string List(IEnumerable<TokenInfo> tokens) =>
        string.Join(", ", tokens.Select(t => t.ToString()).Order(StringComparer.Ordinal));

    private static byte[] Number(nuint value)
    {
        var bytes = new byte[nuint.Size];
        MemoryMarshal.Write(bytes, value);
        return bytes;
    }

    private static byte[] Der(Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        write(writer);
        return writer.Encode();
    }

    private static HardwareKeyException Unsupported(string message, string? hint = null) =>
        new(HardwareKeyFailure.Unsupported, message, hint);
}
