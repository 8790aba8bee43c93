using ArtifactTrust.Formats;
using ArtifactTrust.Keys.Hardware;

namespace ArtifactTrust.Tests.Keys.Hardware;

public sealed class Pkcs11UriTests
{
    [Fact]
    public void Every_attribute_is_read()
    {
        var uri = Pkcs11Uri.Parse(
            "pkcs11:token=My%20token;manufacturer=M;model=O;serial=1a;slot-id=17;object=k%C3%A4y;id=%00%fF0;type=private"
                + "?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/secrets/pin"
        );

        Assert.Equal(("My token", "M", "O", "1a", 17L), (uri.Token, uri.Manufacturer, uri.Model, uri.Serial, uri.SlotId));
        Assert.Equal(("käy", "private"), (uri.Label, uri.Type));
        Assert.Equal(new byte[] { 0, 255, (byte)'0' }, uri.Id!.Value.ToArray());
        Assert.Equal(("/usr/lib/softhsm/libsofthsm2.so", "/run/secrets/pin"), (uri.ModulePath, uri.PinSource));
    }

    [Theory]
    [InlineData("pkcs11:")]
    [InlineData("PKCS11:object=a")]
    [InlineData("pkcs11:object=a:[]@!$'()*+,=&b")]
    [InlineData("pkcs11:?module-name=softhsm2")]
    [InlineData("pkcs11:object=a?module-path=/a/b?c|d&pin-source=/p")]
    [InlineData("pkcs11:object=a?pin-source=file:///run/pin")]
    public void What_the_grammar_allows_is_read(string text) => Assert.NotNull(Pkcs11Uri.Parse(text));

