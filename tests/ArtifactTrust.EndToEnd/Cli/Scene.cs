using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>
/// A working directory with a small signed and attested model, a signed data file, keys, a policy that allows them, and an audit log:
/// all made once by the command line itself, and copied for each test.
/// </summary>
internal sealed class Scene : IDisposable
{
    /// <summary>The builder that the provenance names and the policy asks for.</summary>
    internal const string Builder = "https://ci.example.com/train";

    /// <summary>The password of the encrypted keys.</summary>
    internal const string Password = "not-secret";

    /// <summary>The arguments of a gate that decides about the model, records it, and would then leave a file named <c>ran</c>.</summary>
    internal static readonly string[] Gate =
    [
        "gate",
        "model",
        "--policy",
        "policy.yaml",
        "--key",
        "gate.key",
        "--audit-log",
        "audit",
        "--",
        "touch",
        "ran",
    ];

    private static readonly Lazy<string> Template = new(CreateTemplate);

    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("artifact-trust-");

    internal Scene() => Copy(Template.Value, Folder);

    /// <summary>The working directory.</summary>
    internal string Folder => Path.Join(_parent.FullName, "work");

    // Names that are no text cannot be deleted by .NET.
    public void Dispose() => Tool.Execute("/", null, "", ["rm", "-rf", "--", _parent.FullName]);

    /// <summary>The full path of a file.</summary>
    internal string At(string name) => Path.Join(Folder, name);

    internal string Read(string name) => File.ReadAllText(At(name));

    internal void Write(string name, string content) => File.WriteAllText(At(name), content);

    internal void Write(string name, byte[] content) => File.WriteAllBytes(At(name), content);

    /// <summary>Changes a text, which must be there.</summary>
    internal void Replace(string name, string old, string replacement)
    {
        var text = Read(name);
        Assert.Contains(old, text, StringComparison.Ordinal);
        Write(name, text.Replace(old, replacement, StringComparison.Ordinal));
    }

    /// <summary>Flips the lowest bit of the byte in the middle of a file.</summary>
    internal void ChangeOneByte(string name)
    {
        var bytes = File.ReadAllBytes(At(name));
        bytes[bytes.Length / 2] ^= 1;
        Write(name, bytes);
    }

    /// <summary>Runs the command line here.</summary>
    internal Ended Run(params string[] arguments) => Tool.Run(Folder, arguments);

    /// <summary>Runs the command line here, which must succeed.</summary>
    internal Ended Require(params string[] arguments)
    {
        var ended = Run(arguments);
        Assert.True(ended.ExitCode == 0, $"{string.Join(' ', arguments)}: {ended}");
        return ended;
    }

    /// <summary>Runs another program here, which must succeed.</summary>
    internal Ended Shell(string command)
    {
        var ended = Tool.Execute(Folder, null, "", ["bash", "-c", command]);
        Assert.True(ended.ExitCode == 0, $"{command}: {ended}");
        return ended;
    }

