using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>keygen</c>: a new key pair in two files.</summary>
internal static class KeygenCommand
{
    private static readonly Dictionary<string, SignatureAlgorithm> Algorithms = new(StringComparer.Ordinal)
    {
        ["ecdsa-p256"] = SignatureAlgorithm.EcdsaP256,
        ["ecdsa-p384"] = SignatureAlgorithm.EcdsaP384,
        ["ecdsa-p521"] = SignatureAlgorithm.EcdsaP521,
        ["ed25519"] = SignatureAlgorithm.Ed25519,
        ["rsa"] = SignatureAlgorithm.RsaPkcs1,
    };

    internal static Command Create(Session session)
    {
        var file = new Argument<string>("FILE")
        {
            Description = "where to write the private key, such as training.key; the public key goes beside it, as training.pub",
        };
        var algorithm = new Option<string>("--algorithm")
        {
            Description = "the kind of key",
            DefaultValueFactory = _ => "ecdsa-p256",
            HelpName = string.Join('|', Algorithms.Keys),
        };
        algorithm.AcceptOnlyFromAmong([.. Algorithms.Keys]);
        var bits = new Option<int?>("--bits") { Description = "the size of an RSA key (3072)", HelpName = "N" };
        var format = new Option<string>("--format")
        {
            Description = "pkcs8: PEM that openssl reads; cosign: the encrypted form that cosign reads too",
            DefaultValueFactory = _ => "pkcs8",
            HelpName = "pkcs8|cosign",
        };
        format.AcceptOnlyFromAmong("pkcs8", "cosign");
        var password = Options.PasswordFile();
        var noPassword = new Option<bool>("--no-password")
        {
            Description = "write the private key unencrypted; it is readable by its owner only",
        };
        var verb = new Verb(
            "keygen",
            "Make a key pair. An existing file is never overwritten.",
            "artifact-trust keygen training.key",
            "artifact-trust keygen gate.key --algorithm ed25519 --password-file /run/secrets/key-password"
        )
        {
            file,
            algorithm,
            bits,
            format,
            password,
            noPassword,
            Options.Output(),
        };
        verb.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            if (parsed.GetValue(noPassword) && (parsed.GetValue(password) is not null || parsed.GetValue(format) == "cosign"))
            {
                throw CliException.Usage(
                    "--no-password goes with neither --password-file nor --format cosign",
                    "cosign's form is always encrypted"
                );
            }
            foreach (var target in (string[])[path, KeyFile.PublicKeyPath(path)])
            {
                if (Path.Exists(target))
                {
                    throw CliException.Usage($"'{target}' exists and is not overwritten", "choose another name, or move the old key away");
                }
            }
            using var secret = parsed.GetValue(noPassword) ? null : KeyLoader.ForNewKey(session.Terminal, parsed.GetValue(password));
            using var key = Generate(Algorithms[parsed.GetValue(algorithm)!], parsed.GetValue(bits));
            var kind =
                secret is null ? KeyFileFormat.Pkcs8
                : parsed.GetValue(format) == "cosign" ? KeyFileFormat.Sigstore
                : KeyFileFormat.EncryptedPkcs8;
            try
            {
                KeyFile.Write(path, key, kind, secret);
            }
            catch (ArgumentException e)
            {
                throw CliException.Usage(CliException.Reason(e), "give a password that is not empty", e);
            }
            Report(session, path, key.PublicKey);
            return ExitCode.Success;
        });
        return verb;
    }

    private static SigningKey Generate(SignatureAlgorithm algorithm, int? bits)
    {
        try
        {
            return SigningKey.Generate(algorithm, bits);
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage($"--bits: {CliException.Reason(e)}", null, e);
        }
    }

    private static void Report(Session session, string path, VerificationKey key)
    {
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, "keygen", "ok", ExitCode.Success);
                writer.WriteString("privateKey", path);
                writer.WriteString("publicKey", KeyFile.PublicKeyPath(path));
                writer.WriteString("algorithm", key.Algorithm.Name);
                writer.WriteString("keyFingerprint", key.Fingerprint.ToString());
                writer.WriteEndObject();
            });
            return;
        }
        terminal.Line($"private key  {path} (keep it secret)");
        terminal.Line($"public key   {KeyFile.PublicKeyPath(path)}");
        terminal.Line($"fingerprint  {key.Fingerprint} ({key.Algorithm})");
    }
}
