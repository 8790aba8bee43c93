using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;
using ArtifactTrust.Signing;
using ArtifactTrust.Trust;
using ArtifactTrust.Trust.Instances;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Conformance;

/// <summary>The protocol of the conformance suite of OpenSSF Model Signing: <c>sign-model</c> and <c>verify-model</c>.</summary>
/// <remarks>
/// The suite holds bundles of v0.2.0 and certificates of authorities that signed, which the published clients accept; so both are allowed
/// here, as <c>--allow-legacy-oms</c> and <c>--allow-ca-signer</c> do for users.
/// </remarks>
internal static class ModelSigning
{
    private const int Rejected = 1;
    private const int Usage = 2;

    private static readonly string[] Flags = ["--ignore-unsigned-files", "--use-staging"];

    internal static bool Knows(string verb) => verb is "sign-model" or "verify-model";

    /// <summary>Runs one command.</summary>
    /// <returns>0 where it signed or verified, 1 where the input was refused, 2 where the call was wrong.</returns>
    internal static async Task<int> RunAsync(string verb, IReadOnlyList<string> arguments, TextWriter errors, TimeProvider time)
    {
        try
        {
            var options = new Options(arguments);
            if (verb == "sign-model")
            {
                var bundle = await SignAsync(options, time);
                await File.WriteAllBytesAsync(options.One("--output-bundle"), bundle.Utf8);
                return 0;
            }
            var report = Verify(options, time);
            foreach (var check in report.Checks.Where(c => c.Outcome == CheckOutcome.Failed))
            {
                await errors.WriteLineAsync(
                    $"{check.Name} {check.Code}: {check.Message} (expected {check.Expected}, actual {check.Actual})"
                );
            }
            return report.IsVerified ? 0 : Rejected;
        }
        catch (Exception e) when (e is MalformedDataException or SigningServiceException or UnverifiableBundleException)
        {
            await errors.WriteLineAsync(e.Message);
            return Rejected;
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            await errors.WriteLineAsync(e.Message);
            return Usage;
        }
    }

    private static async Task<Bundle> SignAsync(Options options, TimeProvider time)
    {
        var path = options.One("--model-path");
        var (name, manifest, serialization) = Read(path, options);
        switch (options.One("--method"))
        {
            case "key":
            {
                using var key = Key(options);
                return await new BundleSigner(Credential.FromKey(key)).SignModelAsync(name, manifest, serialization);
            }
            case "certificate":
            {
                using var key = Key(options);
                var chain = Concatenated(options.All("--cert-chain"));
                using var credential = Credential.FromModelChain(key, File.ReadAllBytes(options.One("--signing-cert")), chain, time);
                return await new BundleSigner(credential).SignModelAsync(name, manifest, serialization);
            }
            case "sigstore":
            {
                var (root, config) = Instance(options);
                var token = options.One("--identity-token");
                using var http = new HttpClient(SigstoreServices.CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };
                var services = new SigstoreServices(http, config, time);
                using var credential = await services.IssueAsync(token, ProofSubject(token));
                return await new BundleSigner(credential, services, root).SignModelAsync(name, manifest, serialization);
            }
            default:
                throw new ArgumentException("--method is key, certificate or sigstore");
        }
    }

    private static (string, FileManifest, ModelSerialization) Read(string path, Options options)
    {
        if (File.Exists(path))
        {
            using var file = ArtifactFile.Open(path);
            var entry = new ManifestEntry(ModelSignature.SingleFileName, file.Digest(DigestAlgorithm.Sha256), file.Size);
            return (file.Name, new FileManifest([entry]), new ModelSerialization());
        }
        using var tree = FileTree.Open(path);
        var rules = Rules(options, tree, options.One("--output-bundle"));
        return (tree.Name, new HashedTree(tree).Manifest(rules), new ModelSerialization { IgnorePaths = rules.Paths });
    }

    private static VerificationReport Verify(Options options, TimeProvider time)
    {
        var bundle = Bundle.Parse(File.ReadAllBytes(options.One("--bundle")).AsMemory().TrimEnd("\r\n"u8));
        var verifier = new ModelVerifier(Trusted(options, time));
        var path = options.One("--model-path");
        var asked = new ModelVerificationOptions { AllowLegacy = true, IgnoreUnsignedFiles = options.Has("--ignore-unsigned-files") };
        if (File.Exists(path))
        {
            using var file = ArtifactFile.Open(path);
            return verifier.Verify(bundle, file, asked).Report;
        }
        using var tree = FileTree.Open(path);
        asked = asked with { Ignore = Rules(options, tree, options.One("--bundle")) };
        return verifier.Verify(bundle, new HashedTree(tree), asked).Report;
    }

