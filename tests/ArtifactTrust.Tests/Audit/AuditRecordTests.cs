using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Audit;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Audit;

public sealed class AuditRecordTests
{
    private static readonly Digest Digest = DigestAlgorithm.Sha256.Hash("policy"u8);

    [Fact]
    public void A_record_is_written_as_documented()
    {
        var json = Encoding.UTF8.GetString(Full().ToBytes());
        Assert.Equal(
            (
                "{'version':1,'time':'2026-01-31T11:00:00.123Z','requestId':'0194b9c1-0000-7000-8000-000000000000',"
                + "'actor':{'user':'ci','host':'runner-1','ci':'https://ci.example.com/jobs/1'},'action':'gate',"
                + "'command':{'name':'kubectl','arguments':3},"
                + "'subjects':[{'role':'model','kind':'directory','name':'models/vad','digests':{'dirHash':'00','sha256':'11'}},"
                + "{'role':'image','kind':'oci','name':'r.example.com/a:1'}],"
                + $"'policy':{{'name':'production','digest':'{Digest}'}},'decision':'deny',"
                + $"'reasons':['no signature'],'reasonsOmitted':2,'vsa':'{Digest}','evidence':['{Digest}'],"
                + "'evidenceOmitted':1,'tool':'artifact-trust/0.1.0','truncated':true}"
            ).Replace('\'', '"'),
            json
        );
    }

    [Fact]
    public void A_record_reads_as_written()
    {
        foreach (var record in (AuditRecord[])[Full(), Small()])
        {
            var bytes = record.ToBytes();
            var read = AuditRecord.Parse(bytes);
            Assert.Equal(bytes, read.ToBytes());
            Assert.Equal(record.Decision, read.Decision);
            Assert.Equal(record.Time, read.Time);
            Assert.Equal(record.Subjects.Select(s => s.Name), read.Subjects.Select(s => s.Name));
        }
    }

    [Fact]
    public void The_time_is_kept_in_UTC_to_the_millisecond()
    {
        var record = Small() with { Time = new DateTimeOffset(2026, 1, 1, 1, 0, 0, TimeSpan.FromHours(2)).AddTicks(12_345_678) };
        Assert.Equal("2025-12-31T23:00:01.234Z", JsonNode.Parse(record.ToBytes())!["time"]!.GetValue<string>());
        Assert.Equal(record.Time, AuditRecord.Parse(record.ToBytes()).Time);
    }

