using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArtifactTrust.EndToEnd.Sigstore;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Signing and verifying by a certificate authority of one's own, and times by a time-stamp authority.</summary>
public sealed class OwnAuthorityTests : IDisposable
{
    private const string Name = "release@example.com";
    private readonly string _folder = Directory.CreateTempSubdirectory("own-authority").FullName;
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly ECDsa _betweenKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _between;

    public OwnAuthorityTests()
    {
        _root = Issue("root", _rootKey, null, _rootKey, isAuthority: true);
        _between = Issue("between", _betweenKey, _root, _rootKey, isAuthority: true);
        using var leaf = Issue("leaf", _key, _between, _betweenKey, isAuthority: false);
        Write("root.pem", _root.ExportCertificatePem());
        Write("between.pem", _between.ExportCertificatePem());
        Write("chain.pem", string.Join('\n', leaf.ExportCertificatePem(), _between.ExportCertificatePem(), _root.ExportCertificatePem()));
        Write("leaf.pem", leaf.ExportCertificatePem());
        Write("leaf.key", _key.ExportPkcs8PrivateKeyPem());
        Write("file.bin", "content");
        Directory.CreateDirectory(Path.Join(_folder, "model"));
        Write("model/weights.bin", "weights");
    }

    [Fact]
    public void A_file_signed_with_a_certificate_is_verified_by_its_authority_and_name()
    {
        Sign(0, "file.bin");
        Verify(0, "verified", "file.bin", "--ca-intermediates", "between.pem");
        Verify(1, "certificate.path", "file.bin");
        var other = Tool.Run(_folder, Trust("verify", "file.bin", "somebody@example.com", "--ca-intermediates", "between.pem"));
        Assert.Equal(1, other.ExitCode);
        Assert.Contains("certificate.identity", other.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_expired_certificate_signs_nothing_and_is_told_before_anything_is_read()
    {
        var end = DateTimeOffset.UtcNow.AddHours(-1);
        using var expired = Issue("leaf", _key, _between, _betweenKey, isAuthority: false, start: end.AddHours(-1), end: end);
        Write("chain.pem", string.Join('\n', expired.ExportCertificatePem(), _between.ExportCertificatePem()));

        var ended = Tool.Run(_folder, SignArguments("model"));

        Assert.Equal(2, ended.ExitCode);
        Assert.Contains($"the certificate 'chain.pem' expired on {end:yyyy-MM-dd}", ended.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Join(_folder, "model.sig")));
    }

    [Fact]
    public void Any_holder_of_an_authority_is_accepted_by_watch_where_that_is_asked_for()
    {
        Run(0, "signed", [.. SignArguments("model"), "--ca-intermediates", "between.pem"]);
        string[] watch = ["watch", "model", "--once", "--ca-roots", "root.pem"];
        Assert.Equal(2, Tool.Run(_folder, watch).ExitCode);
        Run(0, "verified", [.. watch, "--any-certificate-identity"]);
    }

    [Fact]
    public void The_bundle_of_a_model_has_the_chain_without_the_root()
    {
        Sign(0, "model");
        Verify(0, "model.files", "model");
        var bundle = File.ReadAllText(Path.Join(_folder, "model.sig"));
        Assert.Contains("x509CertificateChain", bundle, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(_root.RawData), bundle, StringComparison.Ordinal);
        File.AppendAllText(Path.Join(_folder, "model/weights.bin"), "x");
        Verify(1, "model.files", "model");
    }

    [Fact]
    public void Any_holder_of_the_authority_is_accepted_for_models_where_that_is_asked_for()
    {
        Sign(0, "model");
        string[] any = ["verify", "model", "--ca-roots", "root.pem", "--any-certificate-identity"];
        var ended = Tool.Run(_folder, any);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains("any holder; release@example.com", ended.Output, StringComparison.Ordinal);
        Usage("by which authority", "verify", "model", "--any-certificate-identity");
        Usage("a signer was named", [.. any, "--certificate-identity", Name]);
        Usage("somebody's", [.. any, "--type", "slsaprovenance1"]);
        Usage("any holder of a certificate", "verify", "model", "--ca-roots", "root.pem", "--allow-ca-signer");
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var other = Issue("root", otherKey, null, otherKey, isAuthority: true);
        Write("other.pem", other.ExportCertificatePem());
        Rejected("certificate.path", "verify", "model", "--ca-roots", "other.pem", "--any-certificate-identity");
        File.AppendAllText(Path.Join(_folder, "model/weights.bin"), "x");
        Rejected("model.files", any);
    }

    [Fact]
    public void A_certificate_without_a_name_signs_models_and_nothing_else()
    {
        using var leaf = Issue("leaf", _key, _between, _betweenKey, isAuthority: false, hasName: false);
        Write("chain.pem", string.Join('\n', leaf.ExportCertificatePem(), _between.ExportCertificatePem()));
        Assert.Contains("  key     sha256:", Sign(0, "model"), StringComparison.Ordinal);
        var ended = Tool.Run(_folder, "verify", "model", "--ca-roots", "root.pem", "--any-certificate-identity");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Verify(1, "certificate.identity", "model");
        var refused = Tool.Run(_folder, [.. SignArguments("file.bin"), "--ca-intermediates", "between.pem"]);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("no subject alternative name", refused.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Join(_folder, "file.bin.sig")));
    }

