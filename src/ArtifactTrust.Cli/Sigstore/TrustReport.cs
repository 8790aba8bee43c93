using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Cli.Sigstore;

/// <summary>What is trusted of an instance, as text or JSON.</summary>
internal static class TrustReport
{
    /// <summary>Writes the report of a command that succeeded.</summary>
    internal static int Write(Session session, string verb, string result, SigstoreInstance instance, ProfileStore profiles)
    {
        if (session.Terminal.Json)
        {
            session.Terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, $"trust {verb}", result, ExitCode.Success);
                WriteJson(writer, instance);
                writer.WriteStrings("profiles", profiles.Profiles.Select(p => p.Name));
                writer.WriteEndObject();
            });
            return ExitCode.Success;
        }
        WriteText(session.Terminal, instance, result);
        if (verb == "show")
        {
            Line(session.Terminal, "profiles", string.Join(", ", profiles.Profiles.Select(p => p.Name)));
        }
        return ExitCode.Success;
    }

    private static void WriteText(Terminal terminal, SigstoreInstance instance, string result)
    {
        terminal.Line($"{result}: {Terminal.Clean(instance.Profile.Name)}");
        Line(terminal, "from", instance.Source);
        if (instance.Repository is { } repository)
        {
            Line(terminal, "root", $"version {repository.RootVersion}, timestamp version {repository.TimestampVersion}");
            Line(terminal, "refreshed", Time(repository.Refreshed) ?? "not known");
            Line(terminal, "expires", Rfc3339.Format(repository.Expires));
            Line(terminal, "kept in", repository.Directory);
        }
        foreach (var log in instance.Root.TransparencyLogs)
        {
            Line(terminal, "log", Describe(log));
        }
        foreach (var authority in instance.Root.CertificateAuthorities)
        {
            Line(terminal, "authority", Describe(authority));
        }
        foreach (var log in instance.Root.CertificateLogs)
        {
            Line(terminal, "CT log", Describe(log));
        }
        foreach (var authority in instance.Root.TimestampAuthorities)
        {
            Line(terminal, "time", Describe(authority));
        }
        foreach (var (kind, service) in Services(instance.Config))
        {
            Line(
                terminal,
                "service",
                $"{kind} {service.Url} (API {service.MajorApiVersion}), {service.ValidFor}{(service.Operator.Length > 0 ? $", run by {service.Operator}" : "")}"
            );
        }
        if (instance.Issuer is { } issuer)
        {
            Line(terminal, "issuer", $"{issuer} (by the profile)");
        }
    }

    private static void Line(Terminal terminal, string label, string value) => terminal.Line($"  {label, -10} {Terminal.Clean(value)}");

    private static string Describe(LogInstance log) =>
        $"{log.BaseUrl}, {log.Key.Algorithm}, id {Convert.ToHexStringLower(log.LogId.Span)}, {log.ValidFor}";

    private static string Describe(CertificateAuthority authority) =>
        $"{authority.Name}{(authority.Uri is null ? "" : $", {authority.Uri}")}, anchor sha256:{Fingerprint(authority)}, {authority.ValidFor}";

    private static string Fingerprint(CertificateAuthority authority) =>
        DigestAlgorithm.Sha256.Hash(authority.Anchor.RawDataMemory.Span).Hex;

    private static IEnumerable<(string Kind, SigningService Service)> Services(SigningConfig? config) =>
        config is null
            ? []
            :
            [
                .. config.CertificateAuthorities.Select(s => ("authority", s)),
                .. config.Issuers.Select(s => ("issuer", s)),
                .. config.TransparencyLogs.Select(s => ("log", s)),
                .. config.TimestampAuthorities.Select(s => ("time", s)),
            ];

    private static void WriteJson(Utf8JsonWriter writer, SigstoreInstance instance)
    {
        writer.WriteString("profile", instance.Profile.Name);
        writer.WriteString("source", instance.Source);
        if (instance.Repository is { } repository)
        {
            writer.WriteStartObject("repository");
            writer.WriteString("directory", repository.Directory);
            writer.WriteNumber("rootVersion", repository.RootVersion);
            writer.WriteNumber("timestampVersion", repository.TimestampVersion);
            writer.WriteString("refreshed", Time(repository.Refreshed));
            writer.WriteString("expires", Rfc3339.Format(repository.Expires));
            writer.WriteEndObject();
        }
        WriteLogs(writer, "transparencyLogs", instance.Root.TransparencyLogs);
        WriteAuthorities(writer, "certificateAuthorities", instance.Root.CertificateAuthorities);
        WriteLogs(writer, "certificateLogs", instance.Root.CertificateLogs);
        WriteAuthorities(writer, "timestampAuthorities", instance.Root.TimestampAuthorities);
        writer.WriteStartArray("services");
        foreach (var (kind, service) in Services(instance.Config))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", kind);
            writer.WriteString("url", service.Url.ToString());
            writer.WriteNumber("majorApiVersion", service.MajorApiVersion);
            writer.WriteString("operator", service.Operator);
            WritePeriod(writer, service.ValidFor);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteString("servicesSource", instance.ConfigSource);
    }

    private static void WriteLogs(Utf8JsonWriter writer, string name, IReadOnlyList<LogInstance> logs)
    {
        writer.WriteStartArray(name);
        foreach (var log in logs)
        {
            writer.WriteStartObject();
            writer.WriteString("url", log.BaseUrl.ToString());
            writer.WriteString("logId", Convert.ToHexStringLower(log.LogId.Span));
            writer.WriteString("algorithm", log.Key.Algorithm.ToString());
            WritePeriod(writer, log.ValidFor);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteAuthorities(Utf8JsonWriter writer, string name, IReadOnlyList<CertificateAuthority> authorities)
    {
        writer.WriteStartArray(name);
        foreach (var authority in authorities)
        {
            writer.WriteStartObject();
            writer.WriteString("name", authority.Name);
            writer.WriteString("url", authority.Uri?.ToString());
            writer.WriteString("anchor", $"sha256:{Fingerprint(authority)}");
            WritePeriod(writer, authority.ValidFor);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WritePeriod(Utf8JsonWriter writer, ValidityPeriod period)
    {
        writer.WriteString("start", Time(period.Start));
        writer.WriteString("end", Time(period.End));
    }

    private static string? Time(DateTimeOffset? time) => time is { } known ? Rfc3339.Format(known) : null;
}
