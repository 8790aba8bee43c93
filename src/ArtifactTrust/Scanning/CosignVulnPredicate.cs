using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning;

/// <summary>The predicate that carries a scanner's whole report, as cosign defines it.</summary>
/// <remarks>
/// Spec: cosign, "Vulnerability Scan Record Attestation". Trivy's own form of it leaves the database empty; here <c>scanner.db</c> is filled
/// in (<c>uri</c>, <c>version</c>, <c>lastUpdate</c>), and <c>scanner.uri</c> carries the digest of the executable as the package URL's <c>checksum</c>.
/// </remarks>
public static class CosignVulnPredicate
{
    /// <summary>The predicate's type.</summary>
    public const string Type = CosignVuln.TypeUri;

    /// <summary>Makes the predicate.</summary>
    /// <param name="report">Who scanned, when, and with which database.</param>
    /// <param name="result">The scanner's report, as the scanner wrote it.</param>
    /// <returns>UTF-8 JSON on one line.</returns>
    public static byte[] Create(ScanReport report, TrivyReport result)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(result);
        return PredicateJson.Write(writer =>
            new CosignVuln
            {
                ScannerUri = report.Scanner.ToUri(),
                ScannerVersion = report.Scanner.Version,
                DatabaseUri = report.Scanner.Database?.Uri,
                DatabaseVersion = report.Scanner.Database?.Version,
                DatabaseUpdated = report.Scanner.Database?.UpdatedAt,
                ScanStartedOn = report.StartedOn,
                ScanFinishedOn = report.FinishedOn,
                Result = result.Json,
            }.WriteTo(writer)
        );
    }
}

/// <summary>What the scan predicates have in common.</summary>
internal static class PredicateJson
{
    internal static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }
        return buffer.WrittenSpan.ToArray();
    }

    internal static void WriteScanner(Utf8JsonWriter writer, ScannerIdentity scanner)
    {
        writer.WriteString("uri", scanner.ToUri());
        writer.WriteString("version", scanner.Version);
        if (scanner.Database is { } database)
        {
            writer.WriteStartObject("db");
            writer.WriteString("uri", database.Uri);
            writer.WriteString("version", database.Version);
            writer.WriteString("lastUpdate", Time(database.UpdatedAt));
            writer.WriteEndObject();
        }
    }

    internal static void WriteTimes(Utf8JsonWriter writer, ScanReport report)
    {
        writer.WriteStartObject("metadata");
        writer.WriteString("scanStartedOn", Time(report.StartedOn));
        writer.WriteString("scanFinishedOn", Time(report.FinishedOn));
        writer.WriteEndObject();
    }

    internal static string Time(DateTimeOffset time) => Rfc3339.Format(time);
}
