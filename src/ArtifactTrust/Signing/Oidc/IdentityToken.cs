using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>
/// A signed statement of an OpenID Connect issuer about who asks for a certificate. It is read, not verified: its signature is the
/// certificate authority's task, and nothing here may be trusted before that authority has accepted it.
/// </summary>
/// <remarks>
/// Spec: RFC 7519 (JWT) in the compact form of RFC 7515 §7.1; OpenID Connect Core 1.0 §2. A token is a secret for as long as it is valid:
/// whoever has it can sign in its owner's name. So only <see cref="Reveal"/> gives it away, and <see cref="ToString"/> does not.
/// </remarks>
public sealed class IdentityToken
{
    /// <summary>The audience that Sigstore's certificate authorities ask for.</summary>
    public const string SigstoreAudience = "sigstore";

    private const string FormatName = "identity token";

    // The latest time that DateTimeOffset has, in seconds since the epoch.
    private const double LatestSeconds = 253402300799;

    // Clocks of issuers and of build machines differ; a token that starts in a minute has started.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    private readonly string _text;

    private IdentityToken(string text, JsonElement claims)
    {
        _text = text;
        Issuer = Nonempty(claims, "iss");
        Subject = Nonempty(claims, "sub");
        Audiences = ReadAudiences(claims);
        Expires =
            ReadTime(claims, "exp") ?? throw new MalformedDataException(FormatName, "claims.exp", "the time of expiry (exp) is required");
        NotBefore = ReadTime(claims, "nbf");
        Email = StrictJson.OptionalString(claims, "email", FormatName, "claims") is { Length: > 0 } email ? email : null;
        IsEmailVerified = ReadFlag(claims, "email_verified");
        Nonce = StrictJson.OptionalString(claims, "nonce", FormatName, "claims");
    }

    /// <summary>The URL of who made the token (<c>iss</c>).</summary>
    public string Issuer { get; }

    /// <summary>Whom the token is about, in the issuer's words (<c>sub</c>).</summary>
    public string Subject { get; }

    /// <summary>For whom the token was made (<c>aud</c>).</summary>
    public IReadOnlyList<string> Audiences { get; }

    /// <summary>The end of the token's validity (<c>exp</c>), UTC.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>The start of the token's validity (<c>nbf</c>), UTC; null where it has none.</summary>
    public DateTimeOffset? NotBefore { get; }

    /// <summary>The e-mail address (<c>email</c>); null where there is none.</summary>
    public string? Email { get; }

    /// <summary>Whether the issuer says that the address is the subject's (<c>email_verified</c>).</summary>
    public bool IsEmailVerified { get; }

    /// <summary>What the proof of possession signs: the e-mail address where there is a verified one, else the subject.</summary>
    /// <remarks>Spec: Fulcio, "Certificate issuing": the challenge is the e-mail for e-mail issuers, and <c>sub</c> for all others.</remarks>
    public string ProofSubject => IsEmailVerified && Email is not null ? Email : Subject;

    /// <summary>The value that ties the token to one sign-in (<c>nonce</c>).</summary>
    internal string? Nonce { get; }