    [SigstoreTheory]
    [InlineData("model")]
    [InlineData("file.bin")]
    public void The_time_of_a_signature_by_a_key_is_signed_and_asked_for(string subject)
    {
        Write("leaf.pub", _key.ExportSubjectPublicKeyInfoPem());
        WriteTimestampCertificates();
        string[] sign = ["sign", subject, "--key", "leaf.key", "--force"];
        string[] verify = ["verify", subject, "--key", "leaf.pub", "--tsa-certs", "tsa.pem"];
        Run(0, "signed", sign);
        Rejected("time.threshold", verify);
        Run(0, "verified", [.. verify, "--time-threshold", "0"]);
        Run(0, "signed", [.. sign, "--tsa", Timestamps, "--tsa-certs", "tsa.pem"]);
        Run(0, "time.token", verify);
        Run(0, "verified", "verify", subject, "--key", "leaf.pub");
        Rejected("time.threshold", [.. verify, "--time-threshold", "2"]);
        // Changed tokens are refused, also where no time is needed.
        var bundle = File.ReadAllText(Path.Join(_folder, $"{subject}.sig"));
        var at = bundle.IndexOf("\"signedTimestamp\":", StringComparison.Ordinal) + 600;
        Write($"{subject}.sig", bundle[..at] + (bundle[at] == 'A' ? 'B' : 'A') + bundle[(at + 1)..]);
        Rejected("time.token", [.. verify, "--time-threshold", "0"]);
    }

    [SigstoreFact]
    public void A_model_signed_with_a_certificate_and_a_time_has_both_in_its_bundle()
    {
        WriteTimestampCertificates();
        Run(0, "signed", [.. SignArguments("model"), "--ca-intermediates", "between.pem", "--tsa", Timestamps, "--tsa-certs", "tsa.pem"]);
        Run(0, "time.token", Trust("verify", "model", Name, "--tsa-certs", "tsa.pem"));
        Run(0, "any holder", "verify", "model", "--ca-roots", "root.pem", "--any-certificate-identity", "--tsa-certs", "tsa.pem");
        Run(0, "signed", [.. SignArguments("model"), "--ca-intermediates", "between.pem", "--force"]);
        Rejected("time.threshold", Trust("verify", "model", Name, "--tsa-certs", "tsa.pem"));
    }

