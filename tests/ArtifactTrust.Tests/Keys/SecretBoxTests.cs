using System.Numerics;
using ArtifactTrust.Keys;
using static ArtifactTrust.Tests.Keys.Bytes;

namespace ArtifactTrust.Tests.Keys;

/// <summary>Vectors: NaCl 20110221 tests/core1, core2 and secretbox; RFC 8439 §2.5.2 and §A.3.</summary>
public sealed class SecretBoxTests
{
    private const string Key = "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389";
    private const string Nonce = "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37";
    private const string Message =
        "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31"
        + "0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864"
        + "5e0705";
    private const string Box =
        "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972"
        + "71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3"
        + "7973f622a43d14a6599b1f654cb45a74e355a5";

    [Fact]
    public void The_sizes_are_those_of_nacl()
    {
        Assert.Equal((32, 24, 16), (SecretBox.KeyBytes, SecretBox.NonceBytes, SecretBox.TagBytes));
        Assert.Equal((32, 24), (Hex(Key).Length, Hex(Nonce).Length));
        Assert.Equal(16, Hex(Box).Length - Hex(Message).Length);
    }

    [Theory]
    [InlineData("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", "00000000000000000000000000000000", Key)]
    [InlineData(Key, "69696ee955b62b73cd62bda875fc73d6", "dc908dda0b9344a953629b733820778880f3ceb421bb61b91cbd4c3e66256ce4")]
    public void HSalsa20_derives_the_published_keys(string key, string nonce, string expected)
    {
        var derived = new byte[32];
        SecretBox.HSalsa20(derived, Hex(nonce), Hex(key));
        Assert.Equal(Hex(expected), derived);
    }

    [Fact]
    public void The_published_box_is_made_and_opened()
    {
        var box = new byte[Hex(Box).Length];
        SecretBox.Seal(box, Hex(Message), Hex(Nonce), Hex(Key));
        Assert.Equal(Hex(Box), box);
        var message = new byte[Hex(Message).Length];
        Assert.True(SecretBox.TryOpen(message, box, Hex(Nonce), Hex(Key)));
        Assert.Equal(Hex(Message), message);
    }

    [Fact]
    public void A_box_with_any_byte_changed_stays_shut_and_yields_nothing()
    {
        foreach (var box in WithOneByteChanged(Hex(Box)))
        {
            var message = new byte[box.Length - SecretBox.TagBytes];
            Assert.False(SecretBox.TryOpen(message, box, Hex(Nonce), Hex(Key)));
            Assert.DoesNotContain(message, b => b != 0);
        }
    }

    [Fact]
    public void Another_key_or_nonce_does_not_open_a_box()
    {
        var message = new byte[Hex(Message).Length];
        Assert.All(WithOneByteChanged(Hex(Key)), k => Assert.False(SecretBox.TryOpen(message, Hex(Box), Hex(Nonce), k)));
        Assert.All(WithOneByteChanged(Hex(Nonce)), n => Assert.False(SecretBox.TryOpen(message, Hex(Box), n, Hex(Key))));
    }

    [Fact]
    public void Messages_of_every_length_around_the_blocks_come_back()
    {
        var random = new Random(1);
        for (var length = 0; length <= 200; length++)
        {
            var message = new byte[length];
            random.NextBytes(message);
            var box = new byte[length + SecretBox.TagBytes];
            SecretBox.Seal(box, message, Hex(Nonce), Hex(Key));
            var opened = new byte[length];
            Assert.True(SecretBox.TryOpen(opened, box, Hex(Nonce), Hex(Key)));
            Assert.Equal(message, opened);
        }
    }

    [Theory]
    [InlineData(
        "85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b",
        "43727970746f6772617068696320466f72756d2052657365617263682047726f7570",
        "a8061dc1305136c6c22b8baf0c0127a9"
    )]
    // 2^130 - 5 and its neighbours, where a sum is reduced or just not.
    [InlineData("02+0*31", "ff*16", "03+0*15")]
    [InlineData("02+0*15+ff*16", "02+0*15", "03+0*15")]
    [InlineData("01+0*31", "ff*16+f0+ff*15+11+0*15", "05+0*15")]
    [InlineData("01+0*31", "ff*16+fb+fe*15+01*16", "0*16")]
    [InlineData("02+0*31", "fd+ff*15", "fa+ff*15")]
    [InlineData("01+0*7+04+0*23", "e33594d7505e43b900000000000000003394d7505e4379cd01+0*7+0*16+01+0*15", "14+0*7+55+0*7")]
    [InlineData("01+0*7+04+0*23", "e33594d7505e43b900000000000000003394d7505e4379cd01+0*7+0*16", "13+0*15")]
    public void Poly1305_makes_the_published_tags(string key, string message, string expected)
    {
        var tag = new byte[16];
        Poly1305.Tag(tag, Expand(message), Expand(key));
        Assert.Equal(Expand(expected), tag);
    }

    [Fact]
    public void Poly1305_agrees_with_plain_arithmetic()
    {
        var random = new Random(2);
        for (var i = 0; i < 3000; i++)
        {
            var key = new byte[32];
            var message = new byte[random.Next(0, 70)];
            random.NextBytes(key);
            random.NextBytes(message);
            if (i % 3 == 0)
            {
                // Long runs of ones make the carries that random bytes do not.
                message.AsSpan().Fill(0xFF);
                key.AsSpan(0, random.Next(0, 33)).Fill(0xFF);
            }
            var tag = new byte[16];
            Poly1305.Tag(tag, message, key);
            Assert.Equal(PlainTag(message, key), tag);
        }
    }

    private static byte[] PlainTag(byte[] message, byte[] key)
    {
        var prime = BigInteger.Pow(2, 130) - 5;
        var r =
            new BigInteger(key.AsSpan(0, 16), isUnsigned: true)
            & BigInteger.Parse("0ffffffc0ffffffc0ffffffc0fffffff", System.Globalization.NumberStyles.HexNumber, null);
        var sum = message
            .Chunk(16)
            .Aggregate(BigInteger.Zero, (s, block) => (s + new BigInteger([.. block, 1], isUnsigned: true)) * r % prime);
        var tag = (sum + new BigInteger(key.AsSpan(16), isUnsigned: true)) % BigInteger.Pow(2, 128);
        var bytes = new byte[17];
        tag.TryWriteBytes(bytes, out _, isUnsigned: true);
        return bytes[..16];
    }

    /// <summary>Hex, with <c>xx*n</c> for n bytes of one value and <c>+</c> between parts.</summary>
    private static byte[] Expand(string text) =>
        [
            .. text.Split('+')
                .SelectMany(part =>
                    part.Split('*') is [var value, var count]
                        ? Enumerable.Repeat(Convert.ToByte(value, 16), int.Parse(count, null))
                        : Hex(part)
                ),
        ];
}