    /// <summary>Reads a token.</summary>
    /// <param name="text">Three parts of base64url with dots between them, and nothing around.</param>
    /// <exception cref="MalformedDataException">The text is empty, too long or not a JWT, or lacks a claim. The message does not repeat it.</exception>
    public static IdentityToken Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0)
        {
            throw new MalformedDataException(FormatName, "$", "it is empty");
        }
        if (text.Length > Limits.IdentityTokenLength)
        {
            throw new MalformedDataException(
                FormatName,
                "$",
                $"{text.Length} characters; at most {Limits.IdentityTokenLength} are accepted"
            );
        }
        Span<Range> parts = stackalloc Range[4];
        if (text.AsSpan().Split(parts, '.') != 3)
        {
            throw new MalformedDataException(FormatName, "$", "a JWT has three parts with dots between them");
        }
        var header = ReadObject(text.AsSpan(parts[0]), "header");
        // An unsigned token (RFC 7519 §6) proves nothing to anybody.
        if (StrictJson.RequiredString(header, "alg", FormatName, "header").Equals("none", StringComparison.OrdinalIgnoreCase))
        {
            throw new MalformedDataException(FormatName, "header.alg", "the token is not signed");
        }
        var claims = ReadObject(text.AsSpan(parts[1]), "claims");
        if (Decode(text.AsSpan(parts[2]), "signature").Length == 0)
        {
            throw new MalformedDataException(FormatName, "signature", "the token is not signed");
        }
        return new IdentityToken(text, claims);
    }

    /// <summary>Whether the validity is over.</summary>
    public bool IsExpired(DateTimeOffset now) => now >= Expires;

    /// <summary>Throws where the token cannot be used now, or not by the audience.</summary>
    /// <param name="audience">Whom the token will be given to; <see cref="SigstoreAudience"/> unless an instance is set up otherwise.</param>
    /// <param name="now">The present time.</param>
    /// <exception cref="IdentityTokenException">The token has expired, is not valid yet, or is for another audience.</exception>
    public void RequireUsable(string audience, DateTimeOffset now)
    {
        ArgumentException.ThrowIfNullOrEmpty(audience);
        if (IsExpired(now))
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.Expired,
                $"the identity token expired at {Rfc3339.Format(Expires)}; it is {Rfc3339.Format(now)}",
                "get a new token right before signing"
            );
        }
        if (NotBefore is { } start && now < start - Skew)
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.NotYetValid,
                $"the identity token is valid from {Rfc3339.Format(start)} on; it is {Rfc3339.Format(now)}",
                "is this machine's clock right?"
            );
        }
        if (!Audiences.Contains(audience, StringComparer.Ordinal))
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.WrongAudience,
                $"the identity token is for {string.Join(", ", Audiences.Select(a => $"'{a}'"))}, not for '{audience}'",
                $"ask for a token whose audience is '{audience}'"
            );
        }
    }

    /// <summary>The token itself, as it goes to the certificate authority. Never log it.</summary>
    public string Reveal() => _text;

    /// <summary>Who made it about whom; never the token.</summary>
    public override string ToString() => $"identity token of {Issuer} for {ProofSubject}";

    /// <summary>Whether the token belongs to the sign-in that this nonce was made for.</summary>
    internal bool HasNonce(string nonce) =>
        Nonce is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Nonce), Encoding.UTF8.GetBytes(nonce));

    private static JsonElement ReadObject(ReadOnlySpan<char> part, string name)
    {
        var utf8 = Decode(part, name);
        JsonElement json;
        try
        {
            json = StrictJson.Parse(utf8, FormatName, Limits.IdentityTokenLength);
        }
        catch (MalformedDataException e)
        {
            throw new MalformedDataException(FormatName, name, e.Reason, e);
        }
        return json.ValueKind == JsonValueKind.Object
            ? json
            : throw new MalformedDataException(FormatName, name, "a JSON object is expected");
    }

    private static byte[] Decode(ReadOnlySpan<char> part, string name) => StrictBase64.DecodeUrl(part, FormatName, name);

    private static string Nonempty(JsonElement claims, string name)
    {
        var value = StrictJson.RequiredString(claims, name, FormatName, "claims");
        return value.Length > 0 ? value : throw new MalformedDataException(FormatName, $"claims.{name}", "it is empty");
    }

    // RFC 7519 §4.1.3: one string, or an array of strings.
    private static string[] ReadAudiences(JsonElement claims)
    {
        if (claims.TryGetProperty("aud", out var audience) && audience.ValueKind == JsonValueKind.String)
        {
            return [audience.GetString()!];
        }
        var array = StrictJson.RequiredArray(claims, "aud", FormatName, "claims", Limits.TokenAudiences);
        if (array.GetArrayLength() == 0)
        {
            throw new MalformedDataException(FormatName, "claims.aud", "no audience is named");
        }
        return
        [
            .. array
                .EnumerateArray()
                .Select(a =>
                    a.ValueKind == JsonValueKind.String
                        ? a.GetString()!
                        : throw new MalformedDataException(FormatName, "claims.aud", "an audience is a string")
                ),
        ];
    }

    // RFC 7519 §2, NumericDate: seconds since the epoch, a fraction is allowed.
    private static DateTimeOffset? ReadTime(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and <= LatestSeconds
            ? DateTimeOffset.UnixEpoch.AddSeconds(Math.Floor(seconds))
            : throw new MalformedDataException(FormatName, $"claims.{name}", "seconds since 1970 are expected");
    }

    // Some issuers write the flag as a string.
    private static bool ReadFlag(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value)
        && value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False or JsonValueKind.Null => false,
            JsonValueKind.String => value.GetString() switch
            {
                "true" => true,
                "false" => false,
                _ => throw new MalformedDataException(FormatName, $"claims.{name}", "true or false is expected"),
            },
            _ => throw new MalformedDataException(FormatName, $"claims.{name}", "true or false is expected"),
        };
}
