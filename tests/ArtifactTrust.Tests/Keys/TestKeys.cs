using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Keys;

/// <summary>The fixed keys of <c>keys-test/</c>, which are no secret.</summary>
internal static class TestKeys
{
    public const string Password = "not-secret";

    private static readonly string Folder = FindFolder();

    /// <summary>The password, as files of encrypted keys are opened with it.</summary>
    public static KeyPassword AskPassword() => KeyPassword.FromText(Password);

    /// <summary>The full path of a file.</summary>
    public static string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>The names of the files of a sub-folder.</summary>
    public static IEnumerable<string> Names(string folder) => Directory.GetFiles(PathOf(folder)).Select(f => Path.GetFileName(f));

    /// <summary>The private key of that name, such as <c>p256</c>.</summary>
    public static SigningKey Read(string name) => KeyFile.ReadSigningKey(PathOf($"NOT-SECRET-{name}.key.pem"), AskPassword);

    private static string FindFolder()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "ArtifactTrust.sln")))
            {
                return Path.Combine(d.FullName, "keys-test");
            }
        }
        throw new DirectoryNotFoundException("the tests do not run below the repository");
    }
}
