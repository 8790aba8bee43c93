using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Keys.Hardware;
using static ArtifactTrust.Keys.Hardware.Cryptoki;

namespace ArtifactTrust.Tests.Keys.Hardware;

/// <summary>What a token may answer instead of a signature.</summary>
public sealed class TokenFailureTests : IDisposable
{
    private static readonly byte[] Message = "message"u8.ToArray();

    private readonly FakeToken _token = new();

    public void Dispose() => _token.Dispose();

    [Fact]
    public void A_token_signs_and_is_given_back()
    {
        using (var key = _token.Open())
        {
            Assert.True(key.PublicKey.Verify(Message, key.Sign(Message)));
            Assert.Equal(1, _token.Sessions);
            Assert.Throws<InvalidOperationException>(() => key.ExportPkcs8());
        }
        Assert.Equal((0, 1), (_token.Sessions, _token.Finalized));
        Assert.Equal(["1234"], _token.Pins);
    }

    [Fact]
    public void Two_keys_share_one_module_and_one_login()
    {
        using var first = _token.Open();
        using (var second = _token.Open())
        {
            Assert.Equal(2, _token.Sessions);
        }
        Assert.Equal(0, _token.Finalized);
        Assert.True(first.PublicKey.Verify(Message, first.Sign(Message)));
    }

    [Fact]
    public void A_module_that_something_else_initialized_is_left_to_it()
    {
        _token.InitializeResult = Result.AlreadyInitialized;
        _token.Open().Dispose();
        Assert.Equal(0, _token.Finalized);
    }

    [Fact]
    public void A_module_that_cannot_lock_is_locked_for()
    {
        _token.InitializeResult = Result.CantLock;
        using var key = _token.Open();
        using var other = _token.Open();
        Parallel.For(0, 64, i => Assert.True(key.PublicKey.Verify(Message, (i % 2 == 0 ? key : other).Sign(Message))));
    }

    [Theory]
    [InlineData(Result.DeviceRemoved, "was removed")]
    [InlineData(Result.TokenNotPresent, "was removed")]
    [InlineData(Result.SessionHandleInvalid, "was removed")]
    [InlineData(Result.DeviceError, "failed (DeviceError)")]
    [InlineData(Result.GeneralError, "failed (GeneralError)")]
    [InlineData((Result)0x80000001, "CKR 0x80000001")]
    public void A_token_that_fails_while_it_signs_is_no_verdict(object result, string message)
    {
        using var key = _token.Open();
        _token.SignResult = (Result)result;
        var e = Assert.Throws<HardwareKeyException>(() => key.Sign(Message));
        Assert.Equal(HardwareKeyFailure.Device, e.Failure);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.IsAssignableFrom<IOException>(e);
    }

    [Theory]
    [InlineData(Result.MechanismInvalid)]
    [InlineData(Result.KeyFunctionNotPermitted)]
    public void What_the_token_cannot_do_is_said(object result)
    {
        using var key = _token.Open();
        _token.SignInitResult = (Result)result;
        Assert.Equal(HardwareKeyFailure.Unsupported, Assert.Throws<HardwareKeyException>(() => key.Sign(Message)).Failure);
    }