    [Fact]
    public void A_request_id_is_a_UUID_of_the_time()
    {
        var id = AuditRecord.NewRequestId(TimeProvider.System);
        Assert.Equal(7, Guid.Parse(id).Version);
        Assert.Equal(id, (Small() with { RequestId = id }).RequestId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("é")]
    [InlineData("a\n")]
    public void A_request_id_of_another_form_is_a_mistake(string id)
    {
        Assert.Throws<ArgumentException>(() => Small() with { RequestId = id });
        Assert.Throws<ArgumentException>(() => Small() with { RequestId = new string('a', 129) });
    }

    [Fact]
    public void Long_texts_and_many_reasons_are_cut_and_the_record_says_so()
    {
        var record = Small() with
        {
            Reasons = [.. Enumerable.Range(0, 5000).Select(i => $"{i} {new string('ж', 2000)}")],
            Evidence = [.. Enumerable.Repeat(Digest, 5000)],
            Actor = new AuditActor(new string('u', 5000), "h"),
        };
        var bytes = record.ToBytes();
        Assert.InRange(bytes.Length, 1, Limits.LogEntryBytes);
        var read = AuditRecord.Parse(bytes);
        Assert.True(read.IsTruncated);
        Assert.StartsWith("0 ж", read.Reasons[0], StringComparison.Ordinal);
        Assert.EndsWith("…", read.Reasons[0], StringComparison.Ordinal);
        Assert.Equal(Limits.AuditTextLength, read.Actor.User.Length);
        Assert.Equal(5000, read.Reasons.Count + read.ReasonsOmitted);
        Assert.Equal(5000, read.Evidence.Count + read.EvidenceOmitted);
        Assert.NotEmpty(read.Evidence);
        Assert.Equal(bytes, read.ToBytes());
    }

    [Fact]
    public void A_text_is_not_cut_within_a_character()
    {
        for (var shift = 0; shift < 3; shift++)
        {
            var text = new string('a', shift) + string.Concat(Enumerable.Repeat("😀", 1000));
            var read = AuditRecord.Parse((Small() with { Reasons = [text] }).ToBytes());
            Assert.DoesNotContain('\uFFFD', read.Reasons[0]);
            Assert.True(read.IsTruncated);
        }
    }

    [Fact]
    public void A_name_that_is_no_Unicode_is_written_with_replacements()
    {
        var record = Small() with { Subjects = [new AuditSubject("model", "file", "half\uD800pair", null)] };
        Assert.Equal("half\uFFFDpair", AuditRecord.Parse(record.ToBytes()).Subjects[0].Name);
    }

    [Fact]
    public void Subjects_are_never_left_out()
    {
        var subject = new AuditSubject("model", "file", new string('n', 1000), new DigestSet(Digest));
        var fits = Small() with
        {
            Subjects = [.. Enumerable.Repeat(subject, 50)],
            Reasons = [.. Enumerable.Repeat(new string('r', 900), 200)],
        };
        Assert.Equal(50, AuditRecord.Parse(fits.ToBytes()).Subjects.Count);
        Assert.Throws<ArgumentException>(() => (Small() with { Subjects = [.. Enumerable.Repeat(subject, 100)] }).ToBytes());
        Assert.Throws<ArgumentOutOfRangeException>(() => (Small() with { Subjects = [.. Enumerable.Repeat(subject, 257)] }).ToBytes());
    }

    [Theory]
    [InlineData("NotJson", "{")]
    [InlineData("Array", "[]")]
    [InlineData("Null", "null")]
    [InlineData("Empty", "{}")]
    public void What_is_no_record_is_refused(string malformation, string json)
    {
        Assert.NotNull(malformation);
        Assert.Throws<MalformedDataException>(() => AuditRecord.Parse(Encoding.UTF8.GetBytes(json)));
    }

    [Theory]
    [InlineData("version", "2")]
    [InlineData("version", "\"1\"")]
    [InlineData("version", "1.5")]
    [InlineData("time", "\"2026-01-31T11:00:00Z\"")]
    [InlineData("time", "\"2026-01-31T11:00:00.123+00:00\"")]
    [InlineData("time", "\"2026-02-30T11:00:00.123Z\"")]
    [InlineData("time", "1")]
    [InlineData("requestId", "\"a b\"")]
    [InlineData("requestId", "\"\\ud800\"")]
    [InlineData("actor", "{}")]
    [InlineData("actor", "{\"user\":\"a\",\"host\":\"b\",\"more\":1}")]
    [InlineData("actor", "{\"user\":\"\\ud800\",\"host\":\"b\"}")]
    [InlineData("action", "1")]
    [InlineData("command", "null")]
    [InlineData("command", "{\"name\":\"a\"}")]
    [InlineData("command", "{\"name\":\"a\",\"arguments\":-1}")]
    [InlineData("command", "{\"name\":\"a\",\"arguments\":1e9}")]
    [InlineData("subjects", "{}")]
    [InlineData("subjects", "[1]")]
    [InlineData("subjects", "[{\"role\":\"a\",\"kind\":\"b\",\"name\":\"c\",\"digests\":{}}]")]
    [InlineData("subjects", "[{\"role\":\"a\",\"kind\":\"b\",\"name\":\"c\",\"digests\":{\"sha256\":\"\\ud800\"}}]")]
    [InlineData("subjects", "[{\"role\":\"a\",\"kind\":\"b\"}]")]
    [InlineData("policy", "{\"name\":\"a\",\"digest\":\"sha256:00\"}")]
    [InlineData("policy", "{\"name\":\"a\"}")]
    [InlineData("decision", "\"Allow\"")]
    [InlineData("decision", "\"\"")]
    [InlineData("decision", "true")]
    [InlineData("reasons", "\"a\"")]
    [InlineData("reasons", "[1]")]
    [InlineData("reasons", "[\"\\udc00\"]")]
    [InlineData("reasonsOmitted", "0")]
    [InlineData("reasonsOmitted", "99999999999")]
    [InlineData("vsa", "\"md5:00\"")]
    [InlineData("evidence", "[\"sha256:zz\"]")]
    [InlineData("evidenceOmitted", "-1")]
    [InlineData("tool", "null")]
    [InlineData("truncated", "false")]
    [InlineData("truncated", "1")]
    [InlineData("unknown", "1")]
    [InlineData("\\ud800", "1")]
    public void A_member_of_another_form_is_refused(string member, string value)
    {
        var json = Encoding.UTF8.GetString(Full().ToBytes());
        var node = JsonNode.Parse(json)!.AsObject();
        node.Remove(member);
        var rest = node.ToJsonString();
        var changed = $"{rest[..^1]},\"{member}\":{value}}}";
        Assert.Throws<MalformedDataException>(() => AuditRecord.Parse(Encoding.UTF8.GetBytes(changed)));
    }

    [Theory]
    [InlineData("version")]
    [InlineData("time")]
    [InlineData("requestId")]
    [InlineData("actor")]
    [InlineData("action")]
    [InlineData("subjects")]
    [InlineData("decision")]
    [InlineData("tool")]
    public void A_record_without_a_required_member_is_refused(string member)
    {
        var node = JsonNode.Parse(Full().ToBytes())!.AsObject();
        node.Remove(member);
        var e = Assert.Throws<MalformedDataException>(() => AuditRecord.Parse(Encoding.UTF8.GetBytes(node.ToJsonString())));
        Assert.Contains(member, e.Location, StringComparison.Ordinal);
    }

    [Fact]
    public void A_repeated_member_is_refused()
    {
        var json = Encoding.UTF8.GetString(Full().ToBytes());
        Assert.Throws<MalformedDataException>(() => AuditRecord.Parse(Encoding.UTF8.GetBytes($"{json[..^1]},\"decision\":\"allow\"}}")));
    }

    [Fact]
    public void A_record_over_the_length_of_an_entry_is_refused()
    {
        var json = Encoding.UTF8.GetString(Full().ToBytes());
        Assert.Throws<MalformedDataException>(() => AuditRecord.Parse(Encoding.UTF8.GetBytes(json + new string(' ', 65_536))));
    }

    [Fact]
    public void A_changed_byte_is_read_as_a_record_or_refused()
    {
        var bytes = Full().ToBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            foreach (var change in (byte[])[1, 2, 4, 32, 128])
            {
                var changed = bytes.ToArray();
                changed[i] ^= change;
                try
                {
                    Assert.InRange(AuditRecord.Parse(changed).ToBytes().Length, 1, Limits.LogEntryBytes);
                }
                catch (MalformedDataException) { }
            }
        }
    }

