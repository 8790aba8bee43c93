using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>--platform</c>: the manifest of one platform in place of an image's index.</summary>
internal static class PlatformOption
{
    internal static Option<string?> Create() =>
        new("--platform")
        {
            Description = "of an image for several platforms, look at this platform's manifest and not at the index",
            HelpName = "OS/ARCH[/VARIANT]",
        };

    /// <summary>Reads the option for subjects of which one at least is an image.</summary>
    /// <exception cref="CliException">It is not of the form, or no subject is an image.</exception>
    internal static Platform? ReadFor(IEnumerable<Subject> subjects, string? text) =>
        text is null || subjects.Any(s => s is Subject.Image) ? Read(text) : throw CliException.Usage("--platform is for images only");

    /// <summary>Reads the option.</summary>
    /// <exception cref="CliException">It is not of the form.</exception>
    internal static Platform? Read(string? text) =>
        text?.Split('/') switch
        {
            null => null,
            [{ Length: > 0 } os, { Length: > 0 } architecture] => new Platform(os, architecture),
            [{ Length: > 0 } os, { Length: > 0 } architecture, { Length: > 0 } variant] => new Platform(os, architecture, variant),
            _ => throw CliException.Usage($"--platform is to be OS/ARCH[/VARIANT], not '{text}'", "such as linux/amd64 or linux/arm/v7"),
        };
}