    [Fact]
    public void A_signature_with_any_bit_changed_is_thrown_away()
    {
        using var key = _token.Open();
        for (var bit = 0; bit < 8 * 64; bit += 7)
        {
            _token.Change = s =>
            {
                s[bit / 8] ^= (byte)(1 << (bit % 8));
                return s;
            };
            Assert.Contains(
                "public half refuses",
                Assert.Throws<HardwareKeyException>(() => key.Sign(Message)).Message,
                StringComparison.Ordinal
            );
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(65)]
    public void A_signature_of_another_length_is_thrown_away(int length)
    {
        using var key = _token.Open();
        _token.Change = s => [.. s.Concat(new byte[8]).Take(length)];
        Assert.Throws<HardwareKeyException>(() => key.Sign(Message));
    }

    [Fact]
    public void A_wrong_PIN_is_tried_once_and_never_told()
    {
        var e = Assert.Throws<HardwareKeyException>(() => _token.Open("4321"));
        Assert.Equal(HardwareKeyFailure.PinIncorrect, e.Failure);
        Assert.Equal(["4321"], _token.Pins);
        Assert.DoesNotContain("4321", e.ToString(), StringComparison.Ordinal);
        Assert.Equal((0, 1), (_token.Sessions, _token.Finalized));
    }

    [Theory]
    [InlineData(TokenFlags.PinCountLow, "fewer tries")]
    [InlineData(TokenFlags.PinFinalTry | TokenFlags.PinCountLow, "ONE try remains")]
    [InlineData(TokenFlags.PinLocked | TokenFlags.PinCountLow, "it is locked now")]
    public void What_remains_after_a_wrong_PIN_is_said(object flags, string message)
    {
        _token.FlagsAfterWrongPin = (TokenFlags)flags;
        Assert.Contains(message, Assert.Throws<HardwareKeyException>(() => _token.Open("4321")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TokenFlags.PinLocked, "is locked")]
    [InlineData(TokenFlags.PinToBeChanged, "has to be changed")]
    public void A_token_that_takes_no_PIN_is_given_none(object flags, string message)
    {
        _token.Flags |= (TokenFlags)flags;
        var e = Assert.Throws<HardwareKeyException>(() => _token.Open());
        Assert.Equal(HardwareKeyFailure.PinLocked, e.Failure);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Empty(_token.Pins);
    }

    [Theory]
    [InlineData(Result.PinLocked, HardwareKeyFailure.PinLocked)]
    [InlineData(Result.PinExpired, HardwareKeyFailure.PinLocked)]
    [InlineData(Result.UserPinNotInitialized, HardwareKeyFailure.PinLocked)]
    [InlineData(Result.PinLenRange, HardwareKeyFailure.PinIncorrect)]
    [InlineData(Result.DeviceRemoved, HardwareKeyFailure.Device)]
    [InlineData(Result.UserAnotherAlreadyLoggedIn, HardwareKeyFailure.Device)]
    public void A_refused_login_says_why(object result, HardwareKeyFailure failure)
    {
        _token.LoginResult = (Result)result;
        Assert.Equal(failure, Assert.Throws<HardwareKeyException>(() => _token.Open()).Failure);
        Assert.Equal((0, 1), (_token.Sessions, _token.Finalized));
    }

    [Fact]
    public void A_missing_PIN_is_said()
    {
        Assert.Equal(HardwareKeyFailure.PinMissing, Assert.Throws<HardwareKeyException>(() => _token.Open(null)).Failure);
        Assert.Empty(_token.Pins);
    }

    [Fact]
    public void A_token_with_a_keypad_gets_no_PIN_from_here()
    {
        _token.Flags |= TokenFlags.ProtectedAuthenticationPath;
        using var key = _token.Open("9999");
        Assert.Equal(["(none)"], _token.Pins);
    }

    [Fact]
    public void A_key_that_always_asks_gets_the_PIN_for_each_signature()
    {
        _token.AsksAlways = true;
        using var key = _token.Open();
        key.Sign(Message);
        key.Sign(Message);
        Assert.Equal(["1234", "1234", "1234"], _token.Pins);
    }

    [Fact]
    public void A_PIN_that_is_refused_later_is_not_tried_again()
    {
        _token.AsksAlways = true;
        using var key = _token.Open();
        _token.LoginResult = Result.PinIncorrect;
        Assert.Equal(HardwareKeyFailure.PinIncorrect, Assert.Throws<HardwareKeyException>(() => key.Sign(Message)).Failure);
        Assert.Equal(HardwareKeyFailure.PinIncorrect, Assert.Throws<HardwareKeyException>(() => key.Sign(Message)).Failure);
        Assert.Equal(2, _token.Pins.Count);
    }

    [Fact]
    public void A_key_that_may_not_sign_is_refused()
    {
        _token.MaySign = false;
        Assert.Equal(HardwareKeyFailure.Unsupported, Assert.Throws<HardwareKeyException>(() => _token.Open()).Failure);
    }

    [Fact]
    public void Several_tokens_are_listed_and_none_is_chosen()
    {
        _token.Tokens = 2;
        var e = Assert.Throws<HardwareKeyException>(() => _token.Open());
        Assert.Equal(HardwareKeyFailure.Ambiguous, e.Failure);
        Assert.Equal("name one of them in full: token=fake;serial=00010, token=fake;serial=00011", e.Hint);
        Assert.Empty(_token.Pins);
        _token.Open(uri: "pkcs11:token=fake;serial=00011;object=k").Dispose();
        _token.Open(uri: "pkcs11:slot-id=1;object=k").Dispose();
    }

    [Fact]
    public void Several_keys_are_listed_and_none_is_chosen()
    {
        _token.PrivateKeys = 2;
        var e = Assert.Throws<HardwareKeyException>(() => _token.Open());
        Assert.Equal(HardwareKeyFailure.Ambiguous, e.Failure);
        Assert.Contains("object=k;id=%01", e.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pkcs11:token=other;object=k", "there are: token=fake;serial=00010")]
    [InlineData("pkcs11:manufacturer=other;object=k", "there are: token=fake;serial=00010")]
    [InlineData("pkcs11:model=other;object=k", "there are: token=fake;serial=00010")]
    [InlineData("pkcs11:slot-id=9;object=k", "there are: token=fake;serial=00010")]
    [InlineData("pkcs11:token=fake;object=other", "it has: object=k;id=%01")]
    [InlineData("pkcs11:token=fake;object=k;id=%02", "it has: object=k;id=%01")]
    public void What_is_there_is_listed_where_nothing_fits(string uri, string hint)
    {
        var e = Assert.Throws<HardwareKeyException>(() => _token.Open(uri: uri));
        Assert.Equal((HardwareKeyFailure.NotFound, hint), (e.Failure, e.Hint));
    }

    [Fact]
    public void No_token_at_all_is_said()
    {
        _token.Tokens = 0;
        Assert.Contains("sees no token", Assert.Throws<HardwareKeyException>(() => _token.Open()).Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pkcs11:token=fake")]
    [InlineData("pkcs11:token=fake;object=k;type=public")]
    [InlineData("pkcs11:token=fake;object=k;type=cert")]
    public void A_URI_that_names_no_private_key_does_not_sign(string uri) =>
        Assert.Equal(HardwareKeyFailure.Unsupported, Assert.Throws<HardwareKeyException>(() => _token.Open(uri: uri)).Failure);

    [Fact]
    public void A_public_key_is_read_without_a_PIN()
    {
        using var key = HardwareKey.ReadVerificationKey("pkcs11:object=k", _token.Access("wrong"));
        Assert.Empty(_token.Pins);
        Assert.Equal(SignatureAlgorithm.EcdsaP256, key.Algorithm);
    }

    [Fact]
    public void Every_change_of_the_public_key_is_refused_when_read_or_when_it_signs()
    {
        var point = _token.PublicKey[AttributeType.EcPoint];
        for (var i = 0; i < point.Length; i++)
        {
            var changed = (byte[])point.Clone();
            changed[i] ^= 1;
            _token.PublicKey[AttributeType.EcPoint] = changed;
            var e = Record.Exception(() =>
            {
                using var key = _token.Open();
                key.Sign(Message);
            });
            Assert.True(e is MalformedDataException or HardwareKeyException, $"{i}: {e}");
        }
        Assert.Equal(0, _token.Sessions);
    }

    [Fact]
    public void A_private_key_without_a_public_one_is_said()
    {
        _token.PublicKey[AttributeType.Id] = [2];
        Assert.Equal(HardwareKeyFailure.NotFound, Assert.Throws<HardwareKeyException>(() => _token.Open()).Failure);
    }

    [Fact]
    public void A_module_without_a_function_or_that_does_not_start_is_said()
    {
        _token.InitializeResult = Result.GeneralError;
        Assert.Contains("does not start", Assert.Throws<HardwareKeyException>(() => _token.Open()).Message, StringComparison.Ordinal);
        _token.InitializeResult = Result.Ok;
        _token.OpenResult = Result.SessionCount;
        Assert.Contains("SessionCount", Assert.Throws<HardwareKeyException>(() => _token.Open()).Message, StringComparison.Ordinal);
        _token.Remove(Function.OpenSession);
        Assert.Contains("has no C_OpenSession", Assert.Throws<HardwareKeyException>(() => _token.Open()).Message, StringComparison.Ordinal);
    }
}
