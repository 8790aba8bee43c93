namespace ArtifactTrust.Keys.Hardware;

/// <summary>The numbers of PKCS#11 v2.40 (and Edwards curves of v3.0) that are used here, by the names of the specification.</summary>
internal static class Cryptoki
{
    internal const nuint OsLockingOk = 2;
    internal const nuint SerialSession = 4;
    internal const nuint ReadWriteSession = 2;
    internal const nuint User = 1;
    internal const nuint ContextSpecific = 2;
    internal static readonly nuint Unavailable = nuint.MaxValue;

    /// <summary>CK_TOKEN_INFO.flags.</summary>
    [Flags]
    internal enum TokenFlags : uint
    {
        WriteProtected = 0x2,
        LoginRequired = 0x4,
        PinInitialized = 0x8,
        ProtectedAuthenticationPath = 0x100,
        PinCountLow = 0x10000,
        PinFinalTry = 0x20000,
        PinLocked = 0x40000,
        PinToBeChanged = 0x80000,
    }

    internal enum ObjectClass : uint
    {
        Certificate = 1,
        PublicKey = 2,
        PrivateKey = 3,
    }

    internal enum KeyType : uint
    {
        Rsa = 0,
        Ec = 3,
        EcEdwards = 0x40,
    }

    /// <summary>CK_ATTRIBUTE_TYPE.</summary>
    internal enum AttributeType : uint
    {
        Class = 0,
        Token = 1,
        Private = 2,
        Label = 3,
        Value = 0x11,
        KeyType = 0x100,
        Id = 0x102,
        Sensitive = 0x103,
        Sign = 0x108,
        Verify = 0x10A,
        Modulus = 0x120,
        ModulusBits = 0x121,
        PublicExponent = 0x122,
        PublicKeyInfo = 0x129,
        Extractable = 0x162,
        EcParams = 0x180,
        EcPoint = 0x181,
        AlwaysAuthenticate = 0x202,
    }

    /// <summary>CK_MECHANISM_TYPE.</summary>
    internal enum Mechanism : uint
    {
        RsaKeyPairGen = 0,
        Rsa = 1,
        RsaPss = 0xD,
        EcKeyPairGen = 0x1040,
        Ecdsa = 0x1041,
        EdwardsKeyPairGen = 0x1055,
        Eddsa = 0x1057,
        Sha256 = 0x250,
    }

    /// <summary>The places of functions in CK_FUNCTION_LIST, from the first after the version.</summary>
    internal enum Function
    {
        Initialize = 0,
        Finalize = 1,
        GetSlotList = 4,
        GetTokenInfo = 6,
        OpenSession = 12,
        CloseSession = 13,
        Login = 18,
        DestroyObject = 22,
        GetAttributeValue = 24,
        FindObjectsInit = 26,
        FindObjects = 27,
        FindObjectsFinal = 28,
        SignInit = 42,
        Sign = 43,
        GenerateKeyPair = 59,
    }

    /// <summary>CK_RV.</summary>
    internal enum Result : uint
    {
        Ok = 0,
        HostMemory = 2,
        SlotIdInvalid = 3,
        GeneralError = 5,
        FunctionFailed = 6,
        ArgumentsBad = 7,
        CantLock = 0xA,
        AttributeSensitive = 0x11,
        AttributeTypeInvalid = 0x12,
        AttributeValueInvalid = 0x13,
        ActionProhibited = 0x1B,
        DataInvalid = 0x20,
        DataLenRange = 0x21,
        DeviceError = 0x30,
        DeviceMemory = 0x31,
        DeviceRemoved = 0x32,
        FunctionCanceled = 0x50,
        FunctionNotSupported = 0x54,
        KeyHandleInvalid = 0x60,
        KeySizeRange = 0x62,
        KeyTypeInconsistent = 0x63,
        KeyFunctionNotPermitted = 0x68,
        MechanismInvalid = 0x70,
        MechanismParamInvalid = 0x71,
        ObjectHandleInvalid = 0x82,
        OperationActive = 0x90,
        PinIncorrect = 0xA0,
        PinInvalid = 0xA1,
        PinLenRange = 0xA2,
        PinExpired = 0xA3,
        PinLocked = 0xA4,
        SessionClosed = 0xB0,
        SessionCount = 0xB1,
        SessionHandleInvalid = 0xB3,
        SessionReadOnly = 0xB5,
        TemplateIncomplete = 0xD0,
        TemplateInconsistent = 0xD1,
        TokenNotPresent = 0xE0,
        TokenNotRecognized = 0xE1,
        TokenWriteProtected = 0xE2,
        UserAlreadyLoggedIn = 0x100,
        UserNotLoggedIn = 0x101,
        UserPinNotInitialized = 0x102,
        UserAnotherAlreadyLoggedIn = 0x104,
        UserTooManyTypes = 0x105,
        DomainParamsInvalid = 0x130,
        CurveNotSupported = 0x140,
        BufferTooSmall = 0x150,
        NotInitialized = 0x190,
        AlreadyInitialized = 0x191,
    }

    /// <summary>The failure that a return value other than <see cref="Result.Ok"/> means.</summary>
    internal static HardwareKeyException Error(string what, Result result) =>
        result switch
        {
            Result.DeviceRemoved or Result.TokenNotPresent or Result.SlotIdInvalid or Result.SessionHandleInvalid or Result.SessionClosed =>
                new(HardwareKeyFailure.Device, $"{what}: the token was removed, or its session ended ({Name(result)})"),
            Result.FunctionNotSupported
            or Result.MechanismInvalid
            or Result.MechanismParamInvalid
            or Result.CurveNotSupported
            or Result.DomainParamsInvalid
            or Result.KeySizeRange
            or Result.KeyTypeInconsistent
            or Result.KeyFunctionNotPermitted
            or Result.TemplateInconsistent
            or Result.AttributeValueInvalid
            or Result.ActionProhibited
            or Result.TokenWriteProtected
            or Result.SessionReadOnly => new(HardwareKeyFailure.Unsupported, $"{what}: the token does not do that ({Name(result)})"),
            _ => new(HardwareKeyFailure.Device, $"{what}: the token failed ({Name(result)})"),
        };

    internal static string Name(Result result) => Enum.IsDefined(result) ? result.ToString() : $"CKR 0x{(uint)result:X}";
}
