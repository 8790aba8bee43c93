using ArtifactTrust.Formats;
using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Tests.Signing.Oidc;

public sealed class IdentityTokenTests
{
    private const string Basic = """{"iss":"https://i.example","sub":"s","aud":"sigstore","exp":1777864321}""";

    [Fact]
    public void A_token_tells_what_it_says()
    {
        var text = TestTokens.FromClaims(
            """{"iss":"https://i.example","sub":"s","aud":["a","sigstore"],"exp":1777864321.5,"nbf":1777860000,"email":"dev@example.com","email_verified":true}"""
        );
        var token = IdentityToken.Parse(text);
        Assert.Equal("https://i.example", token.Issuer);
        Assert.Equal("s", token.Subject);
        Assert.Equal(["a", "sigstore"], token.Audiences);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1777864321), token.Expires);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1777860000), token.NotBefore);
        Assert.Equal("dev@example.com", token.Email);
        Assert.Equal("dev@example.com", token.ProofSubject);
        Assert.Equal(text, token.Reveal());
    }

    [Theory]
    [InlineData("true", "dev@example.com")]
    [InlineData("\"true\"", "dev@example.com")]
    [InlineData("false", "s")]
    [InlineData("\"false\"", "s")]
    [InlineData("null", "s")]
    public void The_proof_signs_a_verified_address_or_else_the_subject(string verified, string expected)
    {
        var token = IdentityToken.Parse(
            TestTokens.FromClaims($$"""{{Basic[..^1]}},"email":"dev@example.com","email_verified":{{verified}}}""")
        );
        Assert.Equal(expected, token.ProofSubject);
    }

    [Fact]
    public void A_token_does_not_show_itself()
    {
        var text = TestTokens.FromClaims(Basic);
        var shown = IdentityToken.Parse(text).ToString();
        Assert.DoesNotContain(text.Split('.')[1], shown, StringComparison.Ordinal);
        Assert.DoesNotContain(text.Split('.')[2], shown, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Malformed =>
        new()
        {
            { "empty", "" },
            { "no JWT", "hello" },
            { "two parts", "eyJ9.eyJ9" },
            { "four parts", $"{TestTokens.FromClaims(Basic)}.x" },
            { "a line feed at the end", $"{TestTokens.FromClaims(Basic)}\n" },
            { "padding", $"{TestTokens.Encode("""{"alg":"ES256" }""")}=.{TestTokens.Encode(Basic)}.c2ln" },
            { "white space inside", TestTokens.FromClaims(Basic).Replace(".", " .", StringComparison.Ordinal) },
            { "stray bits", $"{TestTokens.FromClaims(Basic, signature: "a")[..^1]}R" },
            { "plain base64", $"{TestTokens.FromClaims(Basic)}+/" },
            { "no signature", $"{TestTokens.Encode("""{"alg":"ES256"}""")}.{TestTokens.Encode(Basic)}." },
            { "alg none", TestTokens.FromClaims(Basic, """{"alg":"None"}""") },
            { "no alg", TestTokens.FromClaims(Basic, "{}") },
            { "header no object", TestTokens.FromClaims(Basic, "[]") },
            { "claims no object", TestTokens.FromClaims("\"x\"") },
            { "claims no JSON", TestTokens.FromClaims("{") },
            { "claim twice", TestTokens.FromClaims($$"""{{Basic[..^1]}},"sub":"t"}""") },
            { "no issuer", TestTokens.FromClaims("""{"sub":"s","aud":"sigstore","exp":1}""") },
            { "empty issuer", TestTokens.FromClaims("""{"iss":"","sub":"s","aud":"sigstore","exp":1}""") },
            { "issuer no string", TestTokens.FromClaims("""{"iss":1,"sub":"s","aud":"sigstore","exp":1}""") },
            { "no subject", TestTokens.FromClaims("""{"iss":"i","aud":"sigstore","exp":1}""") },
            { "no audience", TestTokens.FromClaims("""{"iss":"i","sub":"s","exp":1}""") },
            { "audiences empty", TestTokens.FromClaims("""{"iss":"i","sub":"s","aud":[],"exp":1}""") },
            { "audience a number", TestTokens.FromClaims("""{"iss":"i","sub":"s","aud":[1],"exp":1}""") },
            { "no expiry", TestTokens.FromClaims("""{"iss":"i","sub":"s","aud":"a"}""") },
            { "expiry a string", TestTokens.FromClaims("""{"iss":"i","sub":"s","aud":"a","exp":"1"}""") },
            { "expiry beyond time", TestTokens.FromClaims("""{"iss":"i","sub":"s","aud":"a","exp":1e300}""") },
            { "expiry negative", TestTokens.FromClaims("""{"iss":"i","sub":"s","aud":"a","exp":-1}""") },
            { "verified neither", TestTokens.FromClaims($$"""{{Basic[..^1]}},"email":"a@b","email_verified":"yes"}""") },
            { "verified a number", TestTokens.FromClaims($$"""{{Basic[..^1]}},"email":"a@b","email_verified":1}""") },
            { "too long", new string('a', Limits.IdentityTokenLength + 1) },
            {
                "too many audiences",
                TestTokens.FromClaims(
                    $$"""{"iss":"i","sub":"s","exp":1,"aud":[{{string.Join(',', Enumerable.Repeat("\"a\"", Limits.TokenAudiences + 1))}}]}"""
                )
            },
        };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void What_is_no_token_is_refused(string name, string text)
    {
        var e = Assert.Throws<MalformedDataException>(() => IdentityToken.Parse(text));
        Assert.True(text.Length < 8 || !e.Message.Contains(text, StringComparison.Ordinal), name);
    }

    [Fact]
    public void A_changed_character_is_refused_or_gives_another_token_and_never_another_error()
    {
        var text = TestTokens.FromClaims(Basic);
        for (var i = 0; i < text.Length; i++)
        {
            for (var c = '\0'; c < 256; c++)
            {
                try
                {
                    IdentityToken.Parse($"{text[..i]}{c}{text[(i + 1)..]}");
                }
                catch (MalformedDataException)
                {
                    // As it should be.
                }
            }
        }
    }

    [Fact]
    public void A_token_is_usable_until_it_expires()
    {
        var token = IdentityToken.Parse(TestTokens.Make(expires: TestTokens.Now));
        token.RequireUsable("sigstore", TestTokens.Now.AddSeconds(-1));
        Assert.True(token.IsExpired(TestTokens.Now));
        Assert.Equal(IdentityTokenFailure.Expired, Failure(token, "sigstore", TestTokens.Now));
    }

    [Fact]
    public void A_token_for_somebody_else_is_refused() =>
        Assert.Equal(
            IdentityTokenFailure.WrongAudience,
            Failure(IdentityToken.Parse(TestTokens.Make(audience: "sigstore2")), "sigstore", TestTokens.Now)
        );

    [Fact]
    public void A_token_that_starts_later_is_refused_but_clocks_may_differ_by_a_minute()
    {
        var token = IdentityToken.Parse(TestTokens.FromClaims($$"""{{Basic[..^1]}},"nbf":1777860000}"""));
        var start = DateTimeOffset.FromUnixTimeSeconds(1777860000);
        token.RequireUsable("sigstore", start.AddMinutes(-1));
        Assert.Equal(IdentityTokenFailure.NotYetValid, Failure(token, "sigstore", start.AddMinutes(-1).AddSeconds(-1)));
    }

    private static IdentityTokenFailure Failure(IdentityToken token, string audience, DateTimeOffset now) =>
        Assert.Throws<IdentityTokenException>(() => token.RequireUsable(audience, now)).Failure;
}
