using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Audit;

/// <summary>Audit records as JSON: members in a fixed order, absent where null or empty, no white space.</summary>
internal static class AuditRecordJson
{
    private const string Format = AuditRecord.Format;
    private const int Version = 1;
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const string Ellipsis = "…";

    internal static byte[] Write(AuditRecord record)
    {
        CheckCounts(record);
        var bounded = Bound(record);
        var bytes = Serialize(bounded);
        while (bytes.Length > Limits.LogEntryBytes)
        {
            bounded = Shorten(bounded);
            bytes = Serialize(bounded);
        }
        return bytes;
    }

    internal static AuditRecord Read(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            return Read(StrictJson.Parse(utf8, Format, Limits.LogEntryBytes));
        }
        catch (InvalidOperationException e)
        {
            // An escaped half of a surrogate pair is JSON, but no text.
            throw new MalformedDataException(Format, "$", "a string or a member's name is not valid Unicode", e);
        }
    }

    private static AuditRecord Read(JsonElement json)
    {
        StrictJson.CheckMembers(
            json,
            Format,
            "$",
            "version",
            "time",
            "requestId",
            "actor",
            "action",
            "command",
            "subjects",
            "policy",
            "decision",
            "reasons",
            "reasonsOmitted",
            "vsa",
            "evidence",
            "evidenceOmitted",
            "tool",
            "truncated"
        );
        if (Integer(json, "version", "$", required: true) is not Version and var version)
        {
            throw Malformed("$.version", $"version {version}; only {Version} is known");
        }
        var requestId = StrictJson.RequiredString(json, "requestId", Format, "$");
        if (!AuditRecord.IsValidRequestId(requestId))
        {
            throw Malformed("$.requestId", "1 to 128 letters, digits and -_.:/ are expected");
        }
        return new AuditRecord
        {
            Time = Time(json),
            RequestId = requestId,
            Actor = Actor(StrictJson.RequiredObject(json, "actor", Format, "$")),
            Action = StrictJson.RequiredString(json, "action", Format, "$"),
            Command = Present(json, "command") ? Command(StrictJson.RequiredObject(json, "command", Format, "$")) : null,
            Subjects = [.. Elements(json, "subjects", Limits.AuditSubjects, required: true).Select(Subject)],
            Policy = Present(json, "policy") ? Policy(StrictJson.RequiredObject(json, "policy", Format, "$")) : null,
            Decision = StrictJson.RequiredString(json, "decision", Format, "$") switch
            {
                "allow" => AuditDecision.Allow,
                "deny" => AuditDecision.Deny,
                "error" => AuditDecision.Error,
                _ => throw Malformed("$.decision", "one of allow, deny and error is expected"),
            },
            Reasons = [.. Elements(json, "reasons", Limits.AuditReasons).Select(Text)],
            ReasonsOmitted = Integer(json, "reasonsOmitted", "$"),
            Vsa = StrictJson.OptionalString(json, "vsa", Format, "$") is { } vsa ? ParseDigest(vsa, "$.vsa") : null,
            Evidence = [.. Elements(json, "evidence", Limits.AuditEvidence).Select(e => ParseDigest(Text(e), e.Location))],
            EvidenceOmitted = Integer(json, "evidenceOmitted", "$"),
            Tool = StrictJson.RequiredString(json, "tool", Format, "$"),
            IsTruncated =
                Present(json, "truncated")
                && (
                    json.GetProperty("truncated").ValueKind == JsonValueKind.True
                        ? true
                        : throw Malformed("$.truncated", "true is expected, or no such member")
                ),
        };
    }

    private static void CheckCounts(AuditRecord record)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(record.Subjects.Count, Limits.AuditSubjects);
        if (record.Subjects.Any(s => s.Digests?.Values.Count() > Limits.DigestsPerSubject))
        {
            throw new ArgumentException($"a subject of an audit record has at most {Limits.DigestsPerSubject} digests", nameof(record));
        }
    }

    /// <summary>Cuts texts and lists to the limits that a record always keeps.</summary>
    private static AuditRecord Bound(AuditRecord record)
    {
        var cut = record.IsTruncated;
        var reasons = record.Reasons.Take(Limits.AuditReasons).Select(Cut).ToList();
        var evidence = record.Evidence.Take(Limits.AuditEvidence).ToList();
        var bounded = record with
        {
            Actor = new AuditActor(Cut(record.Actor.User), Cut(record.Actor.Host), CutOptional(record.Actor.Ci)),
            Action = Cut(record.Action),
            Command = record.Command is { } command ? command with { Name = Cut(command.Name) } : null,
            Subjects = [.. record.Subjects.Select(s => s with { Role = Cut(s.Role), Kind = Cut(s.Kind), Name = Cut(s.Name) })],
            Policy = record.Policy is { } policy ? policy with { Name = Cut(policy.Name) } : null,
            Reasons = reasons,
            ReasonsOmitted = record.ReasonsOmitted + (record.Reasons.Count - reasons.Count),
            Evidence = evidence,
            EvidenceOmitted = record.EvidenceOmitted + (record.Evidence.Count - evidence.Count),
            Tool = Cut(record.Tool),
        };
        return bounded with { IsTruncated = cut || reasons.Count < record.Reasons.Count || evidence.Count < record.Evidence.Count };

        string? CutOptional(string? text) => text is null ? null : Cut(text);

        string Cut(string text)
        {
            ArgumentNullException.ThrowIfNull(text);
            // What is no Unicode has no JSON; names of files can be such.
            var valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            if (valid.Length <= Limits.AuditTextLength)
            {
                return valid;
            }
            cut = true;
            var end = Limits.AuditTextLength - Ellipsis.Length;
            return valid[..(char.IsHighSurrogate(valid[end - 1]) ? end - 1 : end)] + Ellipsis;
        }
    }

    /// <summary>Leaves out half of the reasons, or half of the evidence where no reason is left.</summary>
    private static AuditRecord Shorten(AuditRecord record)
    {
        if (record.Reasons.Count > 1)
        {
            var kept = record.Reasons.Count / 2;
            return record with
            {
                Reasons = [.. record.Reasons.Take(kept)],
                ReasonsOmitted = record.ReasonsOmitted + record.Reasons.Count - kept,
                IsTruncated = true,
            };
        }
        if (record.Evidence.Count > 0)
        {
            var kept = record.Evidence.Count / 2;
            return record with
            {
                Evidence = [.. record.Evidence.Take(kept)],
                EvidenceOmitted = record.EvidenceOmitted + record.Evidence.Count - kept,
                IsTruncated = true,
            };
        }
        throw new ArgumentException(
            $"{record.Subjects.Count} subjects with their names and digests do not fit into a record of {Limits.LogEntryBytes} bytes",
            nameof(record)
        );
    }

    private static byte[] Serialize(AuditRecord record)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("time", record.Time.ToString(TimeFormat, CultureInfo.InvariantCulture));
            json.WriteString("requestId", record.RequestId);
            json.WriteStartObject("actor");
            json.WriteString("user", record.Actor.User);
            json.WriteString("host", record.Actor.Host);
            if (record.Actor.Ci is not null)
            {
                json.WriteString("ci", record.Actor.Ci);
            }
            json.WriteEndObject();
            json.WriteString("action", record.Action);
            if (record.Command is not null)
            {
                json.WriteStartObject("command");
                json.WriteString("name", record.Command.Name);
                json.WriteNumber("arguments", record.Command.Arguments);
                json.WriteEndObject();
            }
            json.WriteStartArray("subjects");
            foreach (var subject in record.Subjects)
            {
                json.WriteStartObject();
                json.WriteString("role", subject.Role);
                json.WriteString("kind", subject.Kind);
                json.WriteString("name", subject.Name);
                if (subject.Digests is not null)
                {
                    json.WritePropertyName("digests");
                    subject.Digests.WriteTo(json);
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (record.Policy is not null)
            {
                json.WriteStartObject("policy");
                json.WriteString("name", record.Policy.Name);
                json.WriteString("digest", record.Policy.Digest.ToString());
                json.WriteEndObject();
            }
            json.WriteString(
                "decision",
                record.Decision switch
                {
                    AuditDecision.Allow => "allow",
                    AuditDecision.Deny => "deny",
                    _ => "error",
                }
            );
            WriteList(json, "reasons", record.Reasons, record.ReasonsOmitted);
            if (record.Vsa is not null)
            {
                json.WriteString("vsa", record.Vsa.ToString());
            }
            WriteList(json, "evidence", [.. record.Evidence.Select(e => e.ToString())], record.EvidenceOmitted);
            json.WriteString("tool", record.Tool);
            if (record.IsTruncated)
            {
                json.WriteBoolean("truncated", true);
            }
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> texts, int omitted)
    {
        if (texts.Count > 0)
        {
            json.WriteStartArray(name);
            foreach (var text in texts)
            {
                json.WriteStringValue(text);
            }
            json.WriteEndArray();
        }
        if (omitted > 0)
        {
            json.WriteNumber($"{name}Omitted", omitted);
        }
    }

    private static DateTimeOffset Time(JsonElement json) =>
        DateTimeOffset.TryParseExact(
            StrictJson.RequiredString(json, "time", Format, "$"),
            TimeFormat,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var time
        )
            ? time
            : throw Malformed("$.time", "UTC to the millisecond is expected, as in 2026-01-31T12:00:00.000Z (RFC 3339)");

    private static AuditActor Actor(JsonElement json)
    {
        StrictJson.CheckMembers(json, Format, "$.actor", "user", "host", "ci");
        return new AuditActor(
            StrictJson.RequiredString(json, "user", Format, "$.actor"),
            StrictJson.RequiredString(json, "host", Format, "$.actor"),
            StrictJson.OptionalString(json, "ci", Format, "$.actor")
        );
    }

    private static AuditCommand Command(JsonElement json)
    {
        StrictJson.CheckMembers(json, Format, "$.command", "name", "arguments");
        return new AuditCommand(
            StrictJson.RequiredString(json, "name", Format, "$.command"),
            Integer(json, "arguments", "$.command", required: true)
        );
    }

    private static AuditSubject Subject((JsonElement Value, string Location) element)
    {
        var (json, location) = element;
        StrictJson.CheckMembers(json, Format, location, "role", "kind", "name", "digests");
        return new AuditSubject(
            StrictJson.RequiredString(json, "role", Format, location),
            StrictJson.RequiredString(json, "kind", Format, location),
            StrictJson.RequiredString(json, "name", Format, location),
            Present(json, "digests") ? DigestSet.Parse(json.GetProperty("digests"), Format, $"{location}.digests") : null
        );
    }

    private static AuditPolicy Policy(JsonElement json)
    {
        StrictJson.CheckMembers(json, Format, "$.policy", "name", "digest");
        return new AuditPolicy(
            StrictJson.RequiredString(json, "name", Format, "$.policy"),
            ParseDigest(StrictJson.RequiredString(json, "digest", Format, "$.policy"), "$.policy.digest")
        );
    }

    private static Digest ParseDigest(string text, string location)
    {
        try
        {
            return Digest.Parse(text);
        }
        catch (MalformedDataException e)
        {
            throw new MalformedDataException(Format, location, e.Reason, e);
        }
    }

    private static IEnumerable<(JsonElement Value, string Location)> Elements(
        JsonElement json,
        string name,
        int maximumCount,
        bool required = false
    ) =>
        required || Present(json, name)
            ? StrictJson
                .RequiredArray(json, name, Format, "$", maximumCount)
                .EnumerateArray()
                .Select((e, i) => (e, string.Create(CultureInfo.InvariantCulture, $"$.{name}[{i}]")))
            : [];

    private static string Text((JsonElement Value, string Location) element)
    {
        if (element.Value.ValueKind != JsonValueKind.String)
        {
            throw Malformed(element.Location, "a string is expected");
        }
        try
        {
            return element.Value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new MalformedDataException(Format, element.Location, "the string is not valid Unicode", e);
        }
    }

    private static int Integer(JsonElement json, string name, string location, bool required = false)
    {
        if (!json.TryGetProperty(name, out var value))
        {
            return required ? throw Malformed($"{location}.{name}", "the member is required") : 0;
        }
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= (required ? 0 : 1)
            ? number
            : throw Malformed($"{location}.{name}", required ? "a whole number from 0 is expected" : "a whole number from 1 is expected");
    }

    private static bool Present(JsonElement json, string name) => json.TryGetProperty(name, out _);

    private static MalformedDataException Malformed(string location, string reason) => new(Format, location, reason);
}
