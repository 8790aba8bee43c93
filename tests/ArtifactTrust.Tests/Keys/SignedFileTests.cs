using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Tests.Keys;

public sealed class SignedFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public static TheoryData<string, int> KeysAndSizes
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var key in new[] { "p256", "ed25519", "rsa3072" })
            {
                // Around the size above which a file is mapped.
                foreach (var size in new[] { 0, 1, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_333_333 })
                {
                    data.Add(key, size);
                }
            }
            return data;
        }
    }

    public void Dispose() => File.Delete(_path);

    [Theory]
    [MemberData(nameof(KeysAndSizes))]
    public void A_file_is_signed_as_its_bytes_are(string name, int size)
    {
        var content = Fill(size);
        using var key = TestKeys.Read(name);
        using var file = File.OpenHandle(_path);
        var progress = new Sum();
        var signature = key.SignFile(file, progress);
        Assert.Equal(size, progress.Total);
        Assert.True(key.PublicKey.Verify(content, signature));
        progress = new Sum();
        Assert.True(key.PublicKey.VerifyFile(file, key.Sign(content), progress));
        Assert.Equal(size, progress.Total);
        Assert.False(key.PublicKey.VerifyFile(file, key.Sign([.. content, 0])));
        Assert.False(key.PublicKey.VerifyFile(file, []));
        signature[^1] ^= 1;
        Assert.False(key.PublicKey.VerifyFile(file, signature));
    }

    [Theory]
    [InlineData("p256")]
    [InlineData("ed25519")]
    public void A_cancelled_file_is_not_signed_or_verified(string name)
    {
        Fill(3 << 20);
        using var key = TestKeys.Read(name);
        using var file = File.OpenHandle(_path);
        var cancelled = new CancellationToken(canceled: true);
        Assert.Throws<OperationCanceledException>(() => key.SignFile(file, null, cancelled));
        Assert.Throws<OperationCanceledException>(() => key.PublicKey.VerifyFile(file, new byte[64], null, cancelled));
    }

    [Theory]
    [InlineData("p256")]
    [InlineData("ed25519")]
    public void A_file_that_grows_while_it_is_signed_is_an_error(string name)
    {
        Fill(3 << 20);
        using var key = TestKeys.Read(name);
        using var file = File.OpenHandle(_path);
        var appended = new Sum(() => File.AppendAllText(_path, "x"));
        Assert.Throws<IOException>(() => key.SignFile(file, appended));
    }

    [Fact]
    public void A_file_that_changes_while_it_is_verified_is_an_error()
    {
        var content = Fill(3 << 20);
        using var key = TestKeys.Read("ed25519");
        using var file = File.OpenHandle(_path);
        var changed = new Sum(() => Write(file => RandomAccess.Write(file, [content[0]], 0)));
        Assert.Throws<IOException>(() => key.PublicKey.VerifyFile(file, key.Sign(content), changed));
    }

    [Fact]
    public void The_copy_that_ed25519_signs_has_no_name_and_is_gone_afterwards()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        Fill(3 << 20);
        using var key = TestKeys.Read("ed25519");
        using var file = File.OpenHandle(_path);
        string[] during = [];
        key.SignFile(file, new Sum(() => during = OpenCopies()));
        Assert.NotEmpty(during);
        Assert.All(during, c => Assert.EndsWith("(deleted)", c, StringComparison.Ordinal));
        Assert.Empty(OpenCopies().Intersect(during));
    }

    private static string[] OpenCopies() =>
        [
            .. Directory
                .GetFiles("/proc/self/fd")
                .Select(f => new FileInfo(f).LinkTarget ?? "")
                // Files of other tests lie in folders of that prefix.
                .Where(t => t.LastIndexOf("/artifact-trust-", StringComparison.Ordinal) is >= 0 and var at && at == t.LastIndexOf('/')),
        ];

    private byte[] Fill(int size)
    {
        var content = new byte[size];
        new Random(size).NextBytes(content);
        File.WriteAllBytes(_path, content);
        return content;
    }

    private void Write(Action<SafeFileHandle> write)
    {
        using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        write(file);
    }

    private sealed class Sum(Action? first = null) : IProgress<long>
    {
        public long Total { get; private set; }

        public void Report(long value)
        {
            if (Total == 0)
            {
                first?.Invoke();
            }
            Total += value;
        }
    }
}
