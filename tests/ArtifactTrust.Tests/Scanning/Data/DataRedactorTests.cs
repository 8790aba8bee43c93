using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Data;

namespace ArtifactTrust.Tests.Scanning.Data;

public sealed class DataRedactorTests
{
    private static readonly byte[] Key = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef");

    [Fact]
    public void Everything_else_in_a_CSV_stays_byte_for_byte()
    {
        Assert.Equal(
            "id,mail,\"no\"\"te\"\r\n1,************,\"call, *************\"\r\n\"2\",\"\",x\n",
            Redact("a.csv", "id,mail,\"no\"\"te\"\r\n1,jane@acme.io,\"call, +49 30 901820\"\r\n\"2\",\"\",x\n")
        );
    }

    [Fact]
    public void The_form_of_JSON_stays()
    {
        Assert.Equal(
            "{ \"mail\" : \"************\",\n \"n\": [1, 2.50, null], \"ssn\": \"*********\" }\n{\"x\":\"\\u00e9\"}\n",
            Redact("a.json", "{ \"mail\" : \"jane@acme.io\",\n \"n\": [1, 2.50, null], \"ssn\": 536904399 }\n{\"x\":\"\\u00e9\"}\n")
        );
    }

    [Fact]
    public void Equal_values_become_equal_hashes_that_need_the_key()
    {
        var text = "mail,other\nJane@acme.io,jane@acme.io\njoe@acme.io,x\n";
        var lines = Redact("a.csv", text, Replacement.Hash, Key).Split('\n');
        var cells = lines[1].Split(',');
        Assert.Equal(cells[0], cells[1]);
        Assert.NotEqual(cells[0], lines[2].Split(',')[0]);
        Assert.StartsWith("redacted-", cells[0], StringComparison.Ordinal);
        Assert.NotEqual(cells[0], Redact("a.csv", text, Replacement.Hash, [.. Key.Reverse()]).Split('\n')[1].Split(',')[0]);
        // A number is the same however it is written.
        var ibans = Redact("a.csv", "a,b\nDE89370400440532013000,DE89 3704 0044 0532 0130 00\n", Replacement.Hash, Key)
            .Split('\n')[1]
            .Split(',');
        Assert.Equal(ibans[0], ibans[1]);
    }

    [Fact]
    public void Only_the_kinds_that_were_asked_for_are_replaced()
    {
        var text = "jane@acme.io +49 30 901820\n";
        Assert.Equal("************ +49 30 901820\n", Redact("a.txt", text, Replacement.Mask, [], PersonalDataKind.Email));
        Assert.Equal(" +49 30 901820\n", Redact("a.txt", text, Replacement.Drop, [], PersonalDataKind.Email));
    }

