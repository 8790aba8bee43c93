using System.Diagnostics;
using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Benchmarks;

/// <summary>How often one process with a loaded trusted root verifies a keyless bundle of a file, parsing it each time.</summary>
internal static class WarmVerification
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(5);

    /// <summary>Verifications a second, over all threads.</summary>
    /// <param name="arguments">Threads, bundle, trusted root, artifact, identity, issuer.</param>
    internal static double Run(IReadOnlyList<string> arguments)
    {
        var bundle = File.ReadAllBytes(arguments[1]);
        var artifact = DigestAlgorithm.Sha256.Hash(File.ReadAllBytes(arguments[3]));
        var root = TrustedRoot.Parse(File.ReadAllBytes(arguments[2]));
        var verifier = new BundleVerifier([], new SigstoreTrust(root, IdentityRule.Exact(arguments[4], arguments[5])));
        // Until the code is compiled for good.
        for (var i = 0; i < 500; i++)
        {
            Verify();
        }
        var (count, clock) = (0, Stopwatch.StartNew());
        var threads = Enumerable.Range(0, int.Parse(arguments[0])).Select(_ => new Thread(Work)).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        return count / clock.Elapsed.TotalSeconds;

        void Work()
        {
            while (clock.Elapsed < Length)
            {
                Verify();
                Interlocked.Increment(ref count);
            }
        }

        void Verify()
        {
            if (verifier.VerifyMessage(Bundle.Parse(bundle), artifact) is { IsVerified: false } report)
            {
                throw new InvalidOperationException(report.Failure!.Message);
            }
        }
    }
}
