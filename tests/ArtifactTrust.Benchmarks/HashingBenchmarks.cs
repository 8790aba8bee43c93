using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Signing;
using ArtifactTrust.Verification;
using BenchmarkDotNet.Attributes;

namespace ArtifactTrust.Benchmarks;

/// <summary>What one warm process does, apart from start-up: bundles parsed and verified, bytes hashed.</summary>
[MemoryDiagnoser]
public class HashingBenchmarks : IDisposable
{
    private readonly byte[] _data = new byte[1 << 20];
    private readonly SigningKey _key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
    private readonly byte[] _bundle;
    private readonly BundleVerifier _verifier;
    private readonly Digest _image = DigestAlgorithm.Sha256.Hash("image"u8);

    public HashingBenchmarks()
    {
        _bundle = new BundleSigner(Credential.FromKey(_key)).SignImageAsync(_image).GetAwaiter().GetResult().Utf8.ToArray();
        _verifier = new BundleVerifier([_key.PublicKey]);
    }

    [Benchmark]
    public Digest HashOneMebibyte() => DigestAlgorithm.Sha256.Hash(_data);

    [Benchmark]
    public Bundle ParseBundle() => Bundle.Parse(_bundle);

    [Benchmark]
    public bool ParseAndVerifyImageSignature() => _verifier.VerifyImageSignature(Bundle.Parse(_bundle), _image).IsVerified;

    [Benchmark]
    public int EncodeEnvelope() => DsseEnvelope.PreAuthenticationEncoding("application/vnd.in-toto+json", _data).Length;

    public void Dispose()
    {
        _key.Dispose();
        GC.SuppressFinalize(this);
    }
}
