using ArtifactTrust.Scanning.Data;

namespace ArtifactTrust.Tests.Scanning.Data;

/// <summary>What is taken for data about a person and what is not: more than ten edge cases a kind.</summary>
public sealed class PersonalDataDetectorTests
{
    [Theory]
    [InlineData("jane.doe@acme.io", "jane.doe@acme.io")]
    [InlineData("Jane <jane+tag@mail.acme.co.uk>", "jane+tag@mail.acme.co.uk")]
    [InlineData("mailto:jane@acme.io?subject=x", "jane@acme.io")]
    [InlineData("write to jane@acme.io.", "jane@acme.io")]
    [InlineData("\"jane@acme.io\",", "jane@acme.io")]
    [InlineData("o'brien@acme.ie", "o'brien@acme.ie")]
    [InlineData("jürgen@müller.de", "jürgen@müller.de")]
    [InlineData("j@xn--mller-kva.xn--p1ai", "j@xn--mller-kva.xn--p1ai")]
    [InlineData("a_b-c@a-b.org", "a_b-c@a-b.org")]
    [InlineData("JANE@ACME.IO", "JANE@ACME.IO")]
    [InlineData("(jane@acme.io)", "jane@acme.io")]
    [InlineData("x=jane@acme.museum;", "x=jane@acme.museum")]
    [InlineData("jane@example.com", null)]
    [InlineData("jane@host.test", null)]
    [InlineData("jane@localhost", null)]
    [InlineData("icon@2x.png", null)]
    [InlineData("git@github.com:acme/repo.git", null)]
    [InlineData("https://user:pass@acme.io/path", null)]
    [InlineData("lodash@4.17.21", null)]
    [InlineData("@decorator", null)]
    [InlineData("jane@", null)]
    [InlineData("jane@acme", null)]
    [InlineData("jane..doe@acme.io", null)]
    [InlineData("jane.@acme.io", null)]
    [InlineData("jane@-acme.io", null)]
    [InlineData("a@b.c", null)]
    [InlineData("jane @ acme.io", null)]
    public void E_mail(string text, string? found) => AssertFinds(PersonalDataKind.Email, text, found);

    [Theory]
    [InlineData("+49 30 901820", "+49 30 901820")]
    [InlineData("+14155552671", "+14155552671")]
    [InlineData("+1 (415) 555-2671", "+1 (415) 555-2671")]
    [InlineData("tel: +44 20 7946 0958", "+44 20 7946 0958")]
    [InlineData("+352 27 12 34 56", "+352 27 12 34 56")]
    [InlineData("(415) 555-2671", "(415) 555-2671")]
    [InlineData("415-555-2671", "415-555-2671")]
    [InlineData("415.555.2671", "415.555.2671")]
    [InlineData("06 12 34 56 78", "06 12 34 56 78")]
    [InlineData("+7 495 123-45-67", "+7 495 123-45-67")]
    [InlineData("+5511987654321", "+5511987654321")]
    [InlineData("415-555-0123", null)]
    [InlineData("+1 415 555 0123", null)]
    [InlineData("4155552671", null)]
    [InlineData("115-555-2671", null)]
    [InlineData("+999 123 456 789", null)]
    [InlineData("+1234", null)]
    [InlineData("2024-01-31", null)]
    [InlineData("12345678", null)]
    [InlineData("10.1000/182", null)]
    [InlineData("1,234,567,890", null)]
    [InlineData("3.14159265358979", null)]
    [InlineData("+0.12345678", null)]
    [InlineData("415-555-2671-99", null)]
    public void Phone(string text, string? found) => AssertFinds(PersonalDataKind.Phone, text, found);

    [Theory]
    [InlineData("030 901820", "030 901820")]
    [InlineData("0171/1234567", "0171/1234567")]
    [InlineData("4155552671", "4155552671")]
    [InlineData("0000000000", null)]
    [InlineData("12345", null)]
    public void Phone_in_a_column_of_that_name(string text, string? found) =>
        AssertFinds(PersonalDataKind.Phone, text, found, "phone_number");

