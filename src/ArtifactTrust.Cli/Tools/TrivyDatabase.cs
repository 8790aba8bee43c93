using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning;

namespace ArtifactTrust.Cli.Tools;

/// <summary>What Trivy's vulnerability database says of itself.</summary>
/// <param name="SchemaVersion">The version of its schema.</param>
/// <param name="UpdatedAt">When its publisher made it, UTC.</param>
internal sealed record TrivyDatabase(int SchemaVersion, DateTimeOffset UpdatedAt)
{
    /// <summary>Where Trivy gets the database from if nobody says otherwise.</summary>
    public const string DefaultUri = "pkg:github/aquasecurity/trivy-db";

    private const string FormatName = "Trivy database metadata";
    private const int MetadataBytes = 64 << 10;

    // trivy-db has had this schema since 2021; Trivy refuses another.
    private const int SupportedSchema = 2;

    // A clock that is a little off is no reason to refuse; a database from the future would never become old.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromDays(1);

    /// <summary>Reads the metadata of the database in a cache directory.</summary>
    /// <exception cref="ScannerException">There is no database, or it cannot be read.</exception>
    public static TrivyDatabase Read(string cacheDirectory)
    {
        var path = Path.Join(cacheDirectory, "db", "metadata.json");
        const string hint = "run without --offline once, or give the folder of a database with --trivy-cache";
        if (!File.Exists(Path.Join(cacheDirectory, "db", "trivy.db")))
        {
            throw new ScannerException($"there is no vulnerability database in '{cacheDirectory}'", hint);
        }
        try
        {
            using var file = File.OpenRead(path);
            StrictJson.CheckLength(file.Length, FormatName, MetadataBytes);
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            var database = Parse(StrictJson.Parse(bytes, FormatName, MetadataBytes));
            return database.SchemaVersion == SupportedSchema
                ? database
                : throw new ScannerException(
                    $"the vulnerability database in '{cacheDirectory}' has schema {database.SchemaVersion}; Trivy reads {SupportedSchema}",
                    database.SchemaVersion < SupportedSchema
                        ? "it is too old for this Trivy: run without --offline once"
                        : "it is newer than the Trivy versions that this program knows: update both"
                );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            throw new ScannerException(
                $"the age of the vulnerability database in '{cacheDirectory}' is not known: {e.Message}",
                hint,
                null,
                e
            );
        }
    }

    /// <summary>Judges the age.</summary>
    /// <returns>A note for the report, where an old database was allowed; otherwise null.</returns>
    /// <exception cref="ScannerException">The database is too old, or of the future.</exception>
    public string? CheckAge(DateTimeOffset now, TrivyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var age = now - UpdatedAt;
        if (age < -ClockTolerance)
        {
            throw new ScannerException(
                $"the vulnerability database says it was made on {UpdatedAt:yyyy-MM-dd}, which is in the future",
                "check the clock of this machine, and where the database came from"
            );
        }
        if (age <= options.MaximumDatabaseAge)
        {
            return null;
        }
        var sentence =
            $"the vulnerability database is {age.TotalDays:0} days old ({UpdatedAt:yyyy-MM-dd}); at most {options.MaximumDatabaseAge.TotalDays:0.##} days are allowed";
        return options.AllowStaleDatabase
            ? $"{sentence}, and an older one was allowed for this scan"
            : throw new ScannerException(sentence, "update it (run without --offline), or raise --max-db-age");
    }

    /// <summary>The database as reports name it.</summary>
    public VulnerabilityDatabase ToVulnerabilityDatabase(TrivyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new VulnerabilityDatabase(
            options.DatabaseRepository is { Length: > 0 } repository ? $"oci://{repository}" : DefaultUri,
            SchemaVersion.ToString(System.Globalization.CultureInfo.InvariantCulture),
            UpdatedAt
        );
    }

    /// <summary>Reads the metadata.</summary>
    /// <exception cref="MalformedDataException">It lacks the version of the schema, or its time.</exception>
    internal static TrivyDatabase Parse(JsonElement json)
    {
        if (
            json.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("Version", out var version)
            || version.ValueKind != JsonValueKind.Number
            || !version.TryGetInt32(out var number)
        )
        {
            throw new MalformedDataException(FormatName, "$.Version", "a number is required");
        }
        StrictJson.RequiredString(json, nameof(UpdatedAt), FormatName, "$");
        return json.GetProperty(nameof(UpdatedAt)).TryGetDateTimeOffset(out var updated)
            ? new TrivyDatabase(number, updated.ToUniversalTime())
            : throw new MalformedDataException(FormatName, "$.UpdatedAt", "a time (RFC 3339) is required");
    }
}
