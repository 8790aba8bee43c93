using System.Security.Cryptography;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Cli.Commands;

/// <summary>Reads key files for commands; everything wrong with one is a usage error.</summary>
internal static class KeyLoader
{
    private const string CosignPasswordVariable = "COSIGN_PASSWORD";

    /// <summary>Reads the trusted public keys.</summary>
    /// <exception cref="CliException">A file is absent or is no public key.</exception>
    internal static TrustedKeys Public(IEnumerable<string> paths)
    {
        var keys = new List<VerificationKey>();
        foreach (var path in paths)
        {
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

    private static KeyPassword? Ask(Terminal terminal, string path)
    {
        if (!terminal.IsInteractive || System.Console.IsInputRedirected)
        {
            return null;
        }
        var typed = Typed(terminal, $"Password of {path}: ");
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
            var bytes = Read(passwordFile);
            try
            {
                return KeyPassword.FromUtf8(bytes.AsSpan().TrimEnd("\r\n"u8));
            }
            finally
            {
                CryptographicOperations.ZeroMemory(bytes);
            }
        }
        var variable =
            Environment.GetEnvironmentVariable(Options.PasswordVariable) ?? Environment.GetEnvironmentVariable(CosignPasswordVariable);
        return variable is null ? null : KeyPassword.FromText(variable);
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