    private static BundleVerifier Trusted(Options options, TimeProvider time) =>
        options.One("--method") switch
        {
            "key" => new BundleVerifier([VerificationKey.FromPem(File.ReadAllText(options.One("--public-key")))]),
            "certificate" => new BundleVerifier([], SigstoreTrust.ForModels(Authority(options.All("--cert-chain")), time, true)),
            "sigstore" => new BundleVerifier(
                [],
                new SigstoreTrust(
                    options.Has("--use-staging") || options.All("--trust-config").Count > 0
                        ? Instance(options).Root
                        : TrustedRoot.PublicGood,
                    IdentityRule.Exact(options.One("--identity"), options.One("--identity-provider"))
                )
            ),
            _ => throw new ArgumentException("--method is key, certificate or sigstore"),
        };

    /// <summary>Certificates that issued themselves are roots, the others only help to get there.</summary>
    private static TrustedRoot Authority(IReadOnlyList<string> files)
    {
        var all = new X509Certificate2Collection();
        foreach (var file in files)
        {
            all.ImportFromPem(File.ReadAllText(file));
        }
        var roots = all.Where(c => c.SubjectName.RawData.AsSpan().SequenceEqual(c.IssuerName.RawData)).ToList();
        var others = all.Except(roots);
        return TrustedRoot.ForAuthority(Pem(roots), Pem(others));

        static byte[] Pem(IEnumerable<X509Certificate2> certificates) =>
            Encoding.ASCII.GetBytes(string.Join('\n', certificates.Select(c => c.ExportCertificatePem())));
    }

    private static (TrustedRoot Root, SigningConfig Config) Instance(Options options)
    {
        if (options.Has("--use-staging"))
        {
            return options.All("--trust-config").Count == 0
                ? (SigstoreProfile.StagingRoot, SigstoreProfile.StagingServices)
                : throw new ArgumentException("--use-staging and --trust-config name two instances");
        }
        var json = StrictJson.Parse(File.ReadAllBytes(options.One("--trust-config")), "client trust config");
        return (TrustedRoot.Parse(Part("trustedRoot")), SigningConfig.Parse(Part("signingConfig")));

        byte[] Part(string name) => Encoding.UTF8.GetBytes(StrictJson.RequiredObject(json, name, "client trust config", "$").GetRawText());
    }

    private static string ProofSubject(string token)
    {
        var parts = token.Split('.');
        var payload = JsonSerializer.Deserialize<JsonElement>(Base64Url.DecodeFromChars(parts.Length == 3 ? parts[1] : ""));
        return payload.TryGetProperty("email", out var email) ? email.GetString()! : payload.GetProperty("sub").GetString()!;
    }

    private static SigningKey Key(Options options) => KeyFile.ParseSigningKey(File.ReadAllBytes(options.One("--private-key")), () => null);

    private static byte[] Concatenated(IEnumerable<string> files) =>
        [.. files.SelectMany(f => (IEnumerable<byte>)[.. File.ReadAllBytes(f), (byte)'\n'])];

    private static IgnoreRules Rules(Options options, FileTree tree, string bundle) =>
        new IgnoreRules(IgnoreRules.GitPaths).With(
            options.All("--ignore-paths").Select(p => Inside(tree, p) ?? p).Concat(Inside(tree, bundle) is { } inside ? [inside] : [])
        );

    private static string? Inside(FileTree tree, string path)
    {
        var full = Path.GetFullPath(path);
        return full.StartsWith(tree.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? full[(tree.Path.Length + 1)..] : null;
    }

    /// <summary>The options of one call; each but the flags has a value, and may be there several times.</summary>
    private sealed class Options
    {
        private readonly List<(string Name, string Value)> _values = [];

        internal Options(IReadOnlyList<string> arguments)
        {
            for (var i = 0; i < arguments.Count; i++)
            {
                var isFlag = Flags.Contains(arguments[i]);
                if (!arguments[i].StartsWith("--", StringComparison.Ordinal) || (!isFlag && i + 1 == arguments.Count))
                {
                    throw new ArgumentException($"'{arguments[i]}' is no option with a value");
                }
                _values.Add((arguments[i], isFlag ? "" : arguments[++i]));
            }
        }

        internal bool Has(string name) => _values.Exists(v => v.Name == name);

        internal IReadOnlyList<string> All(string name) => [.. _values.Where(v => v.Name == name).Select(v => v.Value)];

        internal string One(string name) => All(name) is [var value] ? value : throw new ArgumentException($"{name} is needed, once");
    }
}
