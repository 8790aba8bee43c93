using System.Text;
using System.Text.Json;
using ArtifactTrust.Scanning.Data;
using ArtifactTrust.Scanning.Secrets;

namespace ArtifactTrust.Tests.Scanning.Data;

/// <summary>Whatever is redacted: the copy has nothing left of what was to be replaced, and the same structure.</summary>
public sealed class RedactionPropertyTests
{
    private static readonly byte[] Key = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef");

    // Put together at run time, so that no scanner takes this file for one with secrets.
    private static readonly string Body = string.Concat(Enumerable.Repeat("MIIEvQIBADANBgkq", 4));

    private static readonly string[] Pieces =
    [
        "jane@acme.io",
        "+49 30 901820",
        "4539945807302151",
        "DE89370400440532013000",
        "536-90-4399",
        "AB123456C",
        "529.982.247-25",
        "93.184.216.34",
        "RSSMRA85T10A562S",
        "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5",
        "AKIA" + "IOSFODNN7ABCDEFG",
        "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH",
        "AIza" + "SyB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1w",
        "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "-----BEGIN " + "PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        Body,
        "token=\"q8Zr2Vx9Lm4Tn7Wp1Ks5\"",
        "q8Zr2Vx9Lm4Tn7Wp1Ks5",
        "api_key: '",
        "token=",
        "\"",
        "'",
        "\\",
        "\n",
        "\t",
        ",",
        ":",
        " ",
        "x",
        "1",
        "-",
        "@",
        ".",
        "é",
        "\u2028",
    ];

