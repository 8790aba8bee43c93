using System.Text.Json;
using ArtifactTrust.Bundles;
using ArtifactTrust.Conformance;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Verification.Models;

/// <summary>
/// The public conformance suite of OpenSSF Model Signing, through the adapter that speaks its protocol; the cases that sign by identity are in
/// the end-to-end tests, as they need an instance of Sigstore.
/// </summary>
public sealed class ConformanceSuiteTests : IDisposable
{
    private const string Suite = "oms/model-signing-conformance/test";
    private readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> Cases => [.. Find(name => !IsPublicSigning(name) && HasModel(name))];

    public static TheoryData<string> CasesWithoutModel => [.. Find(name => !IsPublicSigning(name) && !HasModel(name))];

    private static IEnumerable<string> Find(Func<string, bool> where) =>
        Vectors.Root is null
            ? ["absent"]
            :
            [
                .. Directory
                    .EnumerateFiles(Vectors.Require($"{Suite}/test-cases"), "config.json", SearchOption.AllDirectories)
                    .Select(f => Path.GetRelativePath(Vectors.Require($"{Suite}/test-cases"), Path.GetDirectoryName(f)!))
                    .Where(where)
                    .Order(StringComparer.Ordinal)
                    .DefaultIfEmpty("none"),
            ];

    private static JsonElement Config(string name)
    {
        using var config = JsonDocument.Parse(File.ReadAllBytes(Vectors.Require($"{Suite}/test-cases/{name}/config.json")));
        return config.RootElement.Clone();
    }

    private static bool IsPublicSigning(string name) =>
        Config(name) is var json && json.TryGetProperty("sign", out _) && json.GetProperty("method").GetString() == "sigstore";

    private static string Source(string name, JsonElement json) =>
        json.TryGetProperty("model_relative_to", out _)
            ? Path.Combine(Vectors.Root!, $"{Suite}/test-cases/{name}", json.GetProperty("model").GetString()!)
            : Path.Combine(Vectors.Root!, $"{Suite}/assets/{json.GetProperty("model").GetString()}");

    private static bool HasModel(string name) => Path.Exists(Source(name, Config(name)));

    public void Dispose() => _directory.Dispose();

    [VectorTheory]
    [MemberData(nameof(Cases))]
    public async Task A_case_of_the_suite_gets_the_verdict_it_asks_for(string name)
    {
        var folder = Vectors.Require($"{Suite}/test-cases/{name}");
        var json = Config(name);
        var method = json.GetProperty("method").GetString()!;
        var mustFail = json.TryGetProperty("expect", out var expect) && expect.GetString() == "fail";
        var isRoundTrip = json.TryGetProperty("sign", out var sign);
        var model = Copy(Source(name, json));
        Modify(json, model);
        var isInside = json.TryGetProperty("sig_inside_model", out var inside) && inside.GetBoolean();
        var bundle = Path.Combine(folder, "bundle.sig");
        var verify = json.GetProperty("verify");
        var errors = new StringWriter();
        if (isRoundTrip)
        {
            bundle = Path.Combine(isInside ? model : _directory.Path, "made.sig");
            var signed = await Run(
                "sign-model",
                [
                    "--output-bundle",
                    bundle,
                    .. Options(sign, "private_key", "--private-key"),
                    .. Options(sign, "signing_cert", "--signing-cert"),
                    .. Options(sign, "cert_chain", "--cert-chain"),
                    .. Ignored(verify, model),
                ]
            );
            if (mustFail)
            {
                Assert.NotEqual(0, signed);
                return;
            }
            Assert.True(signed == 0, errors.ToString());
            if (json.TryGetProperty("expected_signed_files", out var files))
            {
                Assert.Equal(files.EnumerateArray().Select(f => f.GetString()!), Names(bundle));
            }
        }
        var code = await Run(
            "verify-model",
            [
                "--bundle",
                bundle,
                .. Options(verify, "public_key", "--public-key"),
                .. Options(verify, "cert_chain", "--cert-chain"),
                .. Literal(verify, "identity", "--identity"),
                .. Literal(verify, "identity_provider", "--identity-provider"),
                .. Ignored(verify, model),
                .. verify.TryGetProperty("ignore_unsigned_files", out var ignore) && ignore.GetBoolean()
                    ? ["--ignore-unsigned-files"]
                    : Array.Empty<string>(),
            ]
        );
        Assert.True((code == 0) != mustFail, $"exit code {code}: {errors}");

        Task<int> Run(string verb, string[] options) =>
            ModelSigning.RunAsync(verb, ["--method", method, "--model-path", model, .. options], errors, TimeProvider.System);
    }

