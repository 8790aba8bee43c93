using System.ComponentModel;
using System.Diagnostics;
using ArtifactTrust.Cli.Tools;

namespace ArtifactTrust.Cli.Oidc;

/// <summary>The person's own browser.</summary>
internal static class WebBrowser
{
    /// <summary>Whether a browser would open where the person sees it.</summary>
    internal static bool IsHere =>
        Opener() is not null
        && (
            !OperatingSystem.IsLinux()
            || (
                Environment.GetEnvironmentVariable("SSH_CONNECTION") is null
                && ((string[])["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"]).Any(n =>
                    !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(n))
                )
            )
        );

    /// <summary>Opens a URL.</summary>
    /// <returns>Whether something was started that should open it.</returns>
    internal static bool Open(Uri url)
    {
        ProcessStartInfo start;
        if (OperatingSystem.IsWindows())
        {
            start = new ProcessStartInfo(url.AbsoluteUri) { UseShellExecute = true };
        }
        else if (Opener() is { } opener)
        {
            // What browsers print must not get into our output, and a pipe would break when we end; so the shell discards it. It is given the
            // URL as an argument, and interprets nothing of it.
            start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$1\" >/dev/null 2>&1 </dev/null", opener, url.AbsoluteUri]);
            SecretVariables.RemoveFrom(start.Environment);
        }
        else
        {
            return false;
        }
        try
        {
            using var process = Process.Start(start);
            return true;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            return false;
        }
    }

    private static string? Opener() =>
        OperatingSystem.IsWindows()
            ? ""
            : ProgramPath.Find(OperatingSystem.IsMacOS() ? "open" : "xdg-open", Environment.GetEnvironmentVariable("PATH"));
}
