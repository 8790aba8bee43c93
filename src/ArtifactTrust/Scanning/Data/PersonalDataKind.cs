using System.Diagnostics.CodeAnalysis;
using ArtifactTrust.Attestations.Predicates;

namespace ArtifactTrust.Scanning.Data;

/// <summary>A kind of data about a person, or of a secret that a person has. The zero value is none.</summary>
public enum PersonalDataKind
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>An e-mail address (RFC 5321, the forms in use).</summary>
    Email,

    /// <summary>A telephone number: E.164, or a national form.</summary>
    Phone,

    /// <summary>A payment card's number (ISO/IEC 7812): prefix, length and Luhn digit.</summary>
    PaymentCard,

    /// <summary>An account number (ISO 13616): country, length and check digits.</summary>
    Iban,

    /// <summary>A United States social security number.</summary>
    UsSsn,

    /// <summary>A United Kingdom national insurance number.</summary>
    UkNino,

    /// <summary>A French social security number (NIR).</summary>
    FrNir,

    /// <summary>A Spanish DNI or NIE.</summary>
    EsDni,

    /// <summary>An Italian tax code.</summary>
    ItCodiceFiscale,

    /// <summary>A German tax identification number.</summary>
    DeSteuerId,

    /// <summary>A Dutch citizen service number.</summary>
    NlBsn,

    /// <summary>A Polish PESEL.</summary>
    PlPesel,

    /// <summary>A Brazilian CPF.</summary>
    BrCpf,

    /// <summary>An Indian Aadhaar number.</summary>
    InAadhaar,

    /// <summary>A public IP address, version 4 or 6.</summary>
    IpAddress,

    /// <summary>A value in a column or under a key that is named like a credential.</summary>
    Credential,
}

/// <summary>How sure a detection is. The zero value is least.</summary>
public enum Confidence
{
    /// <summary>The form fits, and chance would explain it.</summary>
    Low,

    /// <summary>The form and its check digits fit, or the form is one of its kind only.</summary>
    Medium,

    /// <summary>Besides, the column's name or the text around says so, or the form leaves no doubt.</summary>
    High,
}

/// <summary>The words for kinds of data about people, and how bad each is to find.</summary>
public static class PersonalDataKinds
{
    private static readonly (PersonalDataKind Kind, string Word, string Title, Severity Severity)[] Known =
    [
        (PersonalDataKind.Email, "email", "e-mail addresses", Severity.Medium),
        (PersonalDataKind.Phone, "phone", "telephone numbers", Severity.Medium),
        (PersonalDataKind.PaymentCard, "card", "payment card numbers", Severity.High),
        (PersonalDataKind.Iban, "iban", "bank account numbers (IBAN)", Severity.High),
        (PersonalDataKind.UsSsn, "us-ssn", "US social security numbers", Severity.High),
        (PersonalDataKind.UkNino, "uk-nino", "UK national insurance numbers", Severity.High),
        (PersonalDataKind.FrNir, "fr-nir", "French social security numbers", Severity.High),
        (PersonalDataKind.EsDni, "es-dni", "Spanish DNI or NIE numbers", Severity.High),
        (PersonalDataKind.ItCodiceFiscale, "it-codice-fiscale", "Italian tax codes", Severity.High),
        (PersonalDataKind.DeSteuerId, "de-steuer-id", "German tax numbers", Severity.High),
        (PersonalDataKind.NlBsn, "nl-bsn", "Dutch citizen service numbers", Severity.High),
        (PersonalDataKind.PlPesel, "pl-pesel", "Polish PESEL numbers", Severity.High),
        (PersonalDataKind.BrCpf, "br-cpf", "Brazilian CPF numbers", Severity.High),
        (PersonalDataKind.InAadhaar, "in-aadhaar", "Indian Aadhaar numbers", Severity.High),
        (PersonalDataKind.IpAddress, "ip", "IP addresses", Severity.Low),
        (PersonalDataKind.Credential, "credential", "values named like credentials", Severity.High),
    ];

    /// <summary>Every kind, in the order of the documentation.</summary>
    public static IReadOnlyList<PersonalDataKind> All { get; } = [.. Known.Select(k => k.Kind)];

    /// <summary>The words of all kinds.</summary>
    public static IReadOnlyList<string> Words { get; } = [.. Known.Select(k => k.Word)];

    /// <summary>The word of a kind, such as <c>email</c>.</summary>
    public static string ToWord(this PersonalDataKind kind) => Of(kind).Word;

    /// <summary>The kind of a word; false where there is none.</summary>
    public static bool TryParse(string word, [NotNullWhen(true)] out PersonalDataKind? kind)
    {
        kind = Known.Where(k => k.Word == word).Select(k => (PersonalDataKind?)k.Kind).FirstOrDefault();
        return kind is not null;
    }

    internal static string Title(this PersonalDataKind kind) => Of(kind).Title;

    /// <summary>How bad it is to find a kind. What chance would explain is low.</summary>
    internal static Severity SeverityOf(this PersonalDataKind kind, Confidence confidence) =>
        confidence == Confidence.Low ? Severity.Low : Of(kind).Severity;

    private static (PersonalDataKind Kind, string Word, string Title, Severity Severity) Of(PersonalDataKind kind) =>
        Known.FirstOrDefault(k => k.Kind == kind) is { Word: not null } known
            ? known
            : throw new ArgumentOutOfRangeException(nameof(kind), kind, "no kind of data");
}
