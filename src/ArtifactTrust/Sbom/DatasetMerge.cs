using System.Globalization;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom.Readers;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom;

/// <summary>Makes one dataset's description from what its files say.</summary>
internal static class DatasetMerge
{
    /// <summary>Fills in the dataset's component.</summary>
    internal static SbomComponent Describe(
        SbomComponent dataset,
        IReadOnlyList<SbomProperty> properties,
        IReadOnlyList<InspectedFile> files
    )
    {
        var isFile = dataset.Digest is not null;
        var facts = files
            .Where(f => f.Facts?.Dataset is not null && (isFile || (f.Facts.Role == FileRole.Description && f.IsAtTop)))
            .Select(f => f.Facts!.Dataset!)
            .ToList();
        var contents = isFile ? Contents(facts.SingleOrDefault()) : Contents(facts, files);
        var declared = facts.SelectMany(f => f.Distribution).ToList();
        return dataset with
        {
            Description = First(facts, f => f.Description),
            Version = dataset.Version ?? First(facts, f => f.Version),
            Licenses = [.. facts.SelectMany(f => f.Licenses).DistinctBy(l => l.ToString())],
            ExternalReferences =
            [
                .. facts.Select(f => f.Url).OfType<string>().Select(u => new SbomExternalReference("website", u)),
                .. declared
                    .Where(d => Iri.OrNull(d.Address) is not null)
                    .Select(d => new SbomExternalReference(
                        "distribution",
                        d.Address,
                        d.Sha256 is null ? null : Digest.FromHex(DigestAlgorithm.Sha256, d.Sha256)
                    )),
            ],
            Properties = [.. properties, .. Mismatches(declared, files)],
            Dataset = new SbomDataset(
                First(facts, f => f.Name) ?? dataset.Name,
                First(facts, f => f.Url),
                First(facts, f => f.Description),
                contents
            )
            {
                SensitiveData = [.. facts.SelectMany(f => f.SensitiveData).Distinct(StringComparer.Ordinal)],
            },
        };
    }

    /// <summary>The contents of one file as properties.</summary>
    internal static IReadOnlyList<SbomProperty> Contents(DatasetFacts? facts) =>
        facts is null ? [] : [.. Counted((UInt128?)facts.Rows, facts.ColumnCount), .. facts.Columns.Select(Column), .. facts.Properties];

    /// <summary>
    /// The contents of a directory: what descriptions say, and where all its data files are of one format and have the same columns, as
    /// the parts and splits of one table have, those columns and the sum of the rows. Tables of several kinds have no one number of rows.
    /// </summary>
    private static List<SbomProperty> Contents(List<DatasetFacts> descriptions, IReadOnlyList<InspectedFile> files)
    {
        var data = files.Where(f => f.Facts?.Role == FileRole.Data).ToList();
        var isOneTable =
            data.Count > 0
            && data.All(f =>
                f.Facts!.Format == data[0].Facts!.Format
                && f.Facts.Dataset is { Rows: not null } d
                && d.Columns.SequenceEqual(data[0].Facts!.Dataset!.Columns)
            );
        var table = isOneTable ? data[0].Facts!.Dataset : null;
        var rows = UInt128.Zero;
        foreach (var file in isOneTable ? data : [])
        {
            rows += (ulong)file.Facts!.Dataset!.Rows!.Value;
        }
        var described = descriptions.Find(d => d.ColumnCount is not null) ?? table;
        return
        [
            .. Counted(isOneTable ? rows : null, described?.ColumnCount),
            .. (described?.Columns ?? []).Select(Column),
            .. descriptions.SelectMany(d => d.Properties),
        ];
    }

    private static IEnumerable<SbomProperty> Counted(UInt128? rows, long? columns)
    {
        if (rows is { } r)
        {
            yield return new SbomProperty(SbomPropertyNames.Rows, r.ToString(CultureInfo.InvariantCulture));
        }
        if (columns is { } c)
        {
            yield return new SbomProperty(SbomPropertyNames.ColumnCount, c.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static SbomProperty Column(string column) => new(SbomPropertyNames.Column, FileText.Clean(column)!);

    /// <summary>Files of the directory whose digest is another than the description's.</summary>
    private static IEnumerable<SbomProperty> Mismatches(List<DistributionFile> declared, IReadOnlyList<InspectedFile> files)
    {
        var stated = declared
            .Where(d => d.Sha256 is not null)
            .ToLookup(d => d.Address.StartsWith("./", StringComparison.Ordinal) ? d.Address[2..] : d.Address, StringComparer.Ordinal);
        foreach (var file in files)
        {
            if (
                file.Entry.Digest.Algorithm == DigestAlgorithm.Sha256
                && stated[file.Entry.Name].Any(d => d.Sha256 != file.Entry.Digest.Hex)
            )
            {
                yield return new SbomProperty(SbomPropertyNames.DigestMismatch, file.Entry.Name);
            }
        }
    }

    private static string? First(List<DatasetFacts> facts, Func<DatasetFacts, string?> value) =>
        FileText.Clean(facts.Select(value).FirstOrDefault(v => !string.IsNullOrWhiteSpace(v)));
}