    [Theory]
    [InlineData("object=a", "at the start")]
    [InlineData("pkcs11:object", "name=value")]
    [InlineData("pkcs11:1234", "name=value")]
    [InlineData("pkcs11:=a", "name=value")]
    [InlineData("pkcs11:object=a;", "name=value")]
    [InlineData("pkcs11:;object=a", "name=value")]
    [InlineData("pkcs11:object=a?", null)]
    [InlineData("pkcs11:object=a?&", "name=value")]
    [InlineData("pkcs11:object=a;object=b", "given twice")]
    [InlineData("pkcs11:object=a?pin-source=/a&pin-source=/b", "given twice")]
    [InlineData("pkcs11:object=", "empty")]
    [InlineData("pkcs11:id=", "empty")]
    [InlineData("pkcs11:object=a b", "percent-encoded")]
    [InlineData("pkcs11:object=a/b", "percent-encoded")]
    [InlineData("pkcs11:object=ä", "percent-encoded")]
    [InlineData("pkcs11:object=a#b", "percent-encoded")]
    [InlineData("pkcs11:object=%", "hexadecimal")]
    [InlineData("pkcs11:object=%2", "hexadecimal")]
    [InlineData("pkcs11:object=%2g", "hexadecimal")]
    [InlineData("pkcs11:object=%FF", "UTF-8")]
    [InlineData("pkcs11:object=%00", "control character")]
    [InlineData("pkcs11:object=%1B[31m", "control character")]
    [InlineData("pkcs11:type=secret-key", "private, public or cert")]
    [InlineData("pkcs11:type=", "empty")]
    [InlineData("pkcs11:slot-id=-1", "decimal")]
    [InlineData("pkcs11:slot-id=0x1", "decimal")]
    [InlineData("pkcs11:slot-id=4294967296", "decimal")]
    [InlineData("pkcs11:tokens=a", "no such attribute")]
    [InlineData("pkcs11:Token=a", "no such attribute")]
    [InlineData("pkcs11:x-vendor=a", "no such attribute")]
    [InlineData("pkcs11:library-version=2.6", "not supported")]
    [InlineData("pkcs11:slot-description=a", "not supported")]
    [InlineData("pkcs11:object=a;pin-value=1234", "seen by every user")]
    [InlineData("pkcs11:object=a?pin-value=1234", "seen by every user")]
    [InlineData("pkcs11:object=a;module-path=a", "after the '?'")]
    [InlineData("pkcs11:object=a?token=b", "no such attribute")]
    [InlineData("pkcs11:object=a?module-path=a.so", "absolute")]
    [InlineData("pkcs11:object=a?module-name=../a", "goes into module-path")]
    [InlineData("pkcs11:object=a?module-name=.a", "goes into module-path")]
    [InlineData("pkcs11:object=a?module-name=%2Ftmp%2Fa", "goes into module-path")]
    [InlineData("pkcs11:object=a?module-name=a&module-path=/a", "either")]
    [InlineData("pkcs11:object=a?pin-source=pin", "absolute path")]
    [InlineData("pkcs11:object=a?pin-source=file:pin", "absolute path")]
    [InlineData("pkcs11:object=a?pin-source=file://host/pin", "absolute path")]
    [InlineData("pkcs11:object=a?pin-source=|cat%20/pin", "absolute path")]
    public void What_it_does_not_is_refused_with_its_reason(string text, string? reason)
    {
        if (reason is null)
        {
            Assert.NotNull(Pkcs11Uri.Parse(text));
            return;
        }
        var e = Assert.Throws<MalformedDataException>(() => Pkcs11Uri.Parse(text));
        Assert.Contains(reason, e.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("1234", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_that_is_too_long_is_refused() =>
        Assert.Throws<MalformedDataException>(() => Pkcs11Uri.Parse("pkcs11:object=" + new string('a', Limits.KeyUriCharacters)));

    [Fact]
    public void The_text_of_a_URI_reads_as_the_same_and_tells_nothing_of_the_query()
    {
        const string Text = "pkcs11:token=a%20b;slot-id=3;object=%C3%A4;id=%01%FF;type=private";
        var uri = Pkcs11Uri.Parse(Text + "?pin-source=file:/secret/place");

        Assert.Equal(Text, uri.ToString());
        Assert.Equal(Text, Pkcs11Uri.Parse(uri.ToString()).ToString());
    }

    [Fact]
    public void Every_change_of_one_character_is_read_or_refused()
    {
        const string Text = "pkcs11:token=a%20b;slot-id=3;id=%01?module-name=m&pin-source=file:/p";
        foreach (var replacement in "%;&?=/a0 \0ä\uD800")
        {
            for (var i = 0; i < Text.Length; i++)
            {
                var changed = Text[..i] + replacement + Text[(i + 1)..];
                try
                {
                    _ = Pkcs11Uri.Parse(changed).ToString();
                }
                catch (MalformedDataException)
                {
                    // Refused.
                }
            }
        }
    }

    [Theory]
    [InlineData("tpm2:handle:0x81000001", true)]
    [InlineData("tpm2:handle:0x80000001", false)]
    [InlineData("tpm2:handle:0x8100000g", false)]
    [InlineData("tpm2:handle:81000001", false)]
    [InlineData("tpm2:handle:0x081000001", false)]
    [InlineData("tpm2:handle:0x+81000001", false)]
    [InlineData("tpm2:file:/tmp/key", false)]
    [InlineData("tpm2:handle:0x81000001?pass", false)]
    [InlineData("tpm2:", false)]
    public void A_key_of_a_TPM_is_named_by_a_persistent_handle_alone(string uri, bool isRead)
    {
        Assert.True(HardwareKey.IsUri(uri));
        var e = Record.Exception(() => TpmKey.Parse(uri));
        Assert.Equal(isRead, e is null);
        Assert.True(e is null or MalformedDataException);
    }

    [Theory]
    [InlineData("training.key")]
    [InlineData("./pkcs11:a")]
    [InlineData("")]
    public void A_file_is_no_URI(string text) => Assert.False(HardwareKey.IsUri(text));
}
