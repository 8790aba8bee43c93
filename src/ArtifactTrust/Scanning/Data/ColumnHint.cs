namespace ArtifactTrust.Scanning.Data;

/// <summary>What a column's or a key's name says about its values.</summary>
/// <remarks>Names are split into words at other characters and at capitals, so that <c>max_tokens</c> is not taken for <c>token</c>.</remarks>
internal sealed class ColumnHint
{
    private static readonly string[] Secret = ["password", "passwd", "pwd", "passphrase", "secret", "credential", "credentials"];
    private static readonly string[] Token = ["token", "apikey", "auth", "authorization", "bearer", "cookie"];

    // Pairs of words that together name a secret.
    private static readonly (string, string)[] KeyPairs =
    [
        ("api", "key"),
        ("access", "key"),
        ("private", "key"),
        ("secret", "key"),
        ("signing", "key"),
        ("encryption", "key"),
        ("session", "id"),
    ];

    private static readonly (PersonalDataKind Kind, string[] Words)[] Kinds =
    [
        (PersonalDataKind.Email, ["email", "mail", "courriel"]),
        (
            PersonalDataKind.Phone,
            [
                "phone",
                "tel",
                "telephone",
                "telefon",
                "telefono",
                "telefoon",
                "mobile",
                "handy",
                "cell",
                "cellphone",
                "fax",
                "msisdn",
                "gsm",
                "whatsapp",
            ]
        ),
        (PersonalDataKind.PaymentCard, ["card", "cardnumber", "creditcard", "cc", "pan", "visa", "kreditkarte", "carte"]),
        (PersonalDataKind.Iban, ["iban", "account"]),
        (PersonalDataKind.UsSsn, ["ssn", "socialsecurity"]),
        (PersonalDataKind.UkNino, ["nino", "insurance"]),
        (PersonalDataKind.FrNir, ["nir", "secu", "insee"]),
        (PersonalDataKind.EsDni, ["dni", "nie", "nif"]),
        (PersonalDataKind.ItCodiceFiscale, ["codice", "fiscale", "cf"]),
        (PersonalDataKind.DeSteuerId, ["steuer", "steuerid", "idnr", "tin"]),
        (PersonalDataKind.NlBsn, ["bsn", "sofi", "burgerservicenummer"]),
        (PersonalDataKind.PlPesel, ["pesel"]),
        (PersonalDataKind.BrCpf, ["cpf"]),
        (PersonalDataKind.InAadhaar, ["aadhaar", "aadhar", "uidai"]),
        (PersonalDataKind.IpAddress, ["ip", "ipv4", "ipv6", "addr", "remoteaddr", "client", "host"]),
    ];

    private readonly HashSet<PersonalDataKind> _kinds = [];

    private ColumnHint() { }

    /// <summary>No name.</summary>
    internal static ColumnHint None { get; } = new();

    /// <summary>Whether any value under this name is a credential.</summary>
    internal bool NamesSecret { get; private init; }

    /// <summary>Whether a value under this name is a credential if it looks like one.</summary>
    internal bool NamesToken { get; private init; }

    /// <summary>Whether the name speaks of versions, whose parts look like addresses.</summary>
    internal bool NamesVersion { get; private init; }

    /// <summary>Whether the name speaks of that kind.</summary>
    internal bool Names(PersonalDataKind kind) => _kinds.Contains(kind);

    /// <summary>Reads a name.</summary>
    internal static ColumnHint Of(string? name)
    {
        if (string.IsNullOrEmpty(name) || name.Length > 256)
        {
            return None;
        }
        var words = Words(name);
        // A count or a hash of a secret is none, and neither is its name.
        var derived = words.Any(w =>
            w is "count" or "num" or "max" or "min" or "len" or "length" or "type" or "id" or "ids" or "hash" or "name" or "url"
        );
        var hint = new ColumnHint
        {
            NamesSecret =
                words.Any(Secret.Contains) && !words.Any(w => w is "count" or "length" or "hash" or "type" or "url" or "name" or "policy"),
            NamesToken = (words.Any(Token.Contains) && !derived) || KeyPairs.Any(p => words.Contains(p.Item1) && words.Contains(p.Item2)),
            NamesVersion = words.Any(w => w is "version" or "ver" or "release" or "oid" or "section"),
        };
        foreach (var (kind, known) in Kinds)
        {
            if (words.Any(known.Contains))
            {
                hint._kinds.Add(kind);
            }
        }
        return hint;
    }

    private static List<string> Words(string name)
    {
        var words = new List<string>();
        var start = 0;
        for (var i = 0; i <= name.Length; i++)
        {
            var ends =
                i == name.Length
                || !char.IsAsciiLetterOrDigit(name[i])
                || (i > start && char.IsAsciiLetterUpper(name[i]) && char.IsAsciiLetterLower(name[i - 1]));
            if (!ends)
            {
                continue;
            }
            if (i > start)
            {
                words.Add(name[start..i].ToLowerInvariant());
            }
            start = i < name.Length && char.IsAsciiLetterOrDigit(name[i]) ? i : i + 1;
        }
        // E_Mail, Social Security and the like are one word elsewhere.
        if (words.Count > 1)
        {
            words.AddRange(words.Zip(words.Skip(1)).Select(p => p.First + p.Second).ToList());
        }
        return words;
    }
}
