using System.Text;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Hashing;

public sealed class SortedSpoolTests
{
    [Theory]
    [InlineData(0, 100)]
    [InlineData(1, 100)]
    [InlineData(5_000, 100)]
    [InlineData(100_000, 64 << 10)]
    public void Records_come_in_the_order_of_their_keys(int count, int blockBytes)
    {
        using var spool = new SortedSpool(4, blockBytes);
        var random = new Random(count);
        var expected = new List<(string Key, int Value)>();
        for (var i = 0; i < count; i++)
        {
            // Some share much, some are longer than a block, and those of 100,000 do not fit in memory.
            var key = $"{new string('k', i % 1000 == 0 ? 300 : i % 7)}{random.Next():x8}{i}";
            expected.Add((key, i));
            spool.Add(Encoding.UTF8.GetBytes(key), BitConverter.GetBytes(i));
        }
        var taken = new List<(string, int)>();
        while (spool.TryTake(out var key, out var value))
        {
            taken.Add((Encoding.UTF8.GetString(key), BitConverter.ToInt32(value)));
        }
        Assert.Equal(expected.OrderBy(e => e.Key, StringComparer.Ordinal), taken);
        Assert.False(spool.TryTake(out _, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("/there/is/no/such/directory")]
    public void Bytes_are_read_from_memory_and_from_the_file_where_there_can_be_one(string? directory)
    {
        using var spool = new SpoolFile(directory);
        var all = new byte[3_000_000];
        new Random(3).NextBytes(all);
        for (var at = 0; at < all.Length; )
        {
            var length = Math.Min(at % 9_973 * 17, all.Length - at);
            length = length == 0 ? 1 : length;
            spool.Write(all.AsSpan(at, length));
            at += length;
            var part = new byte[Math.Min(at, 70_000)];
            spool.ReadAt(at - part.Length, part);
            Assert.Equal(all[(at - part.Length)..at], part);
        }
        Assert.Equal(all.Length, spool.Length);
        var reader = new SpoolReader(spool, 10, all.Length, 1000);
        var read = new byte[all.Length - 10];
        Assert.True(reader.TryRead(read));
        Assert.Equal(all[10..], read);
        Assert.False(reader.TryRead(new byte[1]));
    }
}
