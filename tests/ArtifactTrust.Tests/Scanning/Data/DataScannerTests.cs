using System.IO.Compression;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Scanning.Data;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Data;

public sealed class DataScannerTests
{
    [Fact]
    public void Csv_is_counted_by_column_and_samples_say_nothing()
    {
        var scan = Scan(
            "users.csv",
            "id,\"e mail\",note\r\n1,jane@acme.io,\"call \"\"me\"\", +49 30 901820\"\r\n2,joe@acme.io,\"x\ny\"\r\n"
        );
        Assert.Equal("delimited text", scan.Format);
        Assert.Equal(
            [(PersonalDataKind.Email, "e mail", 2L, Confidence.High), (PersonalDataKind.Phone, "note", 1L, Confidence.High)],
            scan.Columns.Select(c => (c.Kind, c.Path, c.Count, c.Confidence))
        );
        Assert.Equal(["a letter and 10 more", "a letter and 11 more"], scan.Columns[0].Samples);
        Assert.Empty(scan.Gaps);
    }

    [Theory]
    [InlineData("a.tsv", "id\tmail\n1\tjane@acme.io\n")]
    [InlineData("a", "id;mail\n1;jane@acme.io\n2;joe@acme.io\n3;\n")]
    [InlineData("a", "id|mail\n1|jane@acme.io\n2|joe@acme.io\n3|x\n")]
    [InlineData("a.csv", "\uFEFFid,mail\n1,jane@acme.io")]
    [InlineData("a.json", """[{"id":1,"mail":"jane@acme.io"},{"mail":"\u006aoe\u0040acme.io"}]""")]
    [InlineData("a.jsonl", "{\"mail\":\"jane@acme.io\"}\n{\"mail\":null}\n")]
    public void A_column_has_its_name_in_every_form(string name, string text)
    {
        var column = Assert.Single(Scan(name, text).Columns);
        Assert.Equal(PersonalDataKind.Email, column.Kind);
        Assert.EndsWith("mail", column.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_has_paths_without_positions_and_names_are_looked_at_too()
    {
        var scan = Scan(
            "x",
            """{"users":[{"contact":{"tel":"+49 30 901820"}},{"contact":{"tel":"+49 30 901821"}}],"by":{"jane@acme.io":1},"ssn":536904399,"n":[[1,"joe@acme.io"]]}"""
        );
        Assert.Equal(
            [
                (PersonalDataKind.Email, "$.by (names)", 1L),
                (PersonalDataKind.Email, "$.n[][]", 1L),
                (PersonalDataKind.UsSsn, "$.ssn", 1L),
                (PersonalDataKind.Phone, "$.users[].contact.tel", 2L),
            ],
            scan.Columns.Select(c => (c.Kind, c.Path, c.Count))
        );
    }

    [Fact]
    public void A_file_without_a_header_has_numbered_columns_and_its_first_record_is_data()
    {
        var scan = Scan("a.csv", "1,jane@acme.io\n2,joe@acme.io\n");
        Assert.Equal(("column 2", 2L), (Assert.Single(scan.Columns).Path, scan.Columns[0].Count));
    }

    [Fact]
    public void A_name_that_is_data_itself_is_not_shown()
    {
        var token = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5";
        foreach (var name in (string[])["jane@acme.io", "tel +49 30 901820", token, $"use {token}"])
        {
            var scan = Scan("a.json", $"{{\"by\":{{\"{name}\":{{\"mail\":\"joe@acme.io\"}}}}}}");
            Assert.Contains(scan.Columns, c => c.Path == "$.by.*.mail");
            Assert.DoesNotContain(scan.Columns, c => c.Path.Contains(name, StringComparison.Ordinal));
            scan = Scan("a.csv", $"id,{name}\n1,joe@acme.io\n");
            Assert.All(scan.Columns, c => Assert.Equal("column 2", c.Path));
        }
        // And what it says of the values counts all the same.
        var columns = Scan("a.csv", "password jane@acme.io\nhunter2\n").Columns;
        Assert.Contains(columns, c => (c.Kind, c.Path) == (PersonalDataKind.Credential, "column 1"));
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    public void Json_in_another_encoding_is_json(string encoding)
    {
        var named = Encoding.GetEncoding(encoding);
        byte[] Of(string text) => [.. named.GetPreamble(), .. named.GetBytes(text)];
        var scan = Scan("a.json", Of("{\"password\":\"hunter2\",\"é\":\"\\u006aoe@acme.io\"}"));
        Assert.Equal([PersonalDataKind.Credential, PersonalDataKind.Email], scan.Columns.Select(c => c.Kind).Order().Reverse());
        Assert.Empty(scan.Gaps);
        Assert.NotEmpty(Scan("a.json", Of("{\"password\":\"hunter2\"}")[..^1]).Gaps);
    }

    [Theory]
    [InlineData("+49 30 901820, ")]
    [InlineData("a@b.io 4539945807302151 ")]
    public void Very_many_in_one_value_are_counted(string one)
    {
        // In time that grows with the length, and not with its square: that would take an hour.
        const int Count = 400_000;
        var text = string.Concat(Enumerable.Repeat(one, Count));
        Assert.All(Scan("a.json", $"{{\"v\":\"{text}\"}}").Columns, c => Assert.Equal(Count, c.Count));
    }

    [Fact]
    public void Text_has_the_line_of_the_first_one()
    {
        var scan = Scan("notes.txt", "hello\nask jane@acme.io\nor joe@acme.io\n");
        Assert.Equal(("(text)", 2L, (int?)2), (scan.Columns[0].Path, scan.Columns[0].Count, scan.Columns[0].FirstLine));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\nask joe@acme.io")]
    public void Each_in_a_very_long_line_is_counted_once(string end)
    {
        const int addresses = 150_000;
        var scan = Scan("notes.txt", string.Concat(Enumerable.Range(0, addresses).Select(i => $"m{i % 977}@acme.io ")) + end);
        Assert.Equal(addresses + (end.Length > 1 ? 1 : 0), scan.Columns.Single().Count);
    }

    [Fact]
    public void Numbers_that_have_check_digits_by_chance_are_of_low_confidence()
    {
        var random = new Random(3);
        var text = new StringBuilder("order\n");
        for (var i = 0; i < 20_000; i++)
        {
            text.Append('4').Append(random.NextInt64(100_000_000_000_000, 999_999_999_999_999)).Append('\n');
        }
        var column = Assert.Single(Scan("orders.csv", text.ToString()).Columns, c => c.Kind == PersonalDataKind.PaymentCard);
        Assert.Equal(Confidence.Low, column.Confidence);
        var finding = new DataScanReport(default, default, [Scan("orders.csv", text.ToString())]).ToScanReport("t").Findings;
        Assert.All(finding, f => Assert.Equal(Severity.Low, f.Severity));
    }

    [Fact]
    public void Gzip_is_looked_into()
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionMode.Compress, leaveOpen: true))
        {
            gzip.Write("mail\njane@acme.io\n"u8);
        }
        var scan = Scan("a.csv.gz", zipped.ToArray());
        Assert.Equal(("gzip of delimited text", "mail"), (scan.Format, Assert.Single(scan.Columns).Path));
        // Cut off it is not clean.
        Assert.NotEmpty(Scan("a.csv.gz", zipped.ToArray()[..^12]).Gaps.Concat(Scan("a.csv.gz", zipped.ToArray()[..15]).Gaps));
    }

    [Theory]
    [InlineData("PK\u0003\u0004", "a zip archive")]
    [InlineData("%PDF-1.7", "PDF")]
    [InlineData("\u0001\0\u0002", "neither text")]
    [InlineData("PAR1", "too short")]
    public void What_is_not_examined_is_named(string head, string gap) =>
        Assert.Contains(gap, Assert.Single(Scan("x", Encoding.Latin1.GetBytes(head)).Gaps), StringComparison.Ordinal);

    [Fact]
    public void Json_that_is_none_is_looked_through_as_text_and_not_clean()
    {
        var scan = Scan("a.json", "{\"mail\": \"jane@acme.io\", oops}");
        Assert.Contains("looked through as text", Assert.Single(scan.Gaps), StringComparison.Ordinal);
        Assert.Contains(scan.Columns, c => c.Path == "(text)");
    }

    [Theory]
    [InlineData("a.csv", """[{"id":1,"mail":"jane\u0040acme.io"}]""", "JSON", "$[].mail")]
    [InlineData("a.csv", "\uFEFF{\"mail\":\"jane\\u0040acme.io\"}\r\n{\"mail\":null}\n", "JSON", "$.mail")]
    [InlineData("a.tsv", " \n[\t\"x\",\t\"jane\\u0040acme.io\"\t]", "JSON", "$[]")]
    [InlineData("a.jsonl", "id,mail\n1,jane@acme.io\n2,\n", "delimited text", "mail")]
    [InlineData("a.json", "[id],{mail}\n1,jane@acme.io\n2,\n", "delimited text", "{mail}")]
    [InlineData("a.csv", "[id],{mail}\n1,jane@acme.io\n", "delimited text", "{mail}")]
    [InlineData("a.csv", "{\"a\":1},mail\n1,jane@acme.io\n", "delimited text", "mail")]
    [InlineData("a.ini", "[owner]\nmail=jane@acme.io\n", "text", "(text)")]
    [InlineData("a.json", "[2026-11-22 10:00] mail of jane@acme.io\n", "text", "(text)")]
    [InlineData("a.py", "{'mail': 'jane@acme.io'}\n", "text", "(text)")]
    [InlineData("a.json", "{{ mail }} jane@acme.io\n", "text", "(text)")]
    public void The_content_says_what_a_file_is_whatever_its_name(string name, string text, string format, string path)
    {
        var scan = Scan(name, text);
        Assert.Equal((format, path), (scan.Format, Assert.Single(scan.Columns).Path));
        Assert.Empty(scan.Gaps);
    }

    [Theory]
    [InlineData("a", "{\"mail\": \"jane\\u0040acme.io\", oops}")]
    [InlineData("a.txt", "[\"jane\\u0040acme.io\"")]
    [InlineData("a.json", "{ // comment\n \"mail\": \"jane\\u0040acme.io\" }")]
    public void Damaged_json_is_no_other_text(string name, string text)
    {
        var scan = Scan(name, text);
        Assert.Equal("JSON", scan.Format);
        Assert.Contains("looked through as text", Assert.Single(scan.Gaps), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_that_is_long_or_deep_is_json()
    {
        var row = """{"id":1,"mail":"jane\u0040acme.io"},""";
        var scan = Scan("a.csv", $"[{string.Concat(Enumerable.Repeat(row, 10_000))}{row[..^1]}]");
        Assert.Equal(("JSON", 10_001L), (scan.Format, Assert.Single(scan.Columns).Count));
        Assert.Empty(scan.Gaps);
        Assert.NotEmpty(Scan("a", $"{new string('[', 2000)}\"x\"{new string(']', 2000)}").Gaps);
    }

    [Fact]
    public void A_quote_that_is_never_closed_does_not_hide_the_rest()
    {
        var scan = Scan("a.csv", "a,b\n\"x,y\n" + string.Concat(Enumerable.Repeat("1,jane@acme.io\n", 100_000)));
        Assert.NotEmpty(scan.Gaps);
        Assert.Contains(scan.Columns, c => c.Kind == PersonalDataKind.Email && c.Count >= 90_000);
    }

    [Fact]
    public void The_predicate_counts_and_says_no_value()
    {
        var report = new DataScanReport(default, default, [Scan("users.csv", "mail\njane@acme.io\n")]);
        var text = Encoding.UTF8.GetString(PersonalDataPredicate.Create(report));
        Assert.DoesNotContain("jane", text, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(text);
        Assert.Equal("FOUND", json.RootElement.GetProperty("result").GetString());
        Assert.Equal(1, json.RootElement.GetProperty("counts").GetProperty("email").GetInt64());
        Assert.Equal("NONE", Result(new DataScanReport(default, default, [Scan("x.csv", "a\n1\n")])));
        Assert.Equal("INCOMPLETE", Result(new DataScanReport(default, default, [Scan("x", "PAR1")])));

        static string? Result(DataScanReport report)
        {
            using var json = JsonDocument.Parse(PersonalDataPredicate.Create(report));
            return json.RootElement.GetProperty("result").GetString();
        }
    }

    [Fact]
    public void No_change_of_one_byte_ends_in_another_exception()
    {
        foreach (var text in new[] { "a,b\n\"x\"\"y\",jane@acme.io\n1,2\n", """{"a":[{"b":"x\u0040y.io"},2],"c":null}""" })
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            for (var i = 0; i < bytes.Length; i++)
            {
                for (var bit = 0; bit < 8; bit++)
                {
                    bytes[i] ^= (byte)(1 << bit);
                    Scan("a", bytes);
                    bytes[i] ^= (byte)(1 << bit);
                }
            }
        }
    }

    private static DataFileScan Scan(string name, string text) => Scan(name, Encoding.UTF8.GetBytes(text));

    private static DataFileScan Scan(string name, byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return DataScanner.ScanFile(name, stream);
    }
}
