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

    // The kernels of BLAKE2b that this processor has; it may have none.
    private static Blake2bKernel[] Blake2bKernels => [.. new[] { Blake2bKernel.Avx512, Blake2bKernel.Avx2 }.OfType<Blake2bKernel>()];

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
    public void Every_lane_is_the_platforms_sha256_around_the_edges_of_blocks(int lanes)
    {
        var kernel = new[] { Sha256Kernel.Avx512, Sha256Kernel.Avx2, Sha256Kernel.Portable }.First(k => k?.Count == lanes)!;
        for (var length = 0; length < 320; length++)
        {
            var messages = Enumerable.Range(0, lanes).Select(_ => RandomNumberGenerator.GetBytes(length)).ToArray();
            Assert.Equal(messages.Select(SHA256.HashData), InLanes(kernel, messages));
        }
    }

    [Fact]
    public void Every_lane_is_blake2b_around_the_edges_of_blocks()
    {
        foreach (var kernel in Blake2bKernels)
        {
            for (var length = 0; length < 520; length++)
            {
                var messages = Enumerable.Range(0, kernel.Count).Select(_ => RandomNumberGenerator.GetBytes(length)).ToArray();
                Assert.Equal(messages.Select(SlowBlake2b.Hash), InLanes(kernel, messages));
            }
        }
    }

    [Fact]
    public void Lanes_of_blake2b_end_each_at_a_message_of_its_own_length()
    {
        foreach (var kernel in Blake2bKernels)
        {
            for (var run = 0; run < 100; run++)
            {
                // All have the same number of blocks: the last is full, nearly empty, or anything between.
                var blocks = RandomNumberGenerator.GetInt32(1, 9);
                var messages = Enumerable
                    .Range(0, kernel.Count)
                    .Select(_ => RandomNumberGenerator.GetBytes((128 * blocks) - RandomNumberGenerator.GetInt32(128)))
                    .ToArray();
                Assert.Equal(messages.Select(SlowBlake2b.Hash), InLanes(kernel, messages));
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

    /// <summary>Pieces that are no whole chunks are compressed one by one, whole ones in lanes.</summary>
    [Fact]
    public void Blake3_in_lanes_is_that_of_one_chunk_after_another()
    {
        const int Chunk = 1 << 10;
        var data = RandomNumberGenerator.GetBytes(600 * Chunk);
        int[] lengths =
        [
            .. Enumerable.Range(1, 70).SelectMany(n => new[] { (n * Chunk) - 1, n * Chunk, (n * Chunk) + 1 }),
            .. Enumerable.Range(0, 30).Select(_ => RandomNumberGenerator.GetInt32(data.Length)),
        ];
        // A group of chunks whose numbers need a 33rd bit from the middle on is one of these.
        foreach (var (first, root) in new[] { (0UL, true), (0UL, false), ((1UL << 32) - 16, false), ((1UL << 32) - 1, false) })
        {
            foreach (var length in lengths)
            {
                using var lanes = new Blake3Tree();
                lanes.Start(first);
                lanes.Append(data.AsSpan(0, length), root);
                using var single = new Blake3Tree();
                single.Start(first);
                for (var at = 0; at < length; at += 1000)
                {
                    single.Append(data.AsSpan(at, Math.Min(1000, length - at)), root);
                }
                var (one, other) = (new byte[32], new byte[32]);
                lanes.Finish(one, root);
                single.Finish(other, root);
                Assert.True(one.AsSpan().SequenceEqual(other), $"{length} bytes from chunk {first}");
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
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
    )]
    public void Blake2b_is_as_published(string text, string expected) =>
        Assert.Equal(expected, DigestAlgorithm.Blake2b.Hash(System.Text.Encoding.ASCII.GetBytes(text)).Hex);

    // What Python's hashlib says of bytes 0 to 250 repeated: the edges of one block and of two.
    [Theory]
    [InlineData(
        1,
        "2fa3f686df876995167e7c2e5d74c4c7b6e48f8068fe0e44208344d480f7904c36963e44115fe3eb2a3ac8694c28bcb4f5a0f3276f2e79487d8219057a506e4b"
    )]
    [InlineData(
        127,
        "b6292669ccd38d5f01caae96ba272c76a879a45743afa0725d83b9ebb26665b731f1848c52f11972b6644f554c064fa90780dbbbf3a89d4fc31f67df3e5857ef"
    )]
    [InlineData(
        128,
        "2319e3789c47e2daa5fe807f61bec2a1a6537fa03f19ff32e87eecbfd64b7e0e8ccff439ac333b040f19b0c4ddd11a61e24ac1fe0f10a039806c5dcc0da3d115"
    )]
    [InlineData(
        129,
        "f59711d44a031d5f97a9413c065d1e614c417ede998590325f49bad2fd444d3e4418be19aec4e11449ac1a57207898bc57d76a1bcf3566292c20c683a5c4648f"
    )]
    [InlineData(
        255,
        "fe2c02da499516b0e9fb2dd70c49eb3629039f632e20a880946fb7bc97a7ab09deb7d48774d7f0648141c9d9ede19ae6e0dbf07863a128cf4b00195f0f179f74"
    )]
    [InlineData(
        256,
        "93463ac058b6163eb43be3f5bb32b28541498f4e3366f1effe253ad44e1e076e41c3616046027c82a7124f8f4746668ad10b12e8e25a95ac8f3151df01cd5a93"
    )]
    [InlineData(
        257,
        "9ca40e2ddee9436dbbd08efc65dbaf4870059f5eb3d76efd20241ae5bf13c60f250b882ea5c564838257a3fc95c496819ace2c6490b55b268535208dfc31822c"
    )]
    [InlineData(
        1000,
        "c11e1c0340bd7e5a1b275f1230c962fad215ecb1391486e74e31b960a2f2996381a5fad092da06841d5f26e38f6ecfeaf441acbcd1c2de61aef121e7927175f5"
    )]
    [InlineData(
        65536,
        "d6d3390ba29d4ea324b3f42d316d70106e4c6a7aa6fc131f8968daaf9fb09488430dac26ccdbe968b51c3d585735feab052cec27a5a035258c383566ac69fd38"
    )]
    public void Blake2b_is_as_another_implementation_has_it(int length, string expected)
    {
        var data = new byte[length];
        for (var i = 0; i < length; i++)
        {
            data[i] = (byte)(i % 251);
        }
        Assert.Equal(expected, Convert.ToHexStringLower(SlowBlake2b.Hash(data)));
        Assert.Equal(expected, DigestAlgorithm.Blake2b.Hash(data).Hex);
    }

    [Fact]
    public void Blake2b_does_not_depend_on_how_it_is_split()
    {
        for (var length = 0; length < 700; length++)
        {
            var data = RandomNumberGenerator.GetBytes(length);
            var expected = Convert.ToHexStringLower(SlowBlake2b.Hash(data));
            using var state = DigestAlgorithm.Blake2b.CreateState();
            foreach (var cut in new[] { 0, length, length / 2, Math.Min(length, 127), Math.Min(length, 128), Math.Min(length, 129) })
            {
                state.Append(data.AsSpan(0, cut), more: true);
                state.Append(data.AsSpan(cut), more: false);
                Assert.Equal(expected, Convert.ToHexStringLower(state.Finish()));
            }
        }
    }

    /// <summary>Hashes messages of as many blocks each.</summary>
    private static unsafe List<byte[]> InLanes(LaneKernel kernel, byte[][] messages)
    {
        using var state = kernel.CreateState();
        var stride = messages.Max(m => m.Length) + LaneState.PaddingBytes;
        var blocks = 0;
        fixed (byte* start = GC.AllocateArray<byte>(kernel.Count * stride, pinned: true))
        {
            for (var lane = 0; lane < kernel.Count; lane++)
            {
                var message = messages[lane];
                state.Start(lane, message.Length);
                state.Rows[lane] = start + (lane * stride);
                message.CopyTo(new Span<byte>(state.Rows[lane], stride));
                blocks = (message.Length + state.Pad(state.Rows[lane] + message.Length, message.Length)) / state.BlockBytes;
            }
            // In two steps, so that a state carries over; what comes between must not leave a trace.
            state.Compress(blocks / 2);
            for (var lane = 0; lane < kernel.Count; lane++)
            {
                state.Save(lane);
            }
            state.Compress(1);
            for (var lane = 0; lane < kernel.Count; lane++)
            {
                state.Restore(lane);
                state.Rows[lane] += blocks / 2 * state.BlockBytes;
            }
            state.Compress(blocks - (blocks / 2));
        }
        return [.. Enumerable.Range(0, kernel.Count).Select(state.Finish)];
    }
}
