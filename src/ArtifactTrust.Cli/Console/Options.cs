using System.CommandLine;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Console;

/// <summary>The options that several verbs share, so that they are spelled and explained in one way.</summary>
internal static class Options
{
    private const string SubjectForms =
        "a directory, a file, oci-layout:DIR[:TAG|@DIGEST], oci-archive:FILE, docker-archive:FILE or [registry:]HOST/REPO[:TAG|@DIGEST]";

    internal static Argument<string> Subject() => new("SUBJECT") { Description = SubjectForms };

    internal static Argument<string[]> Subjects() =>
        new("SUBJECT") { Description = $"each {SubjectForms}", Arity = ArgumentArity.OneOrMore };

    internal static Option<string> Output()
    {
        var option = new Option<string>("--output")
        {
            Description = "text, or one JSON document (on failure too)",
            DefaultValueFactory = _ => "text",
            HelpName = "text|json",
        };
        option.AcceptOnlyFromAmong("text", "json");
        return option;
    }

    internal static Option<string?> SigningKey() =>
        new("--key")
        {
            Description =
                "the private key: PEM (PKCS#8, SEC1, PKCS#1), cosign's, or one in hardware (else an identity token names the signer)",
            HelpName = "FILE|pkcs11:URI|tpm2:URI",
        };

    internal static Option<string[]> TrustedKeys() =>
        new("--key")
        {
            Description = "a trusted public key: PEM, or one in hardware; may be given several times",
            HelpName = "FILE|pkcs11:URI|tpm2:URI",
            AllowMultipleArgumentsPerToken = false,
        };

    internal static Option<string?> PasswordFile() =>
        new("--password-file")
        {
            Description = $"the file that holds the key's password (else {PasswordVariable}, else a prompt)",
            HelpName = "FILE",
        };

    internal static Option<string[]> IgnorePaths() =>
        new("--ignore-path")
        {
            Description = "a path inside of the directory that is left out; may be given several times",
            HelpName = "PATH",
        };

    internal static Option<bool> NoIgnoreGitPaths() =>
        new("--no-ignore-git-paths") { Description = $"do not leave out {string.Join(", ", IgnoreRules.GitPaths)} at the top" };

    internal static Option<bool> PlainHttp() =>
        new("--plain-http") { Description = "speak http to the registry (loopback hosts always may)" };

    /// <summary>The environment variable that a key's password is taken from.</summary>
    internal const string PasswordVariable = "ARTIFACT_TRUST_PASSWORD";
}