    [Theory]
    [InlineData("PAR1xxxxPAR1", "Parquet is not rewritten")]
    [InlineData("PK\u0003\u0004", "a zip archive")]
    [InlineData("{\"a\":", "not JSON")]
    [InlineData("\u001f\u008b\u0008", "compressed")]
    public void What_cannot_be_rewritten_is_refused(string text, string reason)
    {
        var e = Assert.Throws<MalformedDataException>(() => Redact("a", Encoding.Latin1.GetBytes(text), Replacement.Mask, []));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_and_lines_that_are_too_long_are_refused()
    {
        Assert.Throws<MalformedDataException>(() => Redact("a.txt", [(byte)'a', 0xFF, (byte)'b'], Replacement.Mask, []));
        Assert.Throws<MalformedDataException>(() => Redact("a.txt", new string('a', 400_000)));
    }

    [Fact]
    public void Json_in_another_encoding_is_rewritten_as_json()
    {
        foreach (var encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32])
        {
            byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes("{\"password\": \"hunter2\", \"n\": \"é\"}\r\n")];
            Assert.Equal(
                "{\"password\": \"*******\", \"n\": \"é\"}\r\n",
                Encoding.UTF8.GetString(Redact("a.json", bytes, Replacement.Mask, []))
            );
            Assert.Throws<MalformedDataException>(() => Redact("a.json", bytes[..^1], Replacement.Mask, []));
        }
    }

    [Theory]
    [InlineData("password jane@acme.io", Replacement.Mask, "password ************")]
    [InlineData("passwordsk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", Replacement.Drop, "password")]
    [InlineData("password_" + "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5", Replacement.Drop, "password_")]
    public void Values_are_replaced_by_what_the_header_says_and_by_what_the_copys_says(
        string header,
        Replacement replacement,
        string copied
    )
    {
        var value = replacement == Replacement.Mask ? "*******" : "";
        Assert.Equal($"{copied},n\n{value},1\n", Redact("a.csv", $"{header},n\nhunter2,1\n", replacement));
    }

    [Theory]
    [InlineData("a.csv", "[{\"id\":1,\"mail\":\"jane\\u0040acme.io\"}]\n", "[{\"id\":1,\"mail\":\"************\"}]\n")]
    [InlineData("a.json", "id,mail\n1,jane@acme.io\n2,\"x\"\n", "id,mail\n1,************\n2,\"x\"\n")]
    [InlineData("a.ini", "[owner]\nmail: jane@acme.io\n", "[owner]\nmail: ************\n")]
    [InlineData("a.py", "{\n'mail': 'jane@acme.io'}\n", "{\n'mail': '************'}\n")]
    public void The_content_says_how_a_file_is_rewritten(string name, string text, string expected) =>
        Assert.Equal(expected, Redact(name, text));

    [Theory]
    [InlineData("a", "[\njane@acme.io\n\"joe\\u0040acme.io\"]\n")]
    [InlineData("a.csv", "jane@acme.io[1,\"joe\\u0040acme.io\"]\n")]
    public void A_copy_that_becomes_json_further_on_is_refused(string name, string text)
    {
        var e = Assert.Throws<MalformedDataException>(() => Redact(name, text, Replacement.Drop));
        Assert.Contains("read as another format", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_that_would_be_read_as_another_format_is_refused()
    {
        var text = "\njane@acme.io {\"password\":\"hunter2\"}\n";
        var e = Assert.Throws<MalformedDataException>(() => Redact("a", text, Replacement.Drop));
        Assert.Contains("read as another format", e.Message, StringComparison.Ordinal);
        Assert.StartsWith("\n************ {", Redact("a", text), StringComparison.Ordinal);
    }

    [Fact]
    public void No_name_becomes_one_that_says_what_its_value_is()
    {
        // Enough names for all of three letters.
        var members = Enumerable.Range(0, 20_000).Select(i => $"\"m{i}@acme.io\":\"030 901820\"");
        using var copy = new MemoryStream(Encoding.UTF8.GetBytes(Redact("a.json", $"{{{string.Join(',', members)}}}")));
        Assert.Empty(DataScanner.ScanFile("a.json", copy).Columns);
    }

    [Theory]
    [InlineData("a.csv", ",")]
    [InlineData("a.tsv", "\t")]
    public void A_secret_behind_the_end_of_a_record_that_ends_no_line_is_replaced(string name, string delimiter)
    {
        // Scanners of secrets end lines by line feeds alone.
        var secret = "q8Zr2Vx9Lm4Tn7Wp1Ks5";
        var text = $"id{delimiter}x\r1{delimiter}token=\r'{secret}'{delimiter}y\r";
        Assert.Equal(text.Replace(secret, new string('*', secret.Length), StringComparison.Ordinal), Redact(name, text));
    }

    [Fact]
    public void Very_many_secrets_in_one_value_are_replaced()
    {
        var secret = "q8Zr2Vx9Lm4Tn7Wp1Ks5";
        var text = string.Concat(Enumerable.Repeat($"token='{secret}' ", 300_000));
        Assert.DoesNotContain(secret, Redact("a.json", $"{{\"v\":\"{text}\"}}"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hash_needs_a_key_of_some_length_and_nothing_else_has_one()
    {
        Assert.Throws<ArgumentException>(() => new DataRedactor(PersonalDataKinds.All, Replacement.Hash, new byte[15]));
        Assert.Throws<ArgumentException>(() => new DataRedactor(PersonalDataKinds.All, Replacement.Mask, new byte[16]));
    }

    [Fact]
    public void Whatever_is_redacted_the_copy_has_nothing_of_it_left()
    {
        string[] pieces =
        [
            "jane@acme.io",
            "+49 30 901820",
            "4539945807302151",
            "DE89370400440532013000",
            "536-90-4399",
            "AB123456C",
            "86095742719",
            "529.982.247-25",
            "93.184.216.34",
            "x",
            " ",
            "1",
            "-",
            "@",
            ".",
            "12",
            "a@",
            "\\\"",
            "é",
        ];
        string[] names = ["id", "mail", "phone", "password", "ssn", "client_ip", "bsn"];
        var random = new Random(20261122);
        for (var i = 0; i < 3000; i++)
        {
            string Value() => string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => pieces[random.Next(pieces.Length)]));
            var (name, text) = (i % 3) switch
            {
                0 => (
                    "a.csv",
                    string.Join(',', names)
                        + "\n"
                        + string.Concat(
                            Enumerable
                                .Range(0, 3)
                                .Select(_ =>
                                    string.Join(',', names.Select(_ => $"\"{Value().Replace("\"", "\"\"", StringComparison.Ordinal)}\""))
                                    + "\n"
                                )
                        )
                ),
                1 => (
                    "a.jsonl",
                    string.Concat(
                        Enumerable
                            .Range(0, 3)
                            .Select(_ =>
                                "{"
                                + string.Join(',', names.Select(n => $"\"{n}\":{JsonSerializer.Serialize(Value())}"))
                                + $",{JsonSerializer.Serialize(Value() + "k")}:1}}\n"
                            )
                    )
                ),
                _ => ("a.txt", $"hello\n{Value()} {Value()}\n{Value()}\n"),
            };
            var replacement = (Replacement)random.Next(3);
            var redacted = Redact(name, text, replacement, replacement == Replacement.Hash ? Key : []);
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(redacted));
            var scan = DataScanner.ScanFile(name, stream);
            Assert.True(
                scan.Columns.Count == 0,
                $"{replacement}: {text}\n---\n{redacted}\n{string.Join(", ", scan.Columns.Select(c => $"{c.Kind} {c.Path}"))}"
            );
            Assert.Empty(scan.Gaps);
        }
    }

    private static string Redact(
        string name,
        string text,
        Replacement replacement = Replacement.Mask,
        byte[]? key = null,
        params PersonalDataKind[] kinds
    ) => Encoding.UTF8.GetString(Redact(name, Encoding.UTF8.GetBytes(text), replacement, key ?? [], kinds));

    private static byte[] Redact(string name, byte[] bytes, Replacement replacement, byte[] key, params PersonalDataKind[] kinds)
    {
        using var source = new MemoryStream(bytes);
        using var destination = new MemoryStream();
        new DataRedactor(kinds.Length > 0 ? kinds : PersonalDataKinds.All, replacement, key).Redact(name, source, destination);
        return destination.ToArray();
    }
}
