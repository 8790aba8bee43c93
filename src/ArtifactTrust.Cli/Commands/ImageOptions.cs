using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Deploy;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options that say how registries are reached, for every verb that takes images.</summary>
internal sealed class ImageOptions
{
    private const string SettleVariable = "ARTIFACT_TRUST_SETTLE_TIME";

    private readonly Option<bool> _plainHttp = Options.PlainHttp();

    private readonly Option<string[]> _authorities = new("--registry-ca")
    {
        Description = "a PEM file of authorities to trust for registries, besides the system's; may be given several times",
        HelpName = "FILE",
    };

    private readonly Option<string?> _certificate = new("--registry-cert")
    {
        Description = "the PEM client certificate for registries that ask for one",
        HelpName = "FILE",
    };

    private readonly Option<string?> _key = new("--registry-key")
    {
        Description = "the PEM private key of --registry-cert, where it is not in that file",
        HelpName = "FILE",
    };

    private readonly Option<string> _timeout = new("--registry-timeout")
    {
        Description = "how long one call to a registry may take, with all that is tried again; large blobs get more",
        DefaultValueFactory = _ => "10m",
        HelpName = "N[smh]",
    };

    private Option[] All => [_plainHttp, _authorities, _certificate, _key, _timeout];

    /// <summary>Puts the options on a verb.</summary>
    internal void AddTo(Command verb)
    {
        foreach (var option in All)
        {
            verb.Options.Add(option);
        }
    }

    /// <summary>Throws where one of the options was given, and nothing that is named lies in a registry.</summary>
    /// <exception cref="CliException">See above.</exception>
    internal void RequireRegistry(ParseResult parsed, bool isNamed)
    {
        if (!isNamed)
        {
            parsed.Refuse(All, "is for registries, and none is named");
        }
    }

    /// <summary>The images of one command. What is wrong with the options is told now.</summary>
    /// <exception cref="CliException">A file of certificates is not there.</exception>
    internal Func<Images> Opener(Session session, ParseResult parsed)
    {
        var tls = Tls(parsed);
        var registries = Registries(session, parsed);
        return () => new Images(new RegistryConnections(tls), registries);
    }

    /// <summary>The connections to registries.</summary>
    /// <exception cref="CliException">A file of certificates is not there.</exception>
    internal RegistryConnections Connections(ParseResult parsed) => new(Tls(parsed));

    /// <summary>How registries are spoken to.</summary>
    /// <exception cref="CliException">The time is none.</exception>
    internal RegistryOptions Registries(Session session, ParseResult parsed)
    {
        var overall = Amounts.Time(_timeout.Name, parsed.GetValue(_timeout)!);
        var standard = new RegistryOptions();
        var one = standard.RequestTimeout;
        return new()
        {
            PlainHttp = parsed.GetValue(_plainHttp) ? true : null,
            Credentials = DockerCredentials.FromEnvironment().FindAsync,
            Notice = session.Terminal.Warn,
            Time = session.Time,
            OverallTimeout = overall,
            RequestTimeout = overall < one ? overall : one,
            SettleTime = Environment.GetEnvironmentVariable(SettleVariable) switch
            {
                null or "" => standard.SettleTime,
                "0s" => TimeSpan.Zero,
                var text => Amounts.Time(SettleVariable, text),
            },
        };
    }

    /// <summary>Whether registries are spoken to over http, whatever they are.</summary>
    internal bool IsPlainHttp(ParseResult parsed) => parsed.GetValue(_plainHttp);

    /// <summary>The certificates.</summary>
    /// <exception cref="CliException">A file of certificates is not there.</exception>
    internal RegistryTlsOptions Tls(ParseResult parsed)
    {
        var tls = RegistryTlsOptions.FromSystem() with
        {
            AuthorityFiles = parsed.GetValue(_authorities) ?? [],
            ClientCertificateFile = parsed.GetValue(_certificate),
            ClientKeyFile = parsed.GetValue(_key),
        };
        foreach (var file in tls.AuthorityFiles)
        {
            CliException.RequireFile(file, "--registry-ca");
        }
        foreach (var file in (string?[])[tls.ClientCertificateFile, tls.ClientKeyFile])
        {
            if (file is not null)
            {
                CliException.RequireFile(file, "client certificate or key");
            }
        }
        return tls is { ClientKeyFile: not null, ClientCertificateFile: null }
            ? throw CliException.Usage("--registry-key needs --registry-cert")
            : tls;
    }
}