    [Theory]
    [InlineData("4539945807302151", "4539945807302151")]
    [InlineData("4539 9458 0730 2151", "4539 9458 0730 2151")]
    [InlineData("5412-7368-1930-3645", "5412-7368-1930-3645")]
    [InlineData("2301262129972202", "2301262129972202")]
    [InlineData("3712 033224 53839", "3712 033224 53839")]
    [InlineData("6011236405622410", "6011236405622410")]
    [InlineData("36045499095142", "36045499095142")]
    [InlineData("3530547527720406", "3530547527720406")]
    [InlineData("6212560865690709", "6212560865690709")]
    [InlineData("card=4539945807302151;", "4539945807302151")]
    [InlineData("4539293137587", "4539293137587")]
    [InlineData("4539945807302152", null)]
    [InlineData("4111111111111111", null)]
    [InlineData("4242 4242 4242 4242", null)]
    [InlineData("1234567890123452", null)]
    [InlineData("45399458073021519", null)]
    [InlineData("x4539945807302151", null)]
    [InlineData("4539945807302151.5", null)]
    [InlineData("0.4539945807302151", null)]
    [InlineData("4539-9458 0730-2151", null)]
    [InlineData("453 994 580 730 2151", null)]
    [InlineData("4444444444444448x", null)]
    [InlineData("0000000000000000", null)]
    public void Card(string text, string? found) => AssertFinds(PersonalDataKind.PaymentCard, text, found);

    [Theory]
    [InlineData("DE89370400440532013000", "DE89370400440532013000")]
    [InlineData("DE44 5001 0517 5407 3249 31", "DE44 5001 0517 5407 3249 31")]
    [InlineData("GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 32")]
    [InlineData("FR1420041010050500013M02606", "FR1420041010050500013M02606")]
    [InlineData("es9121000418450200051332", "es9121000418450200051332")]
    [InlineData("iban:PL61109010140000071219812874,", "PL61109010140000071219812874")]
    [InlineData("NL91ABNA0417164300", "NL91ABNA0417164300")]
    [InlineData("NO9386011117947", "NO9386011117947")]
    [InlineData("BE68 5390 0754 7034", "BE68 5390 0754 7034")]
    [InlineData("(NL91ABNA0417164300)", "NL91ABNA0417164300")]
    [InlineData("DE89370400440532013001", null)]
    [InlineData("DE8937040044053201300", null)]
    [InlineData("DE893704004405320130001", null)]
    [InlineData("XX89370400440532013000", null)]
    [InlineData("xDE89370400440532013000", null)]
    [InlineData("NL91ABNA0417164300X", null)]
    [InlineData("NL91 ABN A041 7164 300", null)]
    [InlineData("DE00370400440532013000", null)]
    [InlineData("DE89", null)]
    [InlineData("ABCD12345678901234567890", null)]
    public void Iban(string text, string? found) => AssertFinds(PersonalDataKind.Iban, text, found);

    [Theory]
    [InlineData("536-90-4399", "536-90-4399")]
    [InlineData("536 90 4399", "536 90 4399")]
    [InlineData("ssn: 536-90-4399.", "536-90-4399")]
    [InlineData("001-01-0001", "001-01-0001")]
    [InlineData("000-12-3456", null)]
    [InlineData("666-12-3456", null)]
    [InlineData("912-12-3456", null)]
    [InlineData("536-00-4399", null)]
    [InlineData("536-90-0000", null)]
    [InlineData("078-05-1120", null)]
    [InlineData("123-45-6789", null)]
    [InlineData("536-90 4399", null)]
    [InlineData("536904399", null)]
    [InlineData("536-904-399", null)]
    [InlineData("1536-90-4399", null)]
    [InlineData("536-90-43991", null)]
    [InlineData("536-90-4399-1", null)]
    [InlineData("x-536-90-4399", null)]
    public void Us_ssn(string text, string? found) => AssertFinds(PersonalDataKind.UsSsn, text, found);

