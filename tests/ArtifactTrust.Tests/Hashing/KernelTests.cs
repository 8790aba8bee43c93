using System.Security.Cryptography;
using ArtifactTrust.Hashing;
using ArtifactTrust.Hashing.Kernels;

namespace ArtifactTrust.Tests.Hashing;

/// <summary>The vector code against the platform's cryptography and published values.</summary>
public sealed class KernelTests
{
    // The kernels that this processor has.
    public static TheoryData<int> LaneCounts =>
        [.. new[] { Sha256Kernel.Avx512, Sha256Kernel.Avx2, Sha256Kernel.Portable }.OfType<Sha256Kernel>().Select(k => k.Count)];

    // BLAKE3-team/BLAKE3, test_vectors.json (2020): inputs of bytes 0 to 250 repeated.
    public static TheoryData<int, string> Blake3Values =>
        new()
        {
            { 0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" },
            { 1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213" },
            { 1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11" },
            { 1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7" },
            { 1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444" },
            { 2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a" },
            { 2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030" },
            { 3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3" },
            { 5121, "628bd2cb2004694adaab7bbd778a25df25c47b9d4155a55f8fbd79f2fe154cff" },
            { 8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b" },
            { 16384, "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4" },
            { 31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47" },
            { 102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085" },
        };

    [Theory]
    [MemberData(nameof(LaneCounts))]
    public unsafe void Every_lane_is_the_platforms_sha256_around_the_edges_of_blocks(int lanes)
    {
        var kernel = new[] { Sha256Kernel.Avx512, Sha256Kernel.Avx2, Sha256Kernel.Portable }.First(k => k?.Count == lanes)!;
        for (var length = 0; length < 320; length++)
        {
            using var state = new Sha256LaneState(kernel);
            var messages = Enumerable.Range(0, lanes).Select(_ => RandomNumberGenerator.GetBytes(length)).ToArray();
            var memory = GC.AllocateArray<byte>(lanes * 512, pinned: true);
            var padded = 0;
            fixed (byte* start = memory)
            {
                for (var lane = 0; lane < lanes; lane++)
                {
                    state.Rows[lane] = start + (lane * 512);
                    messages[lane].CopyTo(memory.AsSpan(lane * 512));
                    padded = length + Sha256LaneState.Pad(start + (lane * 512) + length, length);
                }
                // In two steps, so that a state carries over.
                state.Compress(padded / 128);
                for (var lane = 0; lane < lanes; lane++)
                {
                    state.Rows[lane] += padded / 128 * 64;
                }
                state.Compress((padded / 64) - (padded / 128));
            }
            for (var lane = 0; lane < lanes; lane++)
            {
                Assert.Equal(SHA256.HashData(messages[lane]), state.Finish(lane));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Blake3Values))]
    public void Blake3_is_as_published_however_it_is_split(int length, string expected)
    {
        var data = new byte[length];
        for (var i = 0; i < length; i++)
        {
            data[i] = (byte)(i % 251);
        }
        Assert.Equal(expected, DigestAlgorithm.Blake3.Hash(data).Hex);
        var random = new Random(length);
        for (var run = 0; run < 20; run++)
        {
            using var state = DigestAlgorithm.Blake3.CreateState();
            for (var at = 0; at < length; )
            {
                var take = Math.Min(length - at, random.Next(1, 1 << random.Next(1, 17)));
                state.Append(data.AsSpan(at, take), more: at + take < length);
                at += take;
            }
            Assert.Equal(expected, Convert.ToHexStringLower(state.Finish()));
        }
    }

    [Fact]
    public void Blake3_of_subtrees_is_that_of_the_whole()
    {
        var data = RandomNumberGenerator.GetBytes((9 << 10) + 17);
        foreach (var part in new[] { 1 << 10, 2 << 10, 4 << 10, 8 << 10 })
        {
            foreach (var length in new[] { part + 1, 2 * part, (2 * part) + 1, data.Length }.Where(l => l <= data.Length && l > part))
            {
                var values = new List<byte[]>();
                using var state = new Blake3DigestState();
                for (var at = 0; at < length; at += part)
                {
                    state.Start(at >> 10);
                    state.Append(data.AsSpan(at, Math.Min(part, length - at)), more: true);
                    values.Add(state.Finish(root: false));
                }
                var digest = new byte[32];
                Blake3Tree.Combine(values.ToArray(), digest);
                Assert.Equal(DigestAlgorithm.Blake3.Hash(data.AsSpan(0, length)).Hex, Convert.ToHexStringLower(digest));
            }
        }
    }

    // RFC 7693, appendix A, and the empty message.
    [Theory]
    [InlineData(
        "",
        "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce"
    )]
    [InlineData(
        "abc",
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbc4925ab92386edd4009923"
    )]
    public void Blake2b_is_as_published(string text, string expected) =>
        Assert.Equal(expected, DigestAlgorithm.Blake2b.Hash(System.Text.Encoding.ASCII.GetBytes(text)).Hex);

    [Fact]
    public void Blake2b_does_not_depend_on_how_it_is_split()
    {
        var data = RandomNumberGenerator.GetBytes(700);
        for (var cut = 0; cut <= data.Length; cut++)
        {
            using var state = DigestAlgorithm.Blake2b.CreateState();
            state.Append(data.AsSpan(0, cut), more: true);
            state.Append(data.AsSpan(cut), more: false);
            Assert.Equal(DigestAlgorithm.Blake2b.Hash(data).Hex, Convert.ToHexStringLower(state.Finish()));
        }
    }
}
