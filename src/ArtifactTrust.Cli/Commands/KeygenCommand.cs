using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Keys.Hardware;

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
        ["ml-dsa-44"] = SignatureAlgorithm.MLDsa44,
        ["ml-dsa-65"] = SignatureAlgorithm.MLDsa65,
        ["ml-dsa-87"] = SignatureAlgorithm.MLDsa87,
        ["rsa"] = SignatureAlgorithm.RsaPkcs1,
    };

    internal static Command Create(Session session)
    {
        var file = new Argument<string>("FILE")
        {
            Description =
                "where to write the private key, such as training.key; the public key goes beside it, as training.pub. With --key: where to write the public key",
        };
        var key = new Option<string?>("--key", "--pkcs11")
        {
            Description = "make the key in the PKCS#11 token that the URI names (object=NAME is the new key's label)",
            HelpName = "pkcs11:URI",
        };
        var existing = new Option<bool>("--existing")
        {
            Description = "make no key: write the public half of the one that --key names (pkcs11: or tpm2:)",
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
            "artifact-trust keygen training.pub --key 'pkcs11:token=release;object=training' --password-file /run/secrets/pin"
        )
        {
            file,
            key,
            existing,
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
            if (parsed.GetValue(key) is { } uri)
            {
                if (parsed.GetValue(noPassword) || parsed.GetResult(format) is { Implicit: false })
                {
                    throw CliException.Usage(
                        "--key goes with neither --no-password nor --format",
                        "a key in a token is written to no file"
                    );
                }
                var isGiven = parsed.GetResult(algorithm) is { Implicit: false } || parsed.GetValue(bits) is not null;
                return InHardware(
                    session,
                    path,
                    uri,
                    parsed.GetValue(password),
                    !parsed.GetValue(existing) ? (Algorithms[parsed.GetValue(algorithm)!], parsed.GetValue(bits))
                        : !isGiven ? null
                        : throw CliException.Usage("--existing goes with neither --algorithm nor --bits", "the key has its algorithm")
                );
            }
            if (parsed.GetValue(existing))
            {
                throw CliException.Usage("--existing needs --key", "such as --key 'pkcs11:token=release;object=training'");
            }
            // Files of that name are handed out.
            if (path.EndsWith(".pub", StringComparison.Ordinal) || path.EndsWith(".pub.pem", StringComparison.Ordinal))
            {
                throw CliException.Usage(
                    $"'{path}' is the name of a public key, and the private one is written there",
                    "name it NAME.key; for a key in a token give --key"
                );
            }
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
            using var pair = Generate(Algorithms[parsed.GetValue(algorithm)!], parsed.GetValue(bits));
            var kind =
                secret is null ? KeyFileFormat.Pkcs8
                : parsed.GetValue(format) == "cosign" ? KeyFileFormat.Sigstore
                : KeyFileFormat.EncryptedPkcs8;
            try
            {
                KeyFile.Write(path, pair, kind, secret);
            }
            catch (ArgumentException e)
            {
                throw CliException.Usage(CliException.Reason(e), "give a password that is not empty", e);
            }
            if (secret is { IsEmpty: true })
            {
                session.Terminal.Warn("the password is empty: whoever has the file can use the key");
            }
            Report(session, path, KeyFile.PublicKeyPath(path), pair.PublicKey);
            return ExitCode.Success;
        });
        return verb;
    }

    /// <summary>A new key in a token, or an old one where <paramref name="wanted"/> is null. Its public half is written.</summary>
    private static int InHardware(
        Session session,
        string path,
        string uri,
        string? passwordFile,
        (SignatureAlgorithm Algorithm, int? Bits)? wanted
    )
    {
        if (!HardwareKey.IsUri(uri))
        {
            throw CliException.Usage(
                "--key of keygen is a pkcs11: URI",
                "a key in a file is made without it: artifact-trust keygen training.key"
            );
        }
        if (path.EndsWith(".key", StringComparison.Ordinal) || path.EndsWith(".key.pem", StringComparison.Ordinal))
        {
            throw CliException.Usage(
                $"'{path}' is the name of a private key, and only the public half is written",
                $"say {KeyFile.PublicKeyPath(path)}"
            );
        }
        if (Path.Exists(path))
        {
            throw CliException.Usage($"'{path}' exists and is not overwritten", "choose another name, or move the old key away");
        }
        void Write(VerificationKey key) => DurableFile.Write(path, System.Text.Encoding.ASCII.GetBytes(key.ToPem()), replace: false);
        VerificationKey Make(SignatureAlgorithm algorithm, int? bits)
        {
            try
            {
                return KeyLoader.GenerateInHardware(session.Terminal, uri, passwordFile, algorithm, bits, Write);
            }
            catch (ArgumentException e)
            {
                throw Unusable(e);
            }
        }
        using var key = wanted is var (algorithm, bits)
            ? Make(algorithm, bits)
            : KeyLoader.PublicInHardware(session.Terminal, uri, passwordFile);
        if (wanted is null)
        {
            Write(key);
        }
        Report(session, null, path, key);
        return ExitCode.Success;
    }

    private static SigningKey Generate(SignatureAlgorithm algorithm, int? bits)
    {
        try
        {
            return SigningKey.Generate(algorithm, bits);
        }
        catch (ArgumentException e)
        {
            throw Unusable(e);
        }
    }

    private static CliException Unusable(ArgumentException e) =>
        CliException.Usage($"{(e.ParamName == "algorithm" ? "--algorithm" : "--bits")}: {CliException.Reason(e)}", null, e);

    private static void Report(Session session, string? privatePath, string publicPath, VerificationKey key)
    {
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, "keygen", "ok", ExitCode.Success);
                if (privatePath is not null)
                {
                    writer.WriteString("privateKey", privatePath);
                }
                writer.WriteString("publicKey", publicPath);
                writer.WriteString("algorithm", key.Algorithm.Name);
                writer.WriteString("keyFingerprint", key.Fingerprint.ToString());
                writer.WriteEndObject();
            });
            return;
        }
        terminal.Line(privatePath is null ? "private key  stays in the device" : $"private key  {privatePath} (keep it secret)");
        terminal.Line($"public key   {publicPath}");
        terminal.Line($"fingerprint  {key.Fingerprint} ({key.Algorithm})");
    }
}
