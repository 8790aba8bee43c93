using System.Security.Cryptography;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Keys.Hardware;

namespace ArtifactTrust.Cli.Commands;

/// <summary>Reads key files and opens keys in hardware for commands. Everything wrong with one is a usage error; a device that fails is not.</summary>
internal static class KeyLoader
{
    internal const string CosignPasswordVariable = "COSIGN_PASSWORD";
    internal const string PinVariable = "ARTIFACT_TRUST_PIN";
    private const string ModuleVariable = "ARTIFACT_TRUST_PKCS11_MODULE";

    /// <summary>Reads the trusted public keys.</summary>
    /// <param name="paths">Files, or URIs of keys in hardware. A PIN comes from a file that the URI names or from the environment.</param>
    /// <exception cref="CliException">A file is absent or is no public key, or a key in hardware cannot be read.</exception>
    internal static TrustedKeys Public(IEnumerable<string> paths)
    {
        var keys = new List<VerificationKey>();
        foreach (var path in paths)
        {
            if (HardwareKey.IsUri(path))
            {
                keys.Add(InHardware(path, () => HardwareKey.ReadVerificationKey(path, Access(_ => PinFromEnvironment()))));
                continue;
            }
            try
            {
                keys.Add(VerificationKey.FromPem(System.Text.Encoding.UTF8.GetString(Read(path))));
            }
            catch (MalformedDataException e)
            {
                throw CliException.Usage($"the key '{path}' cannot be used: {e.Reason}", null, e);
            }
        }
        return new TrustedKeys(keys);
    }

    /// <summary>Reads a private key, asking for its password where it has one.</summary>
    /// <exception cref="CliException">The file is absent or is no private key, or the password is missing or wrong.</exception>
    internal static SigningKey Private(Terminal terminal, string path, string? passwordFile)
    {
        if (HardwareKey.IsUri(path))
        {
            RefuseTwoPins(path, passwordFile);
            return InHardware(
                path,
                () => HardwareKey.OpenSigningKey(path, Access(token => GivenPin(passwordFile) ?? AskPin(terminal, token)))
            );
        }
        var utf8 = Read(path);
        try
        {
            return KeyFile.ParseSigningKey(utf8, () => GivenPassword(passwordFile) ?? Ask(terminal, path));
        }
        catch (KeyPasswordException e)
        {
            throw e.IsMissing
                ? CliException.Usage(
                    $"the key '{path}' is encrypted, and no password was given",
                    $"give --password-file FILE or set {Options.PasswordVariable}",
                    e
                )
                : CliException.Usage($"the password of the key '{path}' is wrong, or the file is damaged", null, e);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"the key '{path}' cannot be used: {e.Reason}", null, e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(utf8);
        }
    }

    /// <summary>The password for a new key: from the file, the environment, or a prompt that asks twice; null for none.</summary>
    /// <exception cref="CliException">There is no way to ask, or the two differ.</exception>
    internal static KeyPassword? ForNewKey(Terminal terminal, string? passwordFile)
    {
        if (GivenPassword(passwordFile) is { } given)
        {
            return given;
        }
        if (!terminal.IsInteractive || System.Console.IsInputRedirected)
        {
            throw CliException.Usage(
                "there is no password for the new key",
                $"give --password-file FILE, set {Options.PasswordVariable}, or say --no-password to write the key unencrypted"
            );
        }
        var first = Typed(terminal, "Password for the new key: ");
        var second = Typed(terminal, "Again: ");
        try
        {
            return first.SequenceEqual(second) ? KeyPassword.FromText(first) : throw CliException.Usage("the two passwords differ");
        }
        finally
        {
            Array.Clear(first);
            Array.Clear(second);
        }
    }

    /// <summary>Makes a key pair in a token; it is deleted again where <paramref name="keep"/> throws.</summary>
    /// <exception cref="CliException">The token cannot be used, or does not make such a key.</exception>
    internal static VerificationKey GenerateInHardware(
        Terminal terminal,
        string uri,
        string? passwordFile,
        SignatureAlgorithm algorithm,
        int? bits,
        Action<VerificationKey> keep
    )
    {
        RefuseTwoPins(uri, passwordFile);
        return InHardware(
            uri,
            () => HardwareKey.Generate(uri, algorithm, bits, Access(token => GivenPin(passwordFile) ?? AskPin(terminal, token)), keep)
        );
    }

    /// <summary>Reads the public half of a key in hardware.</summary>
    /// <exception cref="CliException">The key cannot be read.</exception>
    internal static VerificationKey PublicInHardware(Terminal terminal, string uri, string? passwordFile)
    {
        RefuseTwoPins(uri, passwordFile);
        return InHardware(
            uri,
            () => HardwareKey.ReadVerificationKey(uri, Access(token => GivenPin(passwordFile) ?? AskPin(terminal, token)))
        );
    }