    [Theory]
    [InlineData("AB123456C", "AB123456C")]
    [InlineData("AB 12 34 56 C", "AB 12 34 56 C")]
    [InlineData("NI: JG103759A", "JG103759A")]
    [InlineData("(AB123456D)", "AB123456D")]
    [InlineData("QQ123456C", null)]
    [InlineData("DA123456C", null)]
    [InlineData("AO123456C", null)]
    [InlineData("BG123456C", null)]
    [InlineData("ZZ123456C", null)]
    [InlineData("AB123456E", null)]
    [InlineData("AB12345C", null)]
    [InlineData("AB1234567C", null)]
    [InlineData("XAB123456C", null)]
    [InlineData("AB123456CD", null)]
    [InlineData("ab123456c", null)]
    public void Uk_nino(string text, string? found) => AssertFinds(PersonalDataKind.UkNino, text, found);

    [Theory]
    [InlineData("255081416802538", "255081416802538")]
    [InlineData("2 55 08 14 168 025 38", "2 55 08 14 168 025 38")]
    [InlineData("185057800608491", "185057800608491")]
    [InlineData("184027512345674", "184027512345674")]
    [InlineData("185052A12345633", "185052A12345633")]
    [InlineData("1 85 05 2A 123 456 33", "1 85 05 2A 123 456 33")]
    [InlineData("255081416802539", null)]
    [InlineData("955081416802538", null)]
    [InlineData("25508141680253", null)]
    [InlineData("2550814168025380", null)]
    [InlineData("185052A12345634", null)]
    [InlineData("185132A12345633", null)]
    [InlineData("a255081416802538", null)]
    public void Fr_nir(string text, string? found) => AssertFinds(PersonalDataKind.FrNir, text, found);

    [Theory]
    [InlineData("53274583M", "53274583M")]
    [InlineData("53274583-M", "53274583-M")]
    [InlineData("53274583m", "53274583m")]
    [InlineData("12345679S", "12345679S")]
    [InlineData("X1234567L", "X1234567L")]
    [InlineData("Y-7654321-G", "Y-7654321-G")]
    [InlineData("Z0012345E", "Z0012345E")]
    [InlineData("DNI 53274583M.", "53274583M")]
    [InlineData("53274583N", null)]
    [InlineData("12345678Z", null)]
    [InlineData("00000000T", null)]
    [InlineData("5327458M", null)]
    [InlineData("532745831M", null)]
    [InlineData("W1234567L", null)]
    [InlineData("53274583MX", null)]
    [InlineData("X1234567M", null)]
    public void Es_dni(string text, string? found) => AssertFinds(PersonalDataKind.EsDni, text, found);

    [Theory]
    [InlineData("RSSMRA85T10A562S", "RSSMRA85T10A562S")]
    [InlineData("rssmra85t10a562s", "rssmra85t10a562s")]
    [InlineData("MRTMTT25D09F205Z", "MRTMTT25D09F205Z")]
    [InlineData("cf: MRTMTT25D09F205Z;", "MRTMTT25D09F205Z")]
    [InlineData("RSSMRA85T10A562T", null)]
    [InlineData("RSSMRA85F10A562S", null)]
    [InlineData("RSSMRA85T99A562S", null)]
    [InlineData("RSSMRA85T10A562", null)]
    [InlineData("RSSMRA85T10A562SX", null)]
    [InlineData("XRSSMRA85T10A562S", null)]
    [InlineData("RSS MRA 85T10 A562S", null)]
    [InlineData("ABCDEFGHIJKLMNOP", null)]
    public void It_codice_fiscale(string text, string? found) => AssertFinds(PersonalDataKind.ItCodiceFiscale, text, found);

    [Theory]
    [InlineData("86095742719", "86095742719")]
    [InlineData("86 095 742 719", "86 095 742 719")]
    [InlineData("47036892816", "47036892816")]
    [InlineData("65929970489", "65929970489")]
    [InlineData("IdNr. 86095742719!", "86095742719")]
    [InlineData("86095742718", null)]
    [InlineData("06095742719", null)]
    [InlineData("12345678903", null)]
    [InlineData("8609574271", null)]
    [InlineData("860957427190", null)]
    [InlineData("86-095 742-719", null)]
    [InlineData("86095742719.5", null)]
    [InlineData("1.86095742719", null)]
    public void De_steuer_id(string text, string? found) => AssertFinds(PersonalDataKind.DeSteuerId, text, found);

