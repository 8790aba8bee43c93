using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Formats;

public sealed class JsonUnicodeTests
{
    [Theory]
    [InlineData("""{"a":"b"}""")]
    [InlineData("""{"a":"\ud83d\ude00"}""")]
    [InlineData("""{"a":"\\ud83d"}""")]
    [InlineData("""{"a":"\\\\ud83d\n\u00e9"}""")]
    [InlineData("\"é😀\"")]
    [InlineData("\"\\u12\"")]
    [InlineData("\\")]
    [InlineData("\\ud7ff\\ue000")]
    public void Whole_characters_pass(string json) => JsonUnicode.Check(Encoding.UTF8.GetBytes(json), "JSON");

    [Theory]
    [InlineData("""{"a":"\ud83d"}""")]
    [InlineData("""{"a":"\ude00"}""")]
    [InlineData("""{"a":"\ud83dx\ude00"}""")]
    [InlineData("""{"a":"\ud83d\ud83d"}""")]
    [InlineData("""{"a":"\ud83d\u0041"}""")]
    [InlineData("""{"a":"\uD83D\n"}""")]
    [InlineData("""{"a":"\\\ud83d"}""")]
    [InlineData("""{"\udfff":1}""")]
    [InlineData("""["\ud83d""")]
    public void Half_a_surrogate_pair_is_refused(string json) =>
        Assert.Throws<MalformedDataException>(() => JsonUnicode.Check(Encoding.UTF8.GetBytes(json), "JSON"));

    [Theory]
    [InlineData(new byte[] { 0xff })]
    [InlineData(new byte[] { 0xc0, 0x80 })]
    [InlineData(new byte[] { 0xed, 0xa0, 0x80 })]
    [InlineData(new byte[] { 0xe2, 0x82 })]
    public void What_is_not_utf8_is_refused(byte[] inner) =>
        Assert.Throws<MalformedDataException>(() => JsonUnicode.Check([(byte)'"', .. inner, (byte)'"'], "JSON"));

    [Fact]
    public void What_passes_gives_its_strings()
    {
        var random = new Random(3);
        string[] pieces = ["\\", "u", "d83d", "de00", "\\ud83d", "\\ude00", "\\\\", "x", "\\n", "é"];
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
            var json = Encoding.UTF8.GetBytes($"\"{text}\"");
            JsonDocument document;
            try
            {
                document = JsonDocument.Parse(json);
            }
            catch (JsonException)
            {
                continue;
            }
            using (document)
            {
                Assert.Equal(
                    Record.Exception(() => document.RootElement.GetString()) is null,
                    Record.Exception(() => JsonUnicode.Check(json, "JSON")) is null
                );
            }
        }
    }
}
