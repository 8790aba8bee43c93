namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>
/// What is wrong with input, each with its own message and exit code: told in one line and as JSON, without a stack trace, and with no file
/// touched. See <see cref="Scene.Refuses(int, string, string[])"/>.
/// </summary>
public sealed class BadInputTests
{
    private const int Rejected = 1;
    private const int Usage = 2;
    private const int CouldNotTell = 3;

    private static readonly string[] Hash = ["hash", "model"];
    private static readonly string[] Sign = ["sign", "model", "--key", "ci.key", "--force"];
    private static readonly string[] Verify = ["verify", "model", "--key", "ci.pub"];
    private static readonly string[] VerifyType = [.. Verify, "--type", "slsaprovenance1"];
    private static readonly string[] Attest =
    [
        "attest",
        "model",
        "--type",
        "https://example.com/t",
        "--predicate",
        "p.json",
        "--key",
        "ci.key",
    ];

    private static readonly Dictionary<string, Case> Cases = new(StringComparer.Ordinal)
    {
        // The subject.
        ["a subject that does not exist"] = new(Usage, "'nothing' does not exist", ["hash", "nothing"]),
        ["a subject to sign that does not exist"] = new(Usage, "'nothing' does not exist", ["sign", "nothing", "--key", "ci.key"]),
        ["a subject to verify that does not exist"] = new(Usage, "'nothing' does not exist", ["verify", "nothing", "--key", "ci.pub"]),
        ["a subject of a role that does not exist"] = new(Usage, "'nothing' does not exist", Gate("model=nothing")),
        // What is mistyped must not become a subject, nor a file.
        ["an option that there is none"] = new(Usage, "there is no option '--keys'", ["sign", "model", "--keys", "ci.key"]),
        ["an option among several subjects"] = new(Usage, "there is no option '--keys'", ["verify", "model", "--keys", "ci.pub"]),
        ["an option in place of one that is required"] = new(
            Usage,
            "there is no option '--polciy'",
            ["gate", "model", "--polciy", "policy.yaml", "--dry-run"]
        ),
        ["an option in place of a new key"] = new(Usage, "there is no option '--nopassword'", ["keygen", "--nopassword"]),
        ["an option in place of a new file"] = new(Usage, "there is no option '--froce'", ["save", "oci-layout:image:1.0", "--froce"]),
        ["an option of a command below a verb"] = new(
            Usage,
            "see: artifact-trust log verify --help",
            ["log", "verify", "audit", "--kye", "x"]
        ),
        ["an option of one letter"] = new(Usage, "there is no option '-k'", [.. Verify, "-k"]),
        // What a variable that is not set leaves of an argument.
        ["an empty subject"] = new(Usage, "SUBJECT was given an empty value", ["verify", "", "--key", "ci.pub"]),
        ["an empty subject among others"] = new(Usage, "SUBJECT was given an empty value", [.. Verify, ""]),
        ["an empty path to leave out"] = new(Usage, "--ignore-path was given an empty value", [.. Sign, "--ignore-path", ""]),
        ["an empty path to verify only"] = new(Usage, "--only was given an empty value", [.. Verify, "--only", ""]),
        ["an empty path of a cache"] = new(Usage, "--hash-cache was given an empty value", [.. Sign, "--hash-cache", ""]),
        ["an empty path of a signature"] = new(Usage, "--signature was given an empty value", [.. Sign, "--signature", ""]),
        ["an empty path of a key"] = new(Usage, "--key was given an empty value", ["verify", "model", "--key", ""]),
        ["an empty path of a new key"] = new(Usage, "FILE was given an empty value", ["keygen", "", "--no-password"]),
        ["an empty name of a policy"] = new(Usage, "--policy was given an empty value", ["gate", "model", "--policy", "", "--dry-run"]),
        ["an image without its registry"] = new(Usage, "no image reference", ["hash", "example.com/Model:1"]),
        ["an empty directory to hash"] = new(Rejected, "has no files", Hash, EmptyModel),
        ["an empty directory to sign"] = new(Rejected, "has no files", Sign, EmptyModel),
        ["an empty directory to attest"] = new(
            Rejected,
            "has no files",
            Attest,
            s =>
            {
                EmptyModel(s);
                s.Write("p.json", "{}");
            }
        ),
        ["an empty directory to verify"] = new(Rejected, "has no files", Verify, EmptyModel),
        ["an empty directory at the gate"] = new(Rejected, "has no files", Scene.Gate, EmptyModel),
        ["a link that leads out of the directory"] = new(Rejected, "link: a symbolic link", Hash, s => Link(s, "/etc/hostname")),
        ["a link that stays in the directory"] = new(Rejected, "link: a symbolic link", Hash, s => Link(s, "weights.bin")),
        ["a link to nothing"] = new(Rejected, "link: a symbolic link", Hash, s => Link(s, "nothing")),
        ["a link to a directory"] = new(Rejected, "link: a symbolic link", Hash, s => Link(s, "vocabulary")),
        ["a link in a directory to sign"] = new(Rejected, "link: a symbolic link", Sign, s => Link(s, "/etc/hostname")),
        ["a link in a directory to verify"] = new(Rejected, "link: a symbolic link", Verify, s => Link(s, "/etc/hostname")),
        ["a link at the gate"] = new(Rejected, "link: a symbolic link", Scene.Gate, s => Link(s, "/etc/hostname")),
        ["a pipe in the directory"] = new(Rejected, "pipe: a named pipe", Hash, s => s.Shell("mkfifo model/pipe")),
        ["a pipe in a directory to sign"] = new(Rejected, "pipe: a named pipe", Sign, s => s.Shell("mkfifo model/pipe")),
        ["a pipe at the gate"] = new(Rejected, "pipe: a named pipe", Scene.Gate, s => s.Shell("mkfifo model/pipe")),
        ["a pipe for a subject"] = new(CouldNotTell, "is not a regular file", ["hash", "pipe"], s => s.Shell("mkfifo pipe")),
        ["a device for a subject"] = new(CouldNotTell, "is not a regular file", ["hash", "/dev/zero"]),
        ["a file's name with a line feed"] = new(Rejected, "the file's name has a line feed", Hash, s => s.Shell("touch model/$'a\\nb'")),
        ["a path to ignore that lies elsewhere"] = new(Usage, "--ignore-path", [.. Hash, "--ignore-path", "../other"]),
        ["the whole as a part"] = new(Usage, "--only '.'", [.. Verify, "--only", "."]),
        ["a part that lies elsewhere"] = new(Usage, "--only '../other'", [.. Verify, "--only", "../other"]),
        ["a path of a hundred thousand characters"] = new(Usage, "aaa…aaa", ["hash", new string('a', 100_000)]),

        // Evidence that is not there, or about something else.
        ["no signature"] = new(Rejected, "no signature was found", Verify, s => File.Delete(s.At("model.sig"))),
        ["no signature at the gate"] = new(Rejected, "no signature counts", Scene.Gate, s => File.Delete(s.At("model.sig"))),
        ["no attestation"] = new(
            Rejected,
            "no attestation of type slsaprovenance1 was found",
            VerifyType,
            s => File.Delete(s.At("model.attestations.jsonl"))
        ),
        ["no attestation at the gate"] = new(
            Rejected,
            "no attestation counts",
            Scene.Gate,
            s => File.Delete(s.At("model.attestations.jsonl"))
        ),
        ["no attestation of that type"] = new(Rejected, "no attestation of type vuln was found", [.. Verify, "--type", "vuln"]),
        ["a signature file that does not exist"] = new(Rejected, "'nothing.sig' does not exist", [.. Verify, "--signature", "nothing.sig"]),
        ["a signature by another key"] = new(Rejected, "no trusted key made the signature", ["verify", "model", "--key", "other.pub"]),
        ["a signature by another key at the gate"] = new(
            Rejected,
            "no signature counts",
            Scene.Gate,
            s => s.Replace("policy.yaml", "ci.pub", "other.pub")
        ),
        ["a changed file"] = new(Rejected, "1 changed: weights.bin", Verify, s => s.ChangeOneByte("model/weights.bin")),
        ["an added file"] = new(Rejected, "1 added: more", Verify, s => s.Write("model/more", "")),
        ["a removed file"] = new(Rejected, "1 removed: config.json", Verify, s => File.Delete(s.At("model/config.json"))),
        ["a renamed file"] = new(
            Rejected,
            "the files are not those that were signed",
            Verify,
            s => File.Move(s.At("model/config.json"), s.At("model/settings.json"))
        ),
        ["a changed file that was attested"] = new(
            Rejected,
            "the statement is about something else",
            VerifyType,
            s => s.ChangeOneByte("model/weights.bin")
        ),
        ["files that changed names, which the OMS digest alone would not show"] = new(
            Rejected,
            "the statement is about something else",
            VerifyType,
            SwapNames
        ),
        ["the signature of another model"] = new(
            Rejected,
            "the files are not those that were signed",
            Verify,
            s => Another(s, "model.sig")
        ),
        ["the attestation of another model"] = new(
            Rejected,
            "the statement is about something else",
            VerifyType,
            s => Another(s, "model.attestations.jsonl")
        ),
        ["the attestation of another model at the gate"] = new(
            Rejected,
            "no attestation counts",
            Scene.Gate,
            s => Another(s, "model.attestations.jsonl")
        ),
        ["the signature of a model given for a file"] = new(
            Rejected,
            "rejected",
            ["verify", "data.csv", "--key", "ci.pub", "--signature", "model.sig"]
        ),
        ["the signature of a file given for a model"] = new(Rejected, "rejected", [.. Verify, "--signature", "data.csv.sig"]),
        ["the signature of a file given for another file"] = new(
            Rejected,
            "the signature does not verify",
            ["verify", "provenance.json", "--key", "ci.pub", "--signature", "data.csv.sig"]
        ),
        ["an attestation given as a signature"] = new(
            Rejected,
            "no signature was found",
            [.. Verify, "--signature", "model.attestations.jsonl"]
        ),
        ["a signature given as an attestation"] = new(
            Rejected,
            "no attestation of type slsaprovenance1 was found",
            [.. VerifyType, "--signature", "model.sig"]
        ),
        ["an attestation put where the signature lies, at the gate"] = new(
            Rejected,
            "no signature counts",
            Scene.Gate,
            s => File.Copy(s.At("model.attestations.jsonl"), s.At("model.sig"), overwrite: true)
        ),
        ["a signature put where the attestations lie, at the gate"] = new(
            Rejected,
            "no attestation counts",
            Scene.Gate,
            s => File.Copy(s.At("model.sig"), s.At("model.attestations.jsonl"), overwrite: true)
        ),

        // Evidence that cannot be read.
        ["a truncated bundle"] = new(Rejected, "malformed Sigstore bundle", Verify, s => Signature(s, b => b[..(b.Length / 2)])),
        ["a truncated bundle at the gate"] = new(Rejected, "no signature counts", Scene.Gate, s => Signature(s, b => b[..(b.Length / 2)])),
        ["an empty file for a bundle"] = new(Rejected, "no signature was found", Verify, s => s.Write("model.sig", "")),
        ["a line feed for a bundle"] = new(Rejected, "malformed Sigstore bundle", Verify, s => s.Write("model.sig", "\n")),
        ["binary rubbish for a bundle"] = new(Rejected, "the text is not UTF-8", Verify, s => s.Write("model.sig", Rubbish())),
        ["a model file for a bundle"] = new(Rejected, "malformed Sigstore bundle", [.. Verify, "--signature", "model/weights.bin"]),
        ["a JSON array for a bundle"] = new(Rejected, "malformed Sigstore bundle", Verify, s => s.Write("model.sig", "[]")),
        ["a member given twice in a bundle"] = new(
            Rejected,
            "Duplicate property 'mediaType'",
            Verify,
            s => s.Replace("model.sig", "{\"mediaType\":", "{\"mediaType\":\"x\",\"mediaType\":")
        ),
        ["a member given twice in a bundle, once escaped"] = new(
            Rejected,
            "Duplicate property",
            Verify,
            s => s.Replace("model.sig", "{\"mediaType\":", "{\"media\\u0054ype\":\"x\",\"mediaType\":")
        ),
        ["a member that a bundle does not have"] = new(
            Rejected,
            "the format has no such member",
            Verify,
            s => s.Replace("model.sig", "{\"mediaType\":", "{\"more\":1,\"mediaType\":")
        ),
        ["a bundle nested deep"] = new(
            Rejected,
            "The maximum configured depth of 64",
            Verify,
            s => s.Write("model.sig", Repeat("{\"a\":", 100_000))
        ),
        ["half a surrogate pair in a bundle"] = new(
            Rejected,
            "half a surrogate pair",
            Verify,
            s => s.Write("model.sig", "{\"mediaType\":\"\\ud800\"}")
        ),
        ["a byte order mark before a bundle"] = new(Rejected, "malformed Sigstore bundle", Verify, s => Signature(s, b => "\uFEFF" + b)),
        ["a comment in a bundle"] = new(Rejected, "malformed Sigstore bundle", Verify, s => Signature(s, b => "/**/" + b)),
        ["two bundles in a row in the place of one"] = new(Rejected, "malformed Sigstore bundle", Verify, s => Signature(s, b => b + b)),
        ["a bundle of a version to come"] = new(Rejected, "v0.9", Verify, s => s.Replace("model.sig", "bundle.v0.3", "bundle.v0.9")),
        ["a bundle without a signature"] = new(
            Rejected,
            "signatures",
            Verify,
            s => Signature(s, b => System.Text.RegularExpressions.Regex.Replace(b, "\"signatures\":\\[.*?\\]", "\"signatures\":[]"))
        ),
        ["a payload that is not base64"] = new(
            Rejected,
            "base64",
            Verify,
            s => s.Replace("model.sig", "\"payload\":\"", "\"payload\":\"!")
        ),
        ["a pipe for a bundle"] = new(
            CouldNotTell,
            "is not a regular file",
            [.. Verify, "--signature", "pipe"],
            s => s.Shell("mkfifo pipe")
        ),
        ["a pipe where the signature lies"] = new(
            CouldNotTell,
            "is not a regular file",
            Verify,
            s => s.Shell("rm model.sig && mkfifo model.sig")
        ),
        ["a pipe where the attestations lie, at the gate"] = new(
            CouldNotTell,
            "is not a regular file",
            Scene.Gate,
            s => s.Shell("rm model.attestations.jsonl && mkfifo model.attestations.jsonl")
        ),
        ["a device for a bundle"] = new(CouldNotTell, "is not a regular file", [.. Verify, "--signature", "/dev/zero"]),
        ["a link to itself where the signature lies"] = new(
            CouldNotTell,
            "symbolic link",
            Verify,
            s => s.Shell("rm model.sig && ln -s model.sig model.sig")
        ),

        // Predicates.
        ["a predicate that does not exist"] = new(Usage, "the predicate 'p.json' does not exist", Attest),
        ["a directory for a predicate"] = new(
            Usage,
            "the predicate 'model' is a directory",
            [.. Attest.Select(a => a == "p.json" ? "model" : a)]
        ),
        ["an empty predicate"] = new(Usage, "does not contain any JSON", Attest, s => s.Write("p.json", "")),
        ["a predicate that is not JSON"] = new(Usage, "'p.json' is no predicate", Attest, s => s.Write("p.json", "buildType: x")),
        ["binary rubbish for a predicate"] = new(Usage, "the text is not UTF-8", Attest, s => s.Write("p.json", Rubbish())),
        ["an array for a predicate"] = new(Usage, "a JSON object is expected", Attest, s => s.Write("p.json", "[{}]")),
        ["a member given twice in a predicate"] = new(Usage, "Duplicate property 'a'", Attest, s => s.Write("p.json", "{\"a\":1,\"a\":2}")),
        ["a predicate nested deep"] = new(
            Usage,
            "The maximum configured depth of 64",
            Attest,
            s => s.Write("p.json", Repeat("[", 100_000))
        ),
        ["half a surrogate pair in a predicate"] = new(
            Usage,
            "half a surrogate pair",
            Attest,
            s => s.Write("p.json", "{\"a\":\"\\udc00\"}")
        ),
        ["a whole statement for a predicate"] = new(
            Usage,
            "is a whole statement",
            Attest,
            s =>
                s.Write("p.json", "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"x\",\"subject\":[],\"predicate\":{}}")
        ),
        ["a predicate of another type"] = new(
            Usage,
            "$.scanner",
            ["attest", "model", "--type", "vulns", "--predicate", "provenance.json", "--key", "ci.key"]
        ),
        ["a type that there is not"] = new(
            Usage,
            "is neither a URI nor one of",
            ["attest", "model", "--type", "provenance", "--predicate", "provenance.json", "--key", "ci.key"]
        ),

        // The command line.
        ["no command"] = new(Usage, "Required command was not provided", []),
        ["a command that there is not"] = new(Usage, "there is no command 'deploy'", ["deploy"]),
        ["a command of log that there is not"] = new(Usage, "there is no command 'erase'", ["log", "erase"]),
        ["an option that there is not"] = new(Usage, "--frob", [.. Hash, "--frob"]),
        ["an argument too many"] = new(Usage, "'more'", [.. Hash, "more"]),
        ["no subject"] = new(Usage, "SUBJECT", ["hash"]),
        ["no key"] = new(Usage, "nobody is trusted", ["verify", "model"]),
        ["an algorithm that there is not"] = new(
            Usage,
            "'dsa' not recognized. Must be one of: 'ecdsa-p256'",
            ["keygen", "new.key", "--no-password", "--algorithm", "dsa"]
        ),
        ["a number that is none"] = new(Usage, "many", ["log", "show", "audit", "--key", "gate.pub", "--last", "many"]),
        ["no records at all"] = new(Usage, "not 0", ["log", "show", "audit", "--key", "gate.pub", "--last", "0"]),
        ["a number of records that is none"] = new(Usage, "not -1", ["log", "show", "audit", "--key", "gate.pub", "--last=-1"]),
        ["a command after -- that this verb does not take"] = new(
            Usage,
            "only gate and verify take a command after --",
            [.. Hash, "--", "touch", "ran"]
        ),
        ["a file of arguments, which is not read"] = new(
            Usage,
            "'@arguments' does not exist",
            ["hash", "@arguments"],
            s => s.Write("arguments", "model\n")
        ),

        // The log.
        ["a log that does not exist"] = new(Usage, "the log 'nothing' does not exist", ["log", "show", "nothing", "--key", "gate.pub"]),
        ["a directory that is no log"] = new(Rejected, "there is no such file", ["log", "verify", "model", "--key", "gate.pub"]),
        ["a log of another key"] = new(Rejected, "trusted: example.com/gate", ["log", "verify", "audit", "--key", "ci.pub"]),
        ["a log of another kind of key"] = new(Rejected, "trusted: example.com/gate", ["log", "verify", "audit", "--key", "other.pub"]),
        ["a log by a key of a kind that signs none"] = new(
            Usage,
            "Ed25519",
            ["log", "init", "new", "--origin", "example.com/b", "--key", "other.key"]
        ),
        ["a record that there is not"] = new(
            Usage,
            "there is no record 7; the log has 0",
            ["log", "prove", "audit", "7", "--key", "gate.pub"]
        ),
        ["a record of a negative number"] = new(Usage, "there is no record -1", ["log", "prove", "audit", "-1", "--key", "gate.pub"]),
        ["a log where there is one"] = new(
            Usage,
            "there is a log in",
            ["log", "init", "audit", "--origin", "example.com/b", "--key", "gate.key"]
        ),
        ["a log where there is something else"] = new(
            Usage,
            "'model' is not empty",
            ["log", "init", "model", "--origin", "example.com/b", "--key", "gate.key"]
        ),
        ["a log with a name that cannot be"] = new(Usage, "has no space", ["log", "init", "new", "--origin", "a b", "--key", "gate.key"]),
        ["an older checkpoint that is none"] = new(
            Rejected,
            "malformed signed note",
            ["log", "verify", "audit", "--key", "gate.pub", "--since", "data.csv"]
        ),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void It_is_refused(string name)
    {
        using var scene = new Scene();
        var @case = Cases[name];
        @case.Prepare?.Invoke(scene);
        scene.Refuses(@case.ExitCode, @case.Message, @case.Arguments);
    }

    /// <summary>The table is worth something only if what it starts from is accepted.</summary>
    [Fact]
    public void What_the_cases_start_from_is_accepted()
    {
        using var scene = new Scene();
        scene.Require(Hash);
        scene.Require(Verify);
        scene.Require(VerifyType);
        scene.Require("verify", "data.csv", "--key", "ci.pub");
        scene.Require(Scene.Gate);
        Assert.True(File.Exists(scene.At("ran")));
        scene.Require(Sign);
        scene.Write("p.json", "{}");
        scene.Require(Attest);
    }

    [Fact]
    public void A_files_name_that_is_not_UTF8_is_refused()
    {
        using var scene = new Scene();
        scene.Shell("touch model/$'\\xff'");
        var ended = scene.Run(Hash);
        Assert.Equal(Rejected, ended.ExitCode);
        Assert.Contains("the file's name is not UTF-8", ended.Errors, StringComparison.Ordinal);
        Scene.AssertCalm(ended);
    }

    [Fact]
    public void An_option_without_its_value_is_told_of()
    {
        using var scene = new Scene();
        var ended = scene.Run("verify", "model", "--key");
        Assert.Equal(Usage, ended.ExitCode);
        Assert.Contains("'--key'", ended.Errors, StringComparison.Ordinal);
        Scene.AssertCalm(ended);
    }

    [NeedsTheory(Needs.Unprivileged)]
    [InlineData("model/weights.bin", "hash model")]
    [InlineData("model/vocabulary", "hash model")]
    [InlineData("model.sig", "verify model --key ci.pub")]
    [InlineData("ci.pub", "verify model --key ci.pub")]
    [InlineData("provenance.json", "attest model --type slsaprovenance1 --predicate provenance.json --key ci.key")]
    public void What_may_not_be_read_is_told_of(string file, string command)
    {
        using var scene = new Scene();
        scene.Shell($"chmod -R a+rX .. && chmod 000 '{file}'");
        var ended = Tool.Execute(scene.Folder, null, "", [.. Needs.AsUser, .. Tool.Start, .. command.Split(' ')]);
        scene.Shell($"chmod 755 '{file}'");
        Assert.True(ended.ExitCode is Usage or CouldNotTell, ended.ToString());
        Assert.Contains("denied", ended.Errors, StringComparison.OrdinalIgnoreCase);
        Scene.AssertCalm(ended);
    }

    private static string[] Gate(string subject) => [.. Scene.Gate.Select(a => a == "model" ? subject : a)];

    private static void EmptyModel(Scene scene)
    {
        Directory.Delete(scene.At("model"), recursive: true);
        Directory.CreateDirectory(scene.At("model/empty"));
    }

    private static void Link(Scene scene, string target) => File.CreateSymbolicLink(scene.At("model/link"), target);

    private static void Signature(Scene scene, Func<string, string> change) => scene.Write("model.sig", change(scene.Read("model.sig")));

    private static byte[] Rubbish()
    {
        var bytes = new byte[5000];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    // The order of the names stays, so the digests of the contents, in that order, stay too.
    private static void SwapNames(Scene scene) => File.Move(scene.At("model/weights.bin"), scene.At("model/weights2.bin"));

    /// <summary>Signs and attests another model, properly, and puts one piece of its evidence beside the first.</summary>
    private static void Another(Scene scene, string evidence)
    {
        Directory.CreateDirectory(scene.At("other/model"));
        scene.Write("other/model/weights.bin", "another model\n");
        scene.Require("sign", "other/model", "--key", "ci.key");
        scene.Require("attest", "other/model", "--type", "slsaprovenance1", "--predicate", "provenance.json", "--key", "ci.key");
        File.Copy(scene.At($"other/{evidence}"), scene.At(evidence), overwrite: true);
    }

    private sealed record Case(int ExitCode, string Message, string[] Arguments, Action<Scene>? Prepare = null);
}