    private static readonly string[] Names =
    [
        "id",
        "mail",
        "phone",
        "password",
        "ssn",
        "client_ip",
        "api_key",
        "my_token",
        "aws_secret_access_key",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_copy_of_delimited_text_is_clean_and_has_the_same_fields(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 250; i++)
        {
            var delimiter = ",\t;|"[random.Next(4)];
            var text = new StringBuilder(string.Join(delimiter, Names)).Append('\n');
            for (var row = 0; row < 4; row++)
            {
                var fields = Names.Select(_ => Field(Value(random), delimiter, random));
                text.Append(string.Join(delimiter, fields)).Append(random.Next(2) == 0 ? "\n" : "\r\n");
            }
            var name = delimiter == '\t' ? "a.tsv" : "a.csv";
            var copy = Redact(name, text.ToString(), random);
            Assert.Equal(Shape(text.ToString(), delimiter), Shape(copy, delimiter));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_copy_of_JSON_is_clean_and_has_the_same_form(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 250; i++)
        {
            var lines = Enumerable.Range(0, 3).Select(_ => $"{{\"v\": {Json(random, 0)}}}").ToArray();
            var copy = Redact("a.jsonl", string.Join('\n', lines) + "\n", random).Split('\n');
            Assert.Equal(lines.Length + 1, copy.Length);
            for (var line = 0; line < lines.Length; line++)
            {
                Assert.Equal(Shape(lines[line]), Shape(copy[line]));
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_copy_of_text_is_clean_and_has_the_same_lines(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 300; i++)
        {
            var text = "text\n" + string.Join('\n', Enumerable.Range(0, 4).Select(_ => Value(random)));
            Assert.Equal(text.Count(c => c == '\n'), Redact("a.txt", text, random).Count(c => c == '\n'));
        }
    }

    [Fact]
    public void A_long_line_is_clean_wherever_a_scanner_cuts_it()
    {
        var random = new Random(4);
        var line = string.Concat(Enumerable.Range(0, 20_000).Select(_ => Pieces[random.Next(Pieces.Length)].Trim('\n')));
        Redact("a.txt", $"text\n{line[..Math.Min(line.Length, 250_000)]}\n", random);
        Redact("a.json", JsonSerializer.Serialize(new { a = line, b = new[] { line } }), random);
    }

    [Fact]
    public void A_private_key_is_replaced_whole()
    {
        var begin = "-----BEGIN " + "RSA PRIVATE KEY-----";
        var end = "-----END RSA PRIVATE KEY-----";
        foreach (
            var (name, text) in new[]
            {
                ("a.txt", $"one\n{begin}\n{Body}\n{Body}\n{end}\ntwo {Body}\n"),
                ("a.csv", $"n,key\n1,\"{begin}\n{Body}\n{end}\"\n2,{Body[..3]}\n"),
                ("a.json", JsonSerializer.Serialize(new { a = $"{begin}\n{Body}\n{end}\n", b = new[] { begin, Body, end } })),
            }
        )
        {
            var copy = Redact(name, text, Replacement.Mask, [], PersonalDataKinds.All, true);
            Assert.Equal(name == "a.txt" ? 1 : 0, copy.Split(Body).Length - 1);
            Assert.DoesNotContain("BEGIN", copy, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Only_what_was_asked_for_is_replaced()
    {
        var text = "text\njane@acme.io ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5\n";
        var secrets = Redact("a.txt", text, Replacement.Drop, [], [], true);
        Assert.Equal("text\njane@acme.io \n", secrets);
        var people = Redact("a.txt", text, Replacement.Drop, [], PersonalDataKinds.All, false);
        Assert.Contains("ghp_", people, StringComparison.Ordinal);
        Assert.DoesNotContain("jane", people, StringComparison.Ordinal);
    }

    private static string Value(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(5)).Select(_ => Pieces[random.Next(Pieces.Length)]));

    private static string Field(string value, char delimiter, Random random) =>
        value.AsSpan().IndexOfAny(['"', '\n', '\r', delimiter]) >= 0 || random.Next(3) == 0
            ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : value;

    private static string Json(Random random, int depth) =>
        random.Next(depth > 2 ? 2 : 4) switch
        {
            0 => Escaped(Value(random), random),
            1 => random.Next(3) switch
            {
                0 => "4539945807302151",
                1 => $"{random.Next()}",
                _ => "null",
            },
            2 => $"[ {string.Join(" ,", Enumerable.Range(0, random.Next(4)).Select(_ => Json(random, depth + 1)))}]",
            _ =>
                $"{{{string.Join(",\t", Enumerable.Range(0, random.Next(4)).Select(i => $"{Escaped($"{Names[random.Next(Names.Length)]}{(random.Next(4) == 0 ? Value(random) : "")}", random)}:  {Json(random, depth + 1)}"))}}}",
        };

    /// <summary>A string of JSON, in which some characters are escapes that need not be.</summary>
    private static string Escaped(string text, Random random)
    {
        var json = new StringBuilder("\"");
        foreach (var c in text)
        {
            json.Append(
                c is '"' or '\\' or < ' ' || random.Next(40) == 0
                    ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)c:x4}")
                    : c.ToString()
            );
        }
        return json.Append('"').ToString();
    }

    private static string Shape(string text, char delimiter)
    {
        var fields = new DelimitedText(new StringReader(text), delimiter);
        var shape = new StringBuilder();
        while (fields.Read())
        {
            shape.Append(fields.Raw.Length > 0 && fields.Raw[0] == '"' ? 'q' : '.').Append(fields.End);
        }
        return shape.ToString().Replace('q', '.');
    }

    private static string Shape(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Shape(document.RootElement);
    }

    private static string Shape(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => $"{{{string.Concat(value.EnumerateObject().Select(m => Shape(m.Value)))}}}",
            JsonValueKind.Array => $"[{string.Concat(value.EnumerateArray().Select(Shape))}]",
            _ => ".",
        };

    /// <summary>Redacts, and asserts that both scanners find nothing in the copy, and that redacting again changes nothing.</summary>
    private static string Redact(string name, string text, Random random)
    {
        var replacement = (Replacement)random.Next(3);
        var key = replacement == Replacement.Hash ? Key : [];
        var copy = Redact(name, text, replacement, key, PersonalDataKinds.All, true);
        var bytes = Encoding.UTF8.GetBytes(copy);
        using var stream = new MemoryStream(bytes);
        var people = DataScanner.ScanFile(name, stream);
        var secrets = new SecretScanner().Scan(name, stream, name);
        var found = people.Columns.Select(c => $"{c.Kind} {c.Path}").Concat(secrets.Findings.Select(f => $"{f.Id} {f.Location}")).ToList();
        Assert.True(found.Count == 0, $"{replacement}: {string.Join(", ", found)}\n{text}\n---\n{copy}");
        return copy;
    }

    private static string Redact(
        string name,
        string text,
        Replacement replacement,
        byte[] key,
        IEnumerable<PersonalDataKind> kinds,
        bool secrets
    )
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var before = bytes.ToArray();
        using var source = new MemoryStream(bytes);
        using var destination = new MemoryStream();
        new DataRedactor(kinds, replacement, key, secrets).Redact(name, source, destination);
        Assert.Equal(before, bytes);
        return Encoding.UTF8.GetString(destination.ToArray());
    }
}