    [SigstoreFact]
    public async Task A_model_with_a_time_stamp_verifies_after_its_certificate_expired_and_without_one_it_does_not()
    {
        WriteTimestampCertificates();
        Run(0, "signed", [.. SignArguments("model"), "--ca-intermediates", "between.pem", "--tsa", Timestamps, "--tsa-certs", "tsa.pem"]);
        // The same key's certificate, with an end that this test need not wait long for; certificates count whole seconds.
        var end = DateTimeOffset.UtcNow.AddSeconds(2);
        using var brief = Issue("leaf", _key, _between, _betweenKey, isAuthority: false, end: end);
        ReplaceLeaf(brief);
        while (DateTimeOffset.UtcNow <= end.AddSeconds(1))
        {
            await Task.Delay(100);
        }
        string[] stamped = Trust("verify", "model", Name, "--tsa-certs", "tsa.pem");
        Run(0, "time.token", stamped);
        Run(0, "any holder", "verify", "model", "--ca-roots", "root.pem", "--any-certificate-identity", "--tsa-certs", "tsa.pem");
        // Without the authority's certificates its word counts nothing, and so it does where they are another's.
        Rejected("certificate.path", Trust("verify", "model", Name));
        Write("root-as-tsa.pem", Stranger());
        Rejected("time.t", Trust("verify", "model", Name, "--tsa-certs", "root-as-tsa.pem"));
        WithoutTimestamps();
        Rejected("time.threshold", stamped);
        Rejected("certificate.path", Trust("verify", "model", Name));
        Rejected("rejected: model", [.. stamped, "--time-threshold", "0"]);
    }

    [SigstoreTheory]
    [InlineData(-2, -1)]
    [InlineData(1, 2)]
    public void A_time_stamp_outside_of_the_certificates_validity_does_not_help(int start, int end)
    {
        WriteTimestampCertificates();
        Run(0, "signed", [.. SignArguments("model"), "--ca-intermediates", "between.pem", "--tsa", Timestamps, "--tsa-certs", "tsa.pem"]);
        var now = DateTimeOffset.UtcNow;
        using var other = Issue(
            "leaf",
            _key,
            _between,
            _betweenKey,
            isAuthority: false,
            start: now.AddHours(start),
            end: now.AddHours(end)
        );
        ReplaceLeaf(other);
        Rejected("certificate.path", Trust("verify", "model", Name, "--tsa-certs", "tsa.pem"));
        Rejected("certificate.path", "verify", "model", "--ca-roots", "root.pem", "--any-certificate-identity", "--tsa-certs", "tsa.pem");
    }

    [SigstoreFact]
    public void A_time_stamp_authority_that_does_not_answer_lets_nothing_be_signed()
    {
        WriteTimestampCertificates();
        var ended = Tool.Run(_folder, "sign", "model", "--key", "leaf.key", "--tsa", "http://127.0.0.1:1/", "--tsa-certs", "tsa.pem");
        Assert.True(ended.ExitCode == 3, ended.ToString());
        Assert.False(File.Exists(Path.Join(_folder, "model.sig")));
        Usage("and not where it is", "sign", "model", "--key", "leaf.key", "--tsa-certs", "tsa.pem");
        Usage("and no key", "sign", "model", "--tsa", Timestamps, "--tsa-certs", "tsa.pem");
        Usage("its own", "sign", "model", "--key", "leaf.key", "--tsa", Timestamps, "--tsa-certs", "tsa.pem", "--profile", "public-good");
        Usage("trusts no signer", "verify", "model", "--tsa-certs", "tsa.pem");
        Usage("by which authority", "verify", "model", "--tsa-certs", "tsa.pem", "--certificate-identity", Name);
        Usage("by which authority", "verify", "model", "--tsa-certs", "tsa.pem", "--any-certificate-identity");
        Usage("both named", "verify", "model", "--tsa-certs", "tsa.pem", "--profile", "public-good");
        Usage("cannot be used", "verify", "model", "--key", "leaf.key", "--tsa-certs", "root.pem");
    }

