using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Sbom.Readers;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom;

/// <summary>Puts what the files say into one document.</summary>
internal sealed class SubjectDescription(SbomOptions options, string toolVersion)
{
    /// <summary>A directory, whose files become the parts of the subject.</summary>
    internal SbomDocument OfDirectory(FileManifest manifest, IReadOnlyList<InspectedFile> files)
    {
        var identity = manifest.RootDigest.Hex;
        List<SbomProperty> properties = [new(SbomPropertyNames.OmsRoot, identity), new(SbomPropertyNames.DirHash, manifest.DirHash.Hex)];
        if (options.Kind == SbomSubjectKind.Dataset)
        {
            var size = manifest.Entries.Sum(e => (decimal)e.Size);
            properties.Add(new SbomProperty(SbomPropertyNames.TotalSize, size.ToString(CultureInfo.InvariantCulture)));
        }
        var parts = files.Select(Part).ToList();
        return Document(manifest.Entries, identity, digest: null, mediaType: null, properties, files, parts);
    }

    /// <summary>A single file, which is the subject itself.</summary>
    internal SbomDocument OfFile(InspectedFile file) =>
        Document([file.Entry], file.Entry.Digest.Hex, file.Entry.Digest, file.Facts?.MediaType, file.Properties, [file], []);

    private SbomDocument Document(
        IReadOnlyList<ManifestEntry> entries,
        string identity,
        Digest? digest,
        string? mediaType,
        IReadOnlyList<SbomProperty> properties,
        IReadOnlyList<InspectedFile> files,
        List<SbomComponent> parts
    )
    {
        var isModel = options.Kind == SbomSubjectKind.Model;
        var root = new SbomComponent(SbomComponentType.Application, Reference("application", options.Name, identity), options.Name)
        {
            Version = options.Version,
        };
        var subject = new SbomComponent(
            isModel ? SbomComponentType.MachineLearningModel : SbomComponentType.Data,
            Reference(isModel ? "model" : "dataset", options.Name, identity),
            options.Name
        )
        {
            Version = options.Version,
            Digest = digest,
            MediaType = mediaType,
            Components = parts,
        };
        var named = new List<SbomComponent>();
        subject = isModel ? ModelMerge.Describe(subject, properties, files, named) : DatasetMerge.Describe(subject, properties, files);
        var data = parts
            .Where(p => p.Type == SbomComponentType.Data)
            .Select(p => p.Reference!)
            .Concat(named.Select(n => n.Reference!))
            .ToList();
        var document = new SbomDocument(
            SerialNumber(entries),
            options.Timestamp,
            toolVersion,
            root,
            [subject, .. named],
            [
                new SbomDependency(root.Reference!, [subject.Reference!]),
                new SbomDependency(subject.Reference!, data),
                .. data.Select(d => new SbomDependency(d, [])),
            ],
            parts.Count > 0 ? [subject.Reference!] : []
        )
        {
            Training =
                options.TrainingCode is { } code && isModel
                    ? new SbomTraining(
                        code.Component(),
                        [.. subject.ModelCard?.DatasetReferences ?? [], .. subject.Ancestors.Select(a => a.Reference!)],
                        subject.Reference!
                    )
                    : null,
        };
        return options.Card?.ApplyTo(document) ?? document;
    }

    private static SbomComponent Part(InspectedFile file)
    {
        var isData = file.Facts?.Role == FileRole.Data;
        return new SbomComponent(
            isData ? SbomComponentType.Data : SbomComponentType.File,
            Reference(isData ? "data" : "file", file.Entry.Name, file.Entry.Digest.Hex),
            file.Entry.Name
        )
        {
            Digest = file.Entry.Digest,
            MediaType = file.Facts?.MediaType,
            Licenses = file.Facts?.Model?.Licenses ?? file.Facts?.Dataset?.Licenses ?? [],
            Properties = file.Properties,
            Dataset = isData ? new SbomDataset(file.Entry.Name, null, null, DatasetMerge.Contents(file.Facts!.Dataset)) : null,
        };
    }

    private static string Reference(string kind, string name, string hex) => $"{kind}:{FileText.Clean(name)}@sha256:{hex}";

    /// <summary>A UUID of version 8 over all that the document is made from. Two documents have one number only if they are equal.</summary>
    /// <remarks>Spec: RFC 9562 §5.8.</remarks>
    private Guid SerialNumber(IReadOnlyList<ManifestEntry> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add("artifact-trust SBOM 1");
        Add(toolVersion);
        Add(options.Kind.ToString());
        Add(options.Name);
        Add(options.Version ?? "");
        Add(options.Version is null ? "no version" : "version");
        Add(options.Timestamp.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        if (options.Card is { } card)
        {
            Add($"card {card.Digest}");
        }
        if (options.TrainingCode is { } code)
        {
            Add($"training code {code.Url} {code.Commit}");
        }
        foreach (var entry in entries)
        {
            Add(entry.Name);
            Add(entry.Digest.ToString());
            Add(entry.Size.ToString(CultureInfo.InvariantCulture));
        }
        var uuid = hash.GetHashAndReset().AsSpan(0, 16);
        uuid[6] = (byte)((uuid[6] & 0x0f) | 0x80);
        uuid[8] = (byte)((uuid[8] & 0x3f) | 0x80);
        return new Guid(uuid, bigEndian: true);

        // The length first, so that no two lists of texts give the same bytes.
        void Add(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            hash.AppendData(BitConverter.GetBytes(bytes.LongLength));
            hash.AppendData(bytes);
        }
    }
}