    private static T InHardware<T>(string uri, Func<T> open)
    {
        // A URI that cannot be read may hold a PIN, so that only what it names is repeated.
        var scheme = uri[..(uri.IndexOf(':', StringComparison.Ordinal) + 1)];
        try
        {
            return open();
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"the key '{scheme}…' cannot be used: {e.Location}: {e.Reason}", null, e);
        }
        catch (HardwareKeyException e)
        {
            throw e.Failure switch
            {
                HardwareKeyFailure.Device or HardwareKeyFailure.PinLocked => CliException.CouldNotTell(
                    "hardware-key",
                    e.Message,
                    e.Hint,
                    e
                ),
                HardwareKeyFailure.PinMissing => CliException.Usage(
                    e.Message,
                    $"give --password-file FILE where the verb has it, ?pin-source=file:/PATH at the end of the URI, or set {PinVariable}",
                    e
                ),
                _ => CliException.Usage(e.Message, e.Hint, e),
            };
        }
    }

    private static HardwareKeyAccess Access(Func<string, KeyPassword?> askPin) =>
        new() { AskPin = askPin, Module = Environment.GetEnvironmentVariable(ModuleVariable) is { Length: > 0 } module ? module : null };

    private static void RefuseTwoPins(string uri, string? passwordFile)
    {
        if (passwordFile is not null && uri.Contains("pin-source=", StringComparison.Ordinal))
        {
            throw CliException.Usage("--password-file and pin-source both name a file with the PIN", "give one of them");
        }
    }

    /// <summary>The PIN of a token. Never a password that was meant for something else: a token counts wrong ones.</summary>
    private static KeyPassword? GivenPin(string? passwordFile) => passwordFile is null ? PinFromEnvironment() : FromFile(passwordFile);

    private static KeyPassword? PinFromEnvironment() =>
        Environment.GetEnvironmentVariable(PinVariable) is { Length: > 0 } pin ? KeyPassword.FromText(pin) : null;

    private static KeyPassword? AskPin(Terminal terminal, string token) => Asked(terminal, $"PIN of the token '{token}': ");

    private static KeyPassword? Ask(Terminal terminal, string path) => Asked(terminal, $"Password of {path}: ");

    private static KeyPassword? Asked(Terminal terminal, string label)
    {
        if (!terminal.IsInteractive || System.Console.IsInputRedirected)
        {
            return null;
        }
        var typed = Typed(terminal, label);
        try
        {
            return KeyPassword.FromText(typed);
        }
        finally
        {
            Array.Clear(typed);
        }
    }

    private static KeyPassword? GivenPassword(string? passwordFile)
    {
        if (passwordFile is not null)
        {
            return FromFile(passwordFile);
        }
        var variable =
            Environment.GetEnvironmentVariable(Options.PasswordVariable) ?? Environment.GetEnvironmentVariable(CosignPasswordVariable);
        return variable is null ? null : KeyPassword.FromText(variable);
    }

    private static KeyPassword FromFile(string path)
    {
        var bytes = Read(path);
        try
        {
            return KeyPassword.FromUtf8(bytes.AsSpan().TrimEnd("\r\n"u8));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static char[] Typed(Terminal terminal, string label)
    {
        terminal.Error.Write(label);
        var typed = new char[1024];
        var length = 0;
        for (ConsoleKeyInfo key; (key = System.Console.ReadKey(intercept: true)).Key != ConsoleKey.Enter; )
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                length = Math.Max(0, length - 1);
            }
            else if (!char.IsControl(key.KeyChar) && length < typed.Length)
            {
                typed[length++] = key.KeyChar;
            }
        }
        terminal.Error.WriteLine();
        var exact = typed[..length];
        Array.Clear(typed);
        return exact;
    }

    private static byte[] Read(string path)
    {
        CliException.RequireFile(path, "file");
        try
        {
            return EvidenceFiles.ReadBounded(path, Limits.KeyFileBytes);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"'{path}' cannot be used: {e.Reason}", null, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw CliException.Usage($"'{path}' cannot be read: permission denied", null, e);
        }
    }
}

/// <summary>The trusted keys of one command, which disposes of them.</summary>
/// <param name="Keys">The keys, in the order given.</param>
internal sealed record TrustedKeys(IReadOnlyList<VerificationKey> Keys) : IDisposable
{
    public void Dispose()
    {
        foreach (var key in Keys)
        {
            key.Dispose();
        }
    }
}