    private static AuditRecord Small() =>
        new()
        {
            Time = DateTimeOffset.UnixEpoch,
            RequestId = "1",
            Actor = new AuditActor("u", "h"),
            Action = "gate",
            Subjects = [],
            Decision = AuditDecision.Allow,
            Tool = "t",
        };

    private static AuditRecord Full() =>
        new()
        {
            Time = new DateTimeOffset(2026, 1, 31, 12, 0, 0, 123, TimeSpan.FromHours(1)),
            RequestId = "0194b9c1-0000-7000-8000-000000000000",
            Actor = new AuditActor("ci", "runner-1", "https://ci.example.com/jobs/1"),
            Action = "gate",
            Command = new AuditCommand("kubectl", 3),
            Subjects =
            [
                new AuditSubject(
                    "model",
                    "directory",
                    "models/vad",
                    new DigestSet([KeyValuePair.Create("sha256", "11"), KeyValuePair.Create("dirHash", "00")])
                ),
                new AuditSubject("image", "oci", "r.example.com/a:1", null),
            ],
            Policy = new AuditPolicy("production", Digest),
            Decision = AuditDecision.Deny,
            Reasons = ["no signature"],
            ReasonsOmitted = 2,
            Vsa = Digest,
            Evidence = [Digest],
            EvidenceOmitted = 1,
            Tool = "artifact-trust/0.1.0",
            IsTruncated = true,
        };
}
