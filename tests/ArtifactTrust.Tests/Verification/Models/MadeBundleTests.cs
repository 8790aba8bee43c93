using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification.Models;

/// <summary>All bundles that were made with the clients in Python and Go, each by what its name says of it; a new one is tested as it comes.</summary>
public sealed class MadeBundleTests
{
    private static readonly IgnoreRules Git = new(IgnoreRules.GitPaths);

    public static TheoryData<string> Bundles =>
        Vectors.Root is null
            ? ["absent"]
            :
            [
                .. Directory
                    .EnumerateFiles(Vectors.Require("oms/made"), "*.sig")
                    .Select(f => Path.GetFileName(f))
                    .Order(StringComparer.Ordinal)
                    .DefaultIfEmpty("none"),
            ];

    [VectorTheory]
    [MemberData(nameof(Bundles))]
    public void Each_bundle_gets_the_verdict_that_it_was_made_for(string name)
    {
        var bundle = Bundle.Parse(File.ReadAllBytes(Made(name)));
        var isCertificate = name.Contains("cert", StringComparison.Ordinal);
        using var key = VerificationKey.FromPem(
            File.ReadAllText(Made($"{Array.Find(["p384", "p521"], k => name.Contains(k, StringComparison.Ordinal)) ?? "p256"}.pub.pem"))
        );
        var trusted = isCertificate
            ? new BundleVerifier(
                [],
                SigstoreTrust.ForModels(Authority(name.Contains("expired", StringComparison.Ordinal)), TimeProvider.System)
            )
            : new BundleVerifier([key]);
        var report = Verify(name, bundle, new ModelVerifier(trusted));

        var failure = name switch
        {
            "neg.traversal.sig" => FailureCode.MalformedPredicate,
            "model2.py.expired-cert.sig" => FailureCode.CertificateInvalid,
            _ => (FailureCode?)null,
        };
        Assert.True(report.Failure?.Code == failure, $"{report.Failure}");
    }

    private static VerificationReport Verify(string name, Bundle bundle, ModelVerifier verifier)
    {
        if (name.Contains("single", StringComparison.Ordinal))
        {
            using var file = ArtifactFile.Open(Made("single.bin"));
            return verifier.Verify(bundle, file).Report;
        }
        var model = Array.Find(["model1", "model2"], m => name.Contains(m, StringComparison.Ordinal)) ?? "neg.traversal-model/m";
        // Its empty file has no shard, and is under no signature of shards.
        var options = new ModelVerificationOptions
        {
            Ignore = Git,
            AllowUnsignedEmptyFiles = model == "model1" && name.Contains("shards", StringComparison.Ordinal),
        };
        using var tree = FileTree.Open(Made(model));
        return verifier.Verify(bundle, new HashedTree(tree), options).Report;
    }

    private static TrustedRoot Authority(bool isOld) =>
        isOld ? TrustedRoot.ForAuthority(Pem("oldroot")) : TrustedRoot.ForAuthority(Pem("root"), Pem("int"));

    private static byte[] Pem(string name) => File.ReadAllBytes(Made($"ca/{name}.pem"));

    private static string Made(string name) => Vectors.Require($"oms/made/{name}");
}
