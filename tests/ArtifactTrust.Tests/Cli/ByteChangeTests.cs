using ArtifactTrust.Cli.Console;

namespace ArtifactTrust.Tests.Cli;

/// <summary>Every byte of a signed model, of a signed file and of all their evidence, changed in turn: <c>verify</c> refuses each.</summary>
public sealed class ByteChangeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // The lowest bit, the bit between capitals and small letters, and all bits.
    public static TheoryData<string, string, byte> Changes
    {
        get
        {
            var data = new TheoryData<string, string, byte>();
            foreach (var key in new[] { "p256", "ed25519", "rsa3072" })
            {
                foreach (var mask in (byte[])(key == "p256" ? [0x01, 0x20, 0xff] : [0x01]))
                {
                    data.Add(key, "model.sig", mask);
                    data.Add(key, "model.attestations.jsonl", mask);
                    data.Add(key, "data.csv.sig", mask);
                }
            }
            foreach (var file in new[] { "model/weights.bin", "model/config.json", "data.csv" })
            {
                data.Add("p256", file, 0x01);
                data.Add("p256", file, 0xff);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_changed_byte_is_refused(string key, string file, byte mask)
    {
        await PrepareAsync(key);
        var path = At(file);
        var original = await File.ReadAllBytesAsync(path);
        var accepted = new List<string>();
        for (var i = 0; i < original.Length; i++)
        {
            var changed = (byte[])original.Clone();
            changed[i] ^= mask;
            await File.WriteAllBytesAsync(path, changed);
            await CheckAsync(key, file, $"byte {i}", accepted);
        }
        Assert.True(accepted.Count == 0, string.Join('\n', accepted));
        await File.WriteAllBytesAsync(path, original);
        await InProcess.RequireAsync(Verify(key, file));
    }

    [Theory]
    [InlineData("model.sig")]
    [InlineData("model.attestations.jsonl")]
    [InlineData("data.csv.sig")]
    public async Task A_file_cut_short_is_refused(string file)
    {
        await PrepareAsync("p256");
        var path = At(file);
        var original = await File.ReadAllBytesAsync(path);
        var accepted = new List<string>();
        // The line feed at the end of a file of bundles is no part of the last one.
        var whole = original[^1] == (byte)'\n' && file.EndsWith(".jsonl", StringComparison.Ordinal) ? original.Length - 1 : original.Length;
        for (var length = 0; length < whole; length++)
        {
            await File.WriteAllBytesAsync(path, original[..length]);
            await CheckAsync("p256", file, $"length {length}", accepted);
        }
        Assert.True(accepted.Count == 0, string.Join('\n', accepted));
    }

    // A backslash is left out: JSON has two ways of writing a slash, and both are the same text. So is white space.
    [Theory]
    [InlineData((byte)'A')]
    [InlineData((byte)'"')]
    [InlineData((byte)'\0')]
    public async Task A_byte_too_many_is_refused(byte more)
    {
        await PrepareAsync("p256");
        var path = At("model.sig");
        var original = await File.ReadAllBytesAsync(path);
        var accepted = new List<string>();
        for (var i = 0; i <= original.Length; i++)
        {
            await File.WriteAllBytesAsync(path, [.. original[..i], more, .. original[i..]]);
            await CheckAsync("p256", "model.sig", $"before byte {i}", accepted);
        }
        Assert.True(accepted.Count == 0, string.Join('\n', accepted));
    }

    private async Task CheckAsync(string key, string file, string what, List<string> accepted)
    {
        var (code, text) = await InProcess.RunAsync(Verify(key, file));
        if (code != ExitCode.Rejected || text.Contains("   at ", StringComparison.Ordinal))
        {
            accepted.Add($"{what}: exit code {code}: {text}");
        }
    }

    private string[] Verify(string key, string file) =>
        [
            "verify",
            At(file.StartsWith("data", StringComparison.Ordinal) ? "data.csv" : "model"),
            "--key",
            InProcess.Key($"{key}.pub"),
            .. file.EndsWith(".jsonl", StringComparison.Ordinal) ? ["--type", "https://example.com/t"] : Array.Empty<string>(),
        ];

    private async Task PrepareAsync(string key)
    {
        _directory.File("model/weights.bin", "forty bytes that stand for weights, no more");
        _directory.File("model/config.json", """{"model_type":"tiny"}""");
        _directory.File("data.csv", "a,b\n1,2\n");
        var predicate = _directory.File("predicate.json", "{\"a\":1}");
        string[] with = ["--key", InProcess.Key($"{key}.key")];
        await InProcess.RequireAsync(["sign", At("model"), .. with]);
        await InProcess.RequireAsync(["attest", At("model"), "--type", "https://example.com/t", "--predicate", predicate, .. with]);
        await InProcess.RequireAsync(["sign", At("data.csv"), .. with]);
    }

    private string At(string name) => Path.Join(_directory.Path, name);
}
