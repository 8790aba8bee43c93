using System.Diagnostics;
using System.Globalization;
using ArtifactTrust.Bundles;
using ArtifactTrust.Keys;
using ArtifactTrust.Oci;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Benchmarks;

/// <summary>How long one process takes for the signatures of many images, the first time and the second.</summary>
internal static class ImageVerification
{
    private const int ImagesAtOnce = 4;

    /// <summary>Verifies all images twice, over the same connections, and prints the milliseconds of each time.</summary>
    /// <param name="arguments">The key's file, then images by digest.</param>
    internal static async Task RunAsync(IReadOnlyList<string> arguments)
    {
        using var key = VerificationKey.FromPem(await File.ReadAllTextAsync(arguments[0]));
        var verifier = new BundleVerifier([key]);
        var images = arguments.Skip(1).Select(OciReference.Parse).ToList();
        using var connections = new RegistryConnections();
        for (var time = 0; time < 2; time++)
        {
            var clock = Stopwatch.StartNew();
            await Parallel.ForEachAsync(
                images,
                new ParallelOptions { MaxDegreeOfParallelism = ImagesAtOnce },
                async (image, token) => await VerifyAsync(connections, verifier, image, token)
            );
            Console.WriteLine(clock.ElapsedMilliseconds.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static async Task VerifyAsync(
        RegistryConnections connections,
        BundleVerifier verifier,
        OciReference image,
        CancellationToken cancellation
    )
    {
        using var store = connections.Open(image);
        var manifest = await store.ResolveAsync(image, cancellation);
        var digest = manifest.Descriptor.Digest;
        var found = await new EvidenceStore(store, TimeProvider.System).ListAsync(digest, EvidencePlaces.All, cancellation);
        if (found.Bundles.Count != 2 || !found.Bundles.All(b => verifier.VerifyImageSignature(Bundle.Parse(b.Bytes), digest).IsVerified))
        {
            throw new InvalidOperationException($"{image} has not two good signatures");
        }
    }
}
