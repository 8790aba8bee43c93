using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust;

/// <summary>Where the services of one Sigstore instance are: what signing starts from.</summary>
/// <remarks>Spec: sigstore_trustroot.proto, SigningConfig, JSON form, version 0.2.</remarks>
public sealed class SigningConfig
{
    /// <summary>The media type of the version read here.</summary>
    public const string MediaTypeV02 = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

    private const string FormatName = "signing config";

    private SigningConfig(
        IReadOnlyList<SigningService> authorities,
        IReadOnlyList<SigningService> issuers,
        IReadOnlyList<SigningService> logs,
        ServiceSelection logSelection,
        IReadOnlyList<SigningService> timestampAuthorities,
        ServiceSelection timestampSelection
    )
    {
        CertificateAuthorities = authorities;
        Issuers = issuers;
        TransparencyLogs = logs;
        TransparencyLogSelection = logSelection;
        TimestampAuthorities = timestampAuthorities;
        TimestampSelection = timestampSelection;
    }

    /// <summary>Who issues certificates (Fulcio). One of them is used.</summary>
    public IReadOnlyList<SigningService> CertificateAuthorities { get; }

    /// <summary>The OpenID Connect issuers that people sign in at. One of them is used.</summary>
    public IReadOnlyList<SigningService> Issuers { get; }

    /// <summary>The logs of signatures (Rekor).</summary>
    public IReadOnlyList<SigningService> TransparencyLogs { get; }

    /// <summary>How many of the logs a signature goes to.</summary>
    public ServiceSelection TransparencyLogSelection { get; }

    /// <summary>Who signs times (RFC 3161).</summary>
    public IReadOnlyList<SigningService> TimestampAuthorities { get; }

    /// <summary>How many of the time-stamp authorities are asked.</summary>
    public ServiceSelection TimestampSelection { get; }

    /// <summary>Reads a signing config.</summary>
    /// <exception cref="MalformedDataException">The text is not a signing config of version 0.2, or is over a limit.</exception>
    public static SigningConfig Parse(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, FormatName, Limits.TrustedRootBytes);
        StrictJson.CheckMembers(
            json,
            FormatName,
            "$",
            "mediaType",
            "caUrls",
            "oidcUrls",
            "rekorTlogUrls",
            "rekorTlogConfig",
            "tsaUrls",
            "tsaConfig"
        );
        var mediaType = StrictJson.RequiredString(json, "mediaType", FormatName, "$");
        if (mediaType != MediaTypeV02)
        {
            throw new MalformedDataException(FormatName, "$.mediaType", $"'{MediaTypeV02}' is expected, not '{mediaType}'");
        }
        var (logs, authorities) = (Services(json, "rekorTlogUrls"), Services(json, "tsaUrls"));
        return new SigningConfig(
            Services(json, "caUrls"),
            Services(json, "oidcUrls"),
            logs,
            Selection(json, "rekorTlogConfig", logs.Count),
            authorities,
            Selection(json, "tsaConfig", authorities.Count)
        );
    }

    /// <summary>The config of those who have a certificate of their own: time-stamp authorities, every one of which is asked, and no log.</summary>
    /// <param name="urls">Where they are, http or https.</param>
    /// <exception cref="ArgumentException">A URL is none of http or https, or is there twice.</exception>
    public static SigningConfig ForTimestamps(params IReadOnlyList<Uri> urls)
    {
        ArgumentNullException.ThrowIfNull(urls);
        if (urls.Any(u => !u.IsAbsoluteUri || u.Scheme is not ("https" or "http") || u.UserInfo.Length > 0))
        {
            throw new ArgumentException("an absolute http(s) URL is expected", nameof(urls));
        }
        if (urls.Distinct().Count() != urls.Count)
        {
            throw new ArgumentException("a URL is there twice", nameof(urls));
        }
        var always = new ValidityPeriod(DateTimeOffset.UnixEpoch, null);
        // Each is its own operator, so that all of them are chosen.
        return new SigningConfig(
            [],
            [],
            [],
            new ServiceSelection(ServiceSelector.All, 1),
            [.. urls.Select(u => new SigningService(u, 1, always, u.AbsoluteUri))],
            new ServiceSelection(ServiceSelector.All, 1)
        );
    }

    private static List<SigningService> Services(JsonElement json, string name) =>
        json.TryGetProperty(name, out _)
            ?
            [
                .. StrictJson
                    .RequiredArray(json, name, FormatName, "$", Limits.TrustedInstances)
                    .EnumerateArray()
                    .Select((s, i) => Service(s, $"$.{name}[{i}]")),
            ]
            : [];

    private static SigningService Service(JsonElement json, string location)
    {
        StrictJson.CheckMembers(json, FormatName, location, "url", "majorApiVersion", "validFor", "operator");
        var text = StrictJson.RequiredString(json, "url", FormatName, location);
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http") || url.UserInfo.Length > 0)
        {
            throw new MalformedDataException(FormatName, $"{location}.url", $"an absolute http(s) URL is expected, not '{text}'");
        }
        if (
            !json.TryGetProperty("majorApiVersion", out var version)
            || version.ValueKind != JsonValueKind.Number
            || !version.TryGetInt32(out var number)
            || number < 1
        )
        {
            throw new MalformedDataException(FormatName, $"{location}.majorApiVersion", "a number from one up is expected");
        }
        var validFor = ValidityPeriod.Parse(json, FormatName, location);
        return validFor.Start is null
            ? throw new MalformedDataException(FormatName, $"{location}.validFor", "the service has no start of its validity")
            : new SigningService(url, number, validFor, StrictJson.OptionalString(json, "operator", FormatName, location) ?? "");
    }

    private static ServiceSelection Selection(JsonElement json, string name, int services)
    {
        if (!json.TryGetProperty(name, out var selection) || selection.ValueKind == JsonValueKind.Null)
        {
            // Without services there is nothing to choose; with them, how many is not for us to guess.
            return services == 0
                ? new ServiceSelection(ServiceSelector.Any, 1)
                : throw new MalformedDataException(FormatName, $"$.{name}", "it must be said how many of the services are used");
        }
        var at = $"$.{name}";
        StrictJson.CheckMembers(selection, FormatName, at, "selector", "count");
        var selector = StrictJson.RequiredString(selection, "selector", FormatName, at) switch
        {
            "ANY" => ServiceSelector.Any,
            "ALL" => ServiceSelector.All,
            "EXACT" => ServiceSelector.Exact,
            var other => throw new MalformedDataException(FormatName, $"{at}.selector", $"ANY, ALL or EXACT is expected, not '{other}'"),
        };
        var count = 0;
        if (
            selection.TryGetProperty("count", out var stated)
            && (stated.ValueKind != JsonValueKind.Number || !stated.TryGetInt32(out count) || count < 0)
        )
        {
            throw new MalformedDataException(FormatName, $"{at}.count", "a number is expected");
        }
        return selector == ServiceSelector.Exact && count < 1
            ? throw new MalformedDataException(FormatName, $"{at}.count", "EXACT needs a count from one up")
            : new ServiceSelection(selector, selector == ServiceSelector.Exact ? count : 1);
    }
}