    [Theory(Skip = "the suite lacks the model of the case")]
    [MemberData(nameof(CasesWithoutModel))]
    public void A_case_without_its_model_is_not_run(string name) => Assert.NotEmpty(name);

    [VectorTheory]
    [InlineData("valid", true)]
    [InlineData("invalid-payload", true)]
    [InlineData("invalid", false)]
    public void A_test_vector_of_the_specification_is_read_or_not_as_it_says(string kind, bool isBundle)
    {
        foreach (var path in Directory.EnumerateFiles(Vectors.Require($"oms/model-signing-spec/test-vectors/v1.0/{kind}")))
        {
            var utf8 = File.ReadAllBytes(path);
            // A bundle without log entries is well formed; that the logs are missing is found when it is verified.
            if (isBundle || path.Contains("missing-tlog-entries", StringComparison.Ordinal))
            {
                var names = Names(path);
                Assert.True(kind == "invalid-payload" || names.SequenceEqual(["signme-1", "signme-2"]), path);
            }
            else
            {
                Assert.Throws<MalformedDataException>(() => Bundle.Parse(utf8));
            }
        }
    }

    private static List<string> Names(string bundle)
    {
        var payload = Bundle.Parse(File.ReadAllBytes(bundle).AsMemory().TrimEnd("\r\n"u8)).Envelope!.Payload;
        using var statement = JsonDocument.Parse(payload);
        return
        [
            .. statement
                .RootElement.GetProperty("predicate")
                .GetProperty("resources")
                .EnumerateArray()
                .Select(r => r.GetProperty("name").GetString()!)
                .Order(StringComparer.Ordinal),
        ];
    }

    private static IEnumerable<string> Options(JsonElement json, string member, string option) =>
        Values(json, member).SelectMany(v => (string[])[option, Vectors.Root + $"/{Suite}/assets/{v}"]);

    private static IEnumerable<string> Literal(JsonElement json, string member, string option) =>
        Values(json, member).SelectMany(v => (string[])[option, v]);

    private static IEnumerable<string> Ignored(JsonElement json, string model) =>
        Values(json, "ignore_paths").SelectMany(v => (string[])["--ignore-paths", Path.Combine(model, v)]);

    private static IEnumerable<string> Values(JsonElement json, string member) =>
        !json.TryGetProperty(member, out var value) ? []
        : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(v => v.GetString()!)
        : [value.GetString()!];

    private static void Modify(JsonElement json, string model)
    {
        if (!json.TryGetProperty("model_modifications", out var changes))
        {
            return;
        }
        foreach (var kind in changes.EnumerateObject())
        {
            if (kind.Name == "delete")
            {
                kind.Value.EnumerateArray().ToList().ForEach(f => File.Delete(Path.Combine(model, f.GetString()!)));
                continue;
            }
            foreach (var file in kind.Value.EnumerateObject())
            {
                var path = Path.Combine(model, file.Name);
                if (kind.Name == "symlinks")
                {
                    File.CreateSymbolicLink(path, file.Value.GetString()!);
                }
                else
                {
                    File.WriteAllText(path, file.Value.GetString());
                }
            }
        }
    }

    private string Copy(string source)
    {
        var to = Path.Combine(_directory.Path, "model");
        if (File.Exists(source))
        {
            Directory.CreateDirectory(to);
            var file = Path.Combine(to, Path.GetFileName(source));
            File.WriteAllBytes(file, File.ReadAllBytes(source));
            return file;
        }
        Directory.CreateDirectory(to);
        foreach (
            var path in Directory.EnumerateFiles(source, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
        )
        {
            var copy = Path.Combine(to, Path.GetRelativePath(source, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.WriteAllBytes(copy, File.ReadAllBytes(path));
        }
        return to;
    }
}