    /// <summary>Every file, link and directory with what is in it: two that are equal mean that nothing was touched.</summary>
    internal IReadOnlyList<string> Listing() =>
        [
            .. new DirectoryInfo(Folder)
                .EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
                .Select(f => $"{Path.GetRelativePath(Folder, f.FullName)} {Content(f)}")
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>
    /// Runs the command line twice, for people and as JSON: it must refuse with the exit code and the message, without a stack trace, without a
    /// character that a terminal obeys, and without touching a file. A gate may write its log.
    /// </summary>
    internal void Refuses(int exitCode, string message, params string[] arguments) => Refuses(exitCode, message, null, arguments);

    /// <inheritdoc cref="Refuses(int, string, string[])"/>
    internal void Refuses(int exitCode, string message, IReadOnlyDictionary<string, string?>? environment, IReadOnlyList<string> arguments)
    {
        var before = WithoutLog(Listing());
        var text = Tool.Run(Folder, environment, [.. arguments]);
        Assert.True(text.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {exitCode} was expected: {text}");
        Assert.Contains(message, text.Text, StringComparison.Ordinal);
        AssertCalm(text);

        var dashes = arguments.ToList().IndexOf("--");
        var own = dashes < 0 ? arguments.Count : dashes;
        var json = Tool.Run(Folder, environment, [.. arguments.Take(own), "--output", "json", .. arguments.Skip(own)]);
        Assert.True(json.ExitCode == exitCode, $"{string.Join(' ', arguments)} as JSON: {exitCode} was expected: {json}");
        AssertCalm(json);
        // Standard output belongs to the command of a gate that has one.
        var gated = dashes >= 0 && arguments[0] == "gate";
        using var document = JsonDocument.Parse(gated ? json.Errors : json.Output);
        Assert.Equal("", gated ? json.Output : json.Errors);
        Assert.Equal(exitCode, document.RootElement.GetProperty("exitCode").GetInt32());
        Assert.Equal(1, document.RootElement.GetProperty("schemaVersion").GetInt32());
        Assert.Contains(message, Strings(document.RootElement), StringComparison.Ordinal);

        Assert.Equal(before, WithoutLog(Listing()));
        Assert.False(File.Exists(At("ran")), "the command ran");
    }

    /// <summary>Asserts that what was said holds no stack trace, and nothing that a terminal obeys.</summary>
    internal static void AssertCalm(Ended ended)
    {
        Assert.DoesNotContain(" at ArtifactTrust.", ended.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", ended.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("a defect of this tool", ended.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("(Parameter '", ended.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(ended.Text, c => (char.IsControl(c) && c != '\n') || c is (>= '\u202A' and <= '\u202E'));
    }

    // A decision, also one that could not be made, leaves a record; the tests of the gate look at it.
    private static IEnumerable<string> WithoutLog(IReadOnlyList<string> listing) =>
        listing.Where(l =>
            !l.StartsWith("audit", StringComparison.Ordinal) && !l.StartsWith("vsa.sigstore.json", StringComparison.Ordinal)
        );

    private static string Content(FileSystemInfo file) =>
        file.LinkTarget is { } target ? $"-> {target}"
        : file is not FileInfo { Length: var length } ? "directory"
        // A pipe has no length either; reading it would wait for ever.
        : length == 0 ? "empty"
        : length > 1 << 28 ? $"{length} bytes"
        : Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file.FullName)));

    /// <summary>All text in a document.</summary>
    private static string Strings(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => string.Join('\n', value.EnumerateObject().Select(m => Strings(m.Value))),
            JsonValueKind.Array => string.Join('\n', value.EnumerateArray().Select(Strings)),
            JsonValueKind.String => value.GetString()!,
            _ => "",
        };

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            var target = Path.Join(to, file.Name);
            if (file is DirectoryInfo)
            {
                Copy(file.FullName, target);
            }
            else
            {
                File.Copy(file.FullName, target);
            }
        }
    }

    private static string CreateTemplate()
    {
        var folder = Directory.CreateTempSubdirectory("artifact-trust-template-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        var keys = Path.Join(Repository.Root, "keys-test");
        void Key(string from, string to, string kind = "") =>
            File.Copy(Path.Join(keys, $"NOT-SECRET-{from}.pem"), Path.Join(folder, to + kind));
        Key("p256.key", "ci.key");
        Key("p256.pub", "ci.pub");
        Key("p384.key", "other.key");
        Key("p384.pub", "other.pub");
        Key("ed25519.key", "gate.key");
        Key("ed25519.pub", "gate.pub");
        Key("p256-pbes2.key", "encrypted.key");
        Key("p256-cosign.key", "cosign.key");
        Directory.CreateDirectory(Path.Join(folder, "model", "vocabulary"));
        void Text(string name, string content) => File.WriteAllText(Path.Join(folder, name), content, new UTF8Encoding(false));
        Text("model/weights.bin", "not much of a model, but enough to sign\n");
        Text("model/config.json", """{"model_type":"tiny"}""");
        Text("model/vocabulary/words.txt", "one\ntwo\n");
        Text("data.csv", "a,b\n1,2\n");
        Text(
            "provenance.json",
            """
            {
              "buildDefinition": {
                "buildType": "https://ci.example.com/train/v1",
                "externalParameters": {},
                "resolvedDependencies": [
                  { "uri": "git+https://git.example.com/models", "digest": { "gitCommit": "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d" } }
                ]
              },
              "runDetails": { "builder": { "id": "BUILDER" }, "metadata": { "startedOn": "2026-01-01T00:00:00Z" } }
            }
            """.Replace("BUILDER", Builder, StringComparison.Ordinal)
        );
        Text(
            "policy.yaml",
            $"""
            version: 1
            name: release
            identities:
              ci:
                keys:
                  - file: ci.pub
            subjects:
              model:
                kind: directory
                signatures:
                  from: ci
                attestations:
                  - type: slsaprovenance1
                    from: ci
                    builder: {Builder}
              data:
                kind: file
                optional: true
                signatures:
                  from: ci

            """
        );
        foreach (
            var arguments in new string[][]
            {
                ["sign", "model", "--key", "ci.key"],
                ["attest", "model", "--type", "slsaprovenance1", "--predicate", "provenance.json", "--key", "ci.key"],
                ["sign", "data.csv", "--key", "ci.key"],
                ["log", "init", "audit", "--origin", "example.com/gate", "--key", "gate.key"],
            }
        )
        {
            var ended = Tool.Run(folder, arguments);
            Assert.True(ended.ExitCode == 0, $"{string.Join(' ', arguments)}: {ended}");
        }
        return folder;
    }
}
