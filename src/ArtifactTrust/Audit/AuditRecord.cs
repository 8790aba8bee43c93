using System.Globalization;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Audit;

/// <summary>What was decided. The zero value is no permission.</summary>
public enum AuditDecision
{
    /// <summary>It could not be told; the command did not run.</summary>
    Error,

    /// <summary>The policy was not satisfied; the command did not run.</summary>
    Deny,

    /// <summary>The policy was satisfied.</summary>
    Allow,
}

/// <summary>Who asked.</summary>
/// <param name="User">The user's name on the host.</param>
/// <param name="Host">The host's name.</param>
/// <param name="Ci">The CI job, such as its URL; null outside CI.</param>
public sealed record AuditActor(string User, string Host, string? Ci = null);

/// <summary>The command that was to run. Its arguments are not kept: they may hold secrets.</summary>
/// <param name="Name">The program, as given.</param>
/// <param name="Arguments">How many arguments followed it.</param>
public sealed record AuditCommand(string Name, int Arguments);

/// <summary>A thing that the decision was about.</summary>
/// <param name="Role">What it is to the policy, such as <c>model</c>, <c>dataset</c> or <c>image</c>.</param>
/// <param name="Kind">How it is stored: <c>file</c>, <c>directory</c> or <c>oci</c>.</param>
/// <param name="Name">The name as given.</param>
/// <param name="Digests">Its digests; null where it could not be read.</param>
public sealed record AuditSubject(string Role, string Kind, string Name, DigestSet? Digests);

/// <summary>The policy that decided.</summary>
/// <param name="Name">Its name, or its file's.</param>
/// <param name="Digest">The digest over the policy and the key files it names.</param>
public sealed record AuditPolicy(string Name, Digest Digest);

/// <summary>One decision, as the audit log keeps it.</summary>
/// <remarks>
/// Spec: docs/formats-audit.md, version 1. Laws: <see cref="ToBytes"/> gives the same bytes for equal records, never over 65,535;
/// <c>Parse(r.ToBytes()).ToBytes()</c> equals <c>r.ToBytes()</c>.
/// </remarks>
public sealed record AuditRecord
{
    internal const string Format = "audit record";
    private const int RequestIdLength = 128;

    private readonly DateTimeOffset _time;
    private readonly string _requestId = "";

    /// <summary>When it was decided; kept in UTC and to the millisecond.</summary>
    public required DateTimeOffset Time
    {
        get => _time;
        init => _time = new DateTimeOffset(value.UtcTicks - (value.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
    }

    /// <summary>Names the request over all records and reports about it: up to 128 letters, digits and <c>-_.:/</c>.</summary>
    /// <exception cref="ArgumentException">It is not of that form.</exception>
    public required string RequestId
    {
        get => _requestId;
        init =>
            _requestId = IsValidRequestId(value)
                ? value
                : throw new ArgumentException($"a request id has 1 to {RequestIdLength} letters, digits and -_.:/", nameof(value));
    }

    /// <summary>Who asked.</summary>
    public required AuditActor Actor { get; init; }

    /// <summary>What was asked, such as <c>gate</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The command that was to run; null where there was none.</summary>
    public AuditCommand? Command { get; init; }

    /// <summary>What the decision was about.</summary>
    public required IReadOnlyList<AuditSubject> Subjects { get; init; }

    /// <summary>The policy; null where it could not be read.</summary>
    public AuditPolicy? Policy { get; init; }

    /// <summary>What was decided.</summary>
    public required AuditDecision Decision { get; init; }

    /// <summary>Why, the weightiest first.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>How many more reasons there were than are kept.</summary>
    public int ReasonsOmitted { get; init; }

    /// <summary>The digest of the signed summary (VSA) of the decision; null where none was made.</summary>
    public Digest? Vsa { get; init; }

    /// <summary>The digests of the bundles that the decision stands on.</summary>
    public IReadOnlyList<Digest> Evidence { get; init; } = [];

    /// <summary>How many more bundles there were than are kept.</summary>
    public int EvidenceOmitted { get; init; }

    /// <summary>The tool and its version, such as <c>artifact-trust/0.1.0</c>.</summary>
    public required string Tool { get; init; }

    /// <summary>Whether texts were cut or reasons or evidence left out to stay within the limits of a record.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>A new request id: a UUID of version 7, which begins with the time.</summary>
    /// <remarks>Spec: RFC 9562 §5.7.</remarks>
    public static string NewRequestId(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return Guid.CreateVersion7(time.GetUtcNow()).ToString("D", CultureInfo.InvariantCulture);
    }

    /// <summary>Reads a record.</summary>
    /// <exception cref="MalformedDataException">It is too long, is not JSON, is of another version, or has a member that is missing, unknown
    /// or of the wrong form.</exception>
    public static AuditRecord Parse(ReadOnlyMemory<byte> utf8) => AuditRecordJson.Read(utf8);

    /// <summary>The record as JSON, at most 65,535 bytes.</summary>
    /// <remarks>
    /// What does not fit is left out in this order: the ends of long texts, the last reasons, the last digests of evidence; the record then
    /// says so. Subjects are never left out.
    /// </remarks>
    /// <exception cref="ArgumentException">There are too many subjects or digests of one for a record.</exception>
    public byte[] ToBytes() => AuditRecordJson.Write(this);

    /// <summary>Whether the text has the form of a request id.</summary>
    public static bool IsValidRequestId(string? id) =>
        id is { Length: > 0 and <= RequestIdLength } && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '/');
}