    [Theory]
    [InlineData("BSN 123456782", null, "123456782")]
    [InlineData("bsn: 111222333", null, "111222333")]
    [InlineData("123456782", "bsn", "123456782")]
    [InlineData("1234.56.782", "bsn", "1234.56.782")]
    [InlineData("123 456 782", "BSN", "123 456 782")]
    [InlineData("123456782", "burgerservicenummer", "123456782")]
    [InlineData("123456782", null, null)]
    [InlineData("123456782", "order_id", null)]
    [InlineData("BSN 123456783", null, null)]
    [InlineData("000000000", "bsn", null)]
    [InlineData("12345678", "bsn", null)]
    [InlineData("1234567820", "bsn", null)]
    [InlineData("BSN 1234567821", null, null)]
    public void Nl_bsn(string text, string? column, string? found) => AssertFinds(PersonalDataKind.NlBsn, text, found, column);

    [Theory]
    [InlineData("44051401359", "44051401359")]
    [InlineData("PESEL: 44051401359", "44051401359")]
    [InlineData("02070803628", "02070803628")]
    [InlineData("(44051401359)", "44051401359")]
    [InlineData("44051401358", null)]
    [InlineData("44133201359", null)]
    [InlineData("4405140135", null)]
    [InlineData("440514013590", null)]
    [InlineData("44 051 401 359", null)]
    [InlineData("44051401359.1", null)]
    [InlineData("A44051401359", null)]
    [InlineData("00000000000", null)]
    public void Pl_pesel(string text, string? found) => AssertFinds(PersonalDataKind.PlPesel, text, found);

    [Theory]
    [InlineData("529.982.247-25", "529.982.247-25")]
    [InlineData("52998224725", "52998224725")]
    [InlineData("cpf 123.456.789-09", "123.456.789-09")]
    [InlineData("987.654.321-00", "987.654.321-00")]
    [InlineData("529.982.247-26", null)]
    [InlineData("111.111.111-11", null)]
    [InlineData("529-982-247-25", null)]
    [InlineData("529 982 247 25", null)]
    [InlineData("529.982.247-2", null)]
    [InlineData("529.982.247-255", null)]
    [InlineData("1529.982.247-25", null)]
    [InlineData("x52998224725", null)]
    public void Br_cpf(string text, string? found) => AssertFinds(PersonalDataKind.BrCpf, text, found);

    [Theory]
    [InlineData("2341 2341 2346", null, "2341 2341 2346")]
    [InlineData("4991-1866-5192", null, "4991-1866-5192")]
    [InlineData("Aadhaar: 987654321096", null, "987654321096")]
    [InlineData("987654321096", "aadhaar_no", "987654321096")]
    [InlineData("987654321096", null, null)]
    [InlineData("2341 2341 2347", null, null)]
    [InlineData("1341 2341 2346", null, null)]
    [InlineData("234 123 412 346", null, null)]
    [InlineData("2341-2341 2346", null, null)]
    [InlineData("987654321097", "aadhaar_no", null)]
    [InlineData("2341 2341 234", null, null)]
    [InlineData("2341 2341 2346 1", null, null)]
    public void In_aadhaar(string text, string? column, string? found) => AssertFinds(PersonalDataKind.InAadhaar, text, found, column);

    [Theory]
    [InlineData("93.184.216.34", "93.184.216.34")]
    [InlineData("from 93.184.216.34:443", "93.184.216.34")]
    [InlineData("[93.184.216.34]", "93.184.216.34")]
    [InlineData("2a00:1450:4001:82b::200e", "2a00:1450:4001:82b::200e")]
    [InlineData("[2606:4700:4700::1111]:53", "2606:4700:4700::1111")]
    [InlineData("93.184.216.34,", "93.184.216.34")]
    [InlineData("1.2.3.4", null)]
    [InlineData("v93.184.216.34", null)]
    [InlineData("version 93.184.216.34", null)]
    [InlineData("127.0.0.1", null)]
    [InlineData("10.20.30.40", null)]
    [InlineData("172.20.1.77", null)]
    [InlineData("192.168.100.200", null)]
    [InlineData("192.0.2.77", null)]
    [InlineData("203.0.113.99", null)]
    [InlineData("255.255.255.0", null)]
    [InlineData("169.254.99.99", null)]
    [InlineData("0.0.0.0", null)]
    [InlineData("93.184.216.340", null)]
    [InlineData("93.184.216.34.5", null)]
    [InlineData("93.184.216.034", null)]
    [InlineData("::1", null)]
    [InlineData("fe80::1:2:3", null)]
    [InlineData("2001:db8::1:2:3", null)]
    [InlineData("12:30:45", null)]
    [InlineData("std::vector::face", null)]
    [InlineData("2023:10:11:12", null)]
    public void Ip(string text, string? found) => AssertFinds(PersonalDataKind.IpAddress, text, found);