/// <summary>One service of an instance.</summary>
/// <param name="Url">Its address.</param>
/// <param name="MajorApiVersion">The version of the protocol it speaks.</param>
/// <param name="ValidFor">When it may be used.</param>
/// <param name="Operator">Who runs it; services of one operator count as one.</param>
public sealed record SigningService(Uri Url, int MajorApiVersion, ValidityPeriod ValidFor, string Operator);

/// <summary>How many services are used.</summary>
/// <param name="Selector">The rule.</param>
/// <param name="Count">How many, where the rule is <see cref="ServiceSelector.Exact"/>; else one.</param>
public sealed record ServiceSelection(ServiceSelector Selector, int Count)
{
    /// <summary>The services to use, of those that are valid now and speak a version known here.</summary>
    /// <param name="services">All services of one kind.</param>
    /// <param name="supported">The versions known to the caller.</param>
    /// <param name="now">When they are to be used.</param>
    /// <returns>
    /// Of each operator the service of the highest version that is valid and, among those, of the latest start. For
    /// <see cref="ServiceSelector.Any"/> the first of these, for <see cref="ServiceSelector.Exact"/> as many as asked for. Empty where there are too few.
    /// </returns>
    /// <remarks>Spec: sigstore_trustroot.proto, SigningConfig and ServiceSelector: the services of the highest version come first, and of an operator only one counts.</remarks>
    public IReadOnlyList<SigningService> Choose(
        IReadOnlyList<SigningService> services,
        IReadOnlyCollection<int> supported,
        DateTimeOffset now
    )
    {
        ArgumentNullException.ThrowIfNull(services);
        var usable = services.Where(s => supported.Contains(s.MajorApiVersion) && s.ValidFor.Contains(now)).ToList();
        // The newest protocol of all wins, so that a set never mixes versions.
        var chosen = usable
            .Where(s => s.MajorApiVersion == usable.Max(u => u.MajorApiVersion))
            .OrderByDescending(s => s.ValidFor.Start)
            .DistinctBy(s => s.Operator, StringComparer.Ordinal)
            .ToList();
        return Selector switch
        {
            ServiceSelector.All => chosen,
            ServiceSelector.Any or ServiceSelector.Exact => chosen.Count >= Count ? chosen[..Count] : [],
            _ => throw new InvalidOperationException($"{Selector} is no rule"),
        };
    }
}

/// <summary>The rule by which services are chosen.</summary>
public enum ServiceSelector
{
    /// <summary>No rule; never valid.</summary>
    Undefined,

    /// <summary>One of them.</summary>
    Any,

    /// <summary>Every one.</summary>
    All,

    /// <summary>As many as said.</summary>
    Exact,
}