    [Fact]
    public void An_intermediate_in_the_users_store_changes_nothing()
    {
        Sign(0, "file.bin");
        // Where .NET keeps the store of a user on Linux; this user is nobody's.
        var home = Path.Join(_folder, "home");
        var store = Directory.CreateDirectory(Path.Join(home, ".dotnet/corefx/cryptography/x509stores/ca")).FullName;
        File.WriteAllBytes(Path.Join(store, $"{_between.Thumbprint}.pfx"), _between.Export(X509ContentType.Pkcs12));
        var ended = Tool.Run(_folder, new Dictionary<string, string?> { ["HOME"] = home }, Trust("verify", "file.bin", Name));
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("no certificate of 'CN=between'", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_authority_or_a_key_nothing_is_signed()
    {
        Usage("and not who issued it", "sign", "file.bin", "--key", "leaf.key", "--certificate", "chain.pem");
        Usage("and not its key", "sign", "file.bin", "--certificate", "chain.pem", "--ca-roots", "root.pem");
        Usage("no certificate by it", "sign", "file.bin", "--key", "leaf.key", "--ca-roots", "root.pem");
        Usage("and not its certificates", [.. SignArguments("file.bin"), "--tsa", "http://127.0.0.1:1/"]);
        Usage("is to be an http or https URL", [.. SignArguments("file.bin"), "--tsa", "file:///x"]);
        Usage("cannot be used", "sign", "file.bin", "--key", "leaf.key", "--certificate", "root.pem", "--ca-roots", "root.pem");
        Assert.False(File.Exists(Path.Join(_folder, "file.bin.sig")));
    }

    [Fact]
    public void What_the_authority_would_not_verify_is_not_written()
    {
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var other = Issue("root", otherKey, null, otherKey, isAuthority: true);
        Write("other.pem", other.ExportCertificatePem());
        var ended = Tool.Run(_folder, "sign", "file.bin", "--key", "leaf.key", "--certificate", "chain.pem", "--ca-roots", "other.pem");
        Assert.NotEqual(0, ended.ExitCode);
        Assert.False(File.Exists(Path.Join(_folder, "file.bin.sig")));
    }

    [Fact]
    public void Options_that_trust_nobody_are_told()
    {
        Usage("no signer", "verify", "file.bin", "--ca-roots", "root.pem");
        Usage("none that is trusted", "verify", "file.bin", "--ca-intermediates", "between.pem", "--certificate-identity", Name);
        Usage("nobody says which are trusted", "verify", "file.bin", "--log-threshold", "2");
        Usage("cannot be asked for", Trust("verify", "file.bin", Name, "--witness-threshold", "1"));
        Usage("no witness' key", Trust("verify", "file.bin", Name, "--witness", "nonsense"));
        Usage("both named", Trust("verify", "file.bin", Name, "--profile", "public-good"));
        Usage("cannot be read", "verify", "file.bin", "--ca-roots", "absent.pem", "--certificate-identity", Name);
    }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        foreach (var one in (IDisposable[])[_rootKey, _betweenKey, _key, _root, _between])
        {
            one.Dispose();
        }
    }

    private static string Timestamps => $"{SigstoreStack.Url("tsa")}/api/v1/timestamp";

    private void WriteTimestampCertificates()
    {
        using var root = JsonDocument.Parse(File.ReadAllBytes(SigstoreStack.File("trusted_root.json")));
        var chain = root.RootElement.GetProperty("timestampAuthorities")[0].GetProperty("certChain").GetProperty("certificates");
        Write(
            "tsa.pem",
            string.Join(
                '\n',
                chain.EnumerateArray().Select(c => PemEncoding.WriteString("CERTIFICATE", c.GetProperty("rawBytes").GetBytesFromBase64()))
            )
        );
    }

    // The signature is by the key, and whose certificate is beside it says nobody: the bundle takes any of that key.
    private void ReplaceLeaf(X509Certificate2 leaf) =>
        EditBundle(b =>
            b["verificationMaterial"]!["x509CertificateChain"]!["certificates"]![0]!["rawBytes"] = Convert.ToBase64String(leaf.RawData)
        );

    private void WithoutTimestamps() =>
        EditBundle(b => b["verificationMaterial"]!["timestampVerificationData"]!["rfc3161Timestamps"] = new JsonArray());

    private void EditBundle(Action<JsonNode> edit)
    {
        var bundle = JsonNode.Parse(File.ReadAllText(Path.Join(_folder, "model.sig")))!;
        edit(bundle);
        Write("model.sig", bundle.ToJsonString());
    }

    // A time-stamp authority that signed nothing here.
    private string Stranger()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=stranger", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.8")], true));
        var now = DateTimeOffset.UtcNow;
        using var leaf = request.Create(
            _root.SubjectName,
            X509SignatureGenerator.CreateForECDsa(_rootKey),
            now.AddHours(-1),
            now.AddHours(1),
            [7]
        );
        return $"{leaf.ExportCertificatePem()}\n{_root.ExportCertificatePem()}\n";
    }

    private void Run(int code, string expected, params string[] arguments)
    {
        var ended = Tool.Run(_folder, arguments);
        Assert.True(ended.ExitCode == code, $"{string.Join(' ', arguments)}: {ended}");
        Assert.Contains(expected, ended.Output, StringComparison.Ordinal);
    }

    private void Rejected(string check, params string[] arguments) => Run(1, check, arguments);

    private static X509Certificate2 Issue(
        string name,
        ECDsa key,
        X509Certificate2? issuer,
        ECDsa issuerKey,
        bool isAuthority,
        bool hasName = true,
        DateTimeOffset? start = null,
        DateTimeOffset? end = null
    )
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(isAuthority ? X509KeyUsageFlags.KeyCertSign : X509KeyUsageFlags.DigitalSignature, true)
        );
        if (!isAuthority)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3")], false));
        }
        if (!isAuthority && hasName)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddEmailAddress(Name);
            request.CertificateExtensions.Add(names.Build());
        }
        var now = DateTimeOffset.UtcNow;
        return request.Create(
            issuer?.SubjectName ?? request.SubjectName,
            X509SignatureGenerator.CreateForECDsa(issuerKey),
            start ?? now.AddHours(isAuthority ? -3 : -1),
            end ?? now.AddHours(isAuthority ? 3 : 1),
            RandomNumberGenerator.GetBytes(12).Select((b, i) => i == 0 ? (byte)(b & 0x7f | 1) : b).ToArray()
        );
    }

    private static string[] SignArguments(string subject) =>
        ["sign", subject, "--key", "leaf.key", "--certificate", "chain.pem", "--ca-roots", "root.pem"];

    private static string[] Trust(string verb, string subject, string name, params string[] further) =>
        [verb, subject, "--ca-roots", "root.pem", "--certificate-identity", name, .. further];

    private string Sign(int code, string subject)
    {
        var ended = Tool.Run(_folder, [.. SignArguments(subject), "--ca-intermediates", "between.pem"]);
        Assert.True(ended.ExitCode == code, ended.Output + ended.Errors);
        return ended.Output;
    }

    private void Verify(int code, string expected, string subject, params string[] further)
    {
        var ended = Tool.Run(_folder, Trust("verify", subject, Name, further));
        Assert.True(ended.ExitCode == code, ended.Output + ended.Errors);
        Assert.Contains(expected, ended.Output, StringComparison.Ordinal);
    }

    private void Usage(string expected, params string[] arguments)
    {
        var ended = Tool.Run(_folder, arguments);
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains(expected, ended.Errors, StringComparison.Ordinal);
    }

    private void Write(string name, string content) => File.WriteAllText(Path.Join(_folder, name), content);
}
