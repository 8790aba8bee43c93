// library sign MODEL KEY       signs a directory, as 'artifact-trust sign' does
// library load MODEL POLICY    says whether a policy lets it be loaded, as 'artifact-trust gate --dry-run' does
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;
using ArtifactTrust.Policies;
using ArtifactTrust.Signing;
using ArtifactTrust.Verification;

try
{
    return args switch
    {
        ["sign", var model, var key] => await SignAsync(model, key),
        ["load", var model, var policy] => Load(model, policy),
        _ => throw new ArgumentException("usage: library sign MODEL KEY, or library load MODEL POLICY"),
    };
}
catch (MalformedDataException e)
{
    // What was read is not what it has to be. That is an answer, and it is no.
    Console.Error.WriteLine($"refused: {e.Message}");
    return 1;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or KeyPasswordException or ArgumentException)
{
    // It could not be told, and that is no yes either.
    Console.Error.WriteLine($"error: {e.Message}");
    return 3;
}

static async Task<int> SignAsync(string model, string keyFile)
{
    using var key = KeyFile.ReadSigningKey(keyFile);
    using var tree = FileTree.Open(model);
    var ignored = new IgnoreRules(IgnoreRules.GitPaths);
    var manifest = new HashedTree(tree).Manifest(ignored);

    var bundle = await new BundleSigner(Credential.FromKey(key)).SignModelAsync(tree.Name, manifest, ignored);

    // Whole or not at all, and on the disk when this returns.
    DurableFile.Write($"{tree.Path}.sig", bundle.WriteTo);
    Console.WriteLine($"signed: {manifest.RootDigest}");
    return 0;
}

static int Load(string model, string policyFile)
{
    using var policy = TrustPolicy.Load(policyFile);
    using var tree = FileTree.Open(model);
    var files = new HashedTree(tree);
    var ignored = new IgnoreRules(IgnoreRules.GitPaths);
    var bundle = Bundle.ParseModelSignature(File.ReadAllBytes($"{tree.Path}.sig"));

    // First: who signed these files, by the keys that the policy has?
    var verifier = new ModelVerifier(new BundleVerifier([.. policy.Keys]));
    var report = verifier.Verify(bundle, files, ignored).Report;
    foreach (var check in report.Checks)
    {
        Console.WriteLine($"{check.Outcome, -12} {check.Name} {check.Message}");
    }

    // Then: is that enough? Only what was verified is shown to the policy.
    var evidence = new SubjectEvidence(
        "model",
        SubjectKind.Directory,
        tree.Name,
        files.Manifest(ignored).Subject,
        report.Verified is { } verified ? [verified] : []
    );
    var decision = PolicyEvaluator.Evaluate(policy, [evidence], TimeProvider.System.GetUtcNow());
    Console.Write(DecisionText.Format(decision));
    return decision.IsAllowed ? 0 : 1;
}