    [Fact]
    public void A_column_says_what_small_numbers_with_points_are()
    {
        AssertFinds(PersonalDataKind.IpAddress, "8.8.4.4", "8.8.4.4", "client_ip");
        AssertFinds(PersonalDataKind.IpAddress, "93.184.216.34", null, "lib_version");
    }

    [Theory]
    [InlineData("password", "hunter2", true)]
    [InlineData("userPassword", "x1", true)]
    [InlineData("DB_PASSWD", "s3cret", true)]
    [InlineData("client_secret", "abc", true)]
    [InlineData("api_key", "q8J2mZ0pX4vB7nK1", true)]
    [InlineData("accessToken", "q8J2mZ0pX4vB7nK1", true)]
    [InlineData("token", "q8J2mZ0pX4vB7nK1rT6w", true)]
    [InlineData("password", "", false)]
    [InlineData("password", "********", false)]
    [InlineData("password", "null", false)]
    [InlineData("password", "<your password>", false)]
    [InlineData("password_hash", "q8J2mZ0pX4vB7nK1", false)]
    [InlineData("token", "the", false)]
    [InlineData("tokens", "q8J2mZ0pX4vB7nK1", false)]
    [InlineData("max_tokens", "4096", false)]
    [InlineData("token_id", "q8J2mZ0pX4vB7nK1", false)]
    [InlineData("keyboard", "q8J2mZ0pX4vB7nK1", false)]
    [InlineData("secretary", "Jane", false)]
    public void Credential(string column, string text, bool found) =>
        AssertFinds(PersonalDataKind.Credential, text, found ? text : null, column);

    [Fact]
    public void Several_in_one_text_are_found_in_order_and_none_twice()
    {
        var found = Find("jane@acme.io, +49 30 901820, 536-90-4399 and DE89370400440532013000", null);
        Assert.Equal(
            [PersonalDataKind.Email, PersonalDataKind.Phone, PersonalDataKind.UsSsn, PersonalDataKind.Iban],
            found.Select(m => m.Kind)
        );
    }

    [Fact]
    public void No_text_takes_long_or_ends_in_an_exception()
    {
        foreach (
            var piece in new[]
            {
                "@",
                "a@",
                "a.",
                "1",
                "1 ",
                "1-",
                "(1)",
                "+1",
                "1.",
                "2:",
                "AB",
                "A1",
                "DE89",
                "\uD83D",
                "٣",
                "1,",
                "a@b.",
            }
        )
        {
            var text = string.Concat(Enumerable.Repeat(piece, 20_000 / piece.Length));
            Find(text, null);
            Find(text, "phone");
            Find(text, "password");
        }
        var random = new Random(7);
        const string alphabet = "0123456789ABCDEFabc@.-+() :/,_\u00A0é";
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            var end = 0;
            foreach (var match in Find(text, "ssn phone ip"))
            {
                Assert.True(match.Start >= end && match.Length > 0 && match.End <= text.Length, text);
                end = match.End;
            }
        }
    }

    private static List<PersonalDataMatch> Find(string text, string? column)
    {
        var matches = new List<PersonalDataMatch>();
        PersonalDataDetector.Find(text, ColumnHint.Of(column), matches);
        return matches;
    }

    private static void AssertFinds(PersonalDataKind kind, string text, string? expected, string? column = null)
    {
        var found = Find(text, column).Where(m => m.Kind == kind).Select(m => text.Substring(m.Start, m.Length));
        Assert.Equal(expected is null ? [] : [expected], found);
    }
}
