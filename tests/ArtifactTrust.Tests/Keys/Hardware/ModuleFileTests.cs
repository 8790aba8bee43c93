using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Keys.Hardware;

namespace ArtifactTrust.Tests.Keys.Hardware;

/// <summary>Which files are loaded as modules, and points as tokens store them.</summary>
public sealed class ModuleFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("module-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("pkcs11:object=a?module-path=/nowhere/libsofthsm2.so", "install softhsm2")]
    [InlineData("pkcs11:object=a?module-path=/nowhere/opensc-pkcs11.so", "install opensc-pkcs11")]
    [InlineData("pkcs11:object=a?module-path=/nowhere/libykcs11.so", "install ykcs11")]
    [InlineData("pkcs11:object=a?module-path=/nowhere/libtpm2_pkcs11.so", "install libtpm2-pkcs11-1")]
    [InlineData("pkcs11:object=a?module-path=/nowhere/libvendor.so", "the token's vendor")]
    [InlineData("pkcs11:object=a?module-name=no-such-module", "the token's vendor")]
    public void A_module_that_is_not_there_names_its_package(string uri, string hint)
    {
        var e = Assert.Throws<HardwareKeyException>(() => HardwareKey.OpenSigningKey(uri));
        Assert.Equal(HardwareKeyFailure.ModuleMissing, e.Failure);
        Assert.Contains(hint, e.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_given_by_a_relative_path_is_refused() =>
        Assert.Contains("absolute path", Refused("softhsm.so").Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_no_library_is_refused()
    {
        File.WriteAllText(At("text.so"), "text");
        Assert.Contains("cannot be loaded", Refused(At("text.so")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_no_module_is_refused()
    {
        var library = new[] { "/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6", "/lib64/libm.so.6" }.FirstOrDefault(
            File.Exists
        );
        if (library is not null)
        {
            Assert.Contains("has no C_GetFunctionList", Refused(library).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_module_that_everybody_can_write_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        const UnixFileMode Everybody = (UnixFileMode)0x1FF;
        File.WriteAllText(At("m.so"), "text");
        File.CreateSymbolicLink(At("link.so"), At("m.so"));
        File.SetUnixFileMode(At("m.so"), Everybody);
        Assert.Contains($"can write '{At("m.so")}'", Refused(At("m.so")).Message, StringComparison.Ordinal);
        Assert.Contains($"can write '{At("m.so")}'", Refused(At("link.so")).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(At("m.so"), UnixFileMode.UserRead);
        File.SetUnixFileMode(_folder, Everybody);
        Assert.Contains($"can write '{_folder}'", Refused(At("m.so")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_in_a_circle_are_refused()
    {
        File.CreateSymbolicLink(At("a.so"), At("b.so"));
        File.CreateSymbolicLink(At("b.so"), At("a.so"));
        Assert.Equal(HardwareKeyFailure.ModuleMissing, Refused(At("a.so")).Failure);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_point_is_read_bare_and_wrapped_and_in_no_other_form(int curve)
    {
        using var key = SigningKey.Generate(
            new[] { SignatureAlgorithm.EcdsaP256, SignatureAlgorithm.EcdsaP384, SignatureAlgorithm.Ed25519 }[curve]
        );
        var content = PublicKeyEncoding.Content(key.PublicKey.SubjectPublicKeyInfo);
        byte[] parameters = curve switch
        {
            0 => [6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7],
            1 => [6, 5, 0x2B, 0x81, 4, 0, 0x22],
            _ => [6, 3, 0x2B, 0x65, 0x70],
        };
        byte[] wrapped = [4, (byte)content.Length, .. content];
        foreach (var point in new[] { content, wrapped })
        {
            using var read = TokenPublicKey.FromPoint(parameters, point);
            Assert.Equal(key.PublicKey.Fingerprint, read.Fingerprint);
        }
        foreach (var point in new byte[][] { [], content[..^1], [.. content, 0], wrapped[..^1], [.. wrapped, 0], [3, .. wrapped[1..]] })
        {
            Assert.Throws<MalformedDataException>(() => TokenPublicKey.FromPoint(parameters, point));
        }
        for (var i = 0; i < parameters.Length; i++)
        {
            var changed = (byte[])parameters.Clone();
            changed[i] ^= 1;
            Assert.Throws<MalformedDataException>(() => TokenPublicKey.FromPoint(changed, wrapped));
        }
    }

    private string At(string name) => Path.Join(_folder, name);

    private static HardwareKeyException Refused(string module) =>
        Assert.Throws<HardwareKeyException>(() => HardwareKey.OpenSigningKey("pkcs11:object=a", new HardwareKeyAccess { Module = module }));
}
