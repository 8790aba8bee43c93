namespace ArtifactTrust.Sbom.Spdx;

/// <summary>The words of SPDX 3.0.1 for what an SBOM says.</summary>
internal static class Spdx3Words
{
    internal static bool IsDataset(SbomComponent component) => component.Type == SbomComponentType.Data;

    internal static string TypeName(SbomComponent component) =>
        component.Type switch
        {
            SbomComponentType.MachineLearningModel => "ai_AIPackage",
            SbomComponentType.Data => "dataset_DatasetPackage",
            SbomComponentType.File => "software_File",
            _ => "software_Package",
        };

    internal static string Purpose(SbomComponent component) =>
        component.Type switch
        {
            SbomComponentType.Application => "application",
            SbomComponentType.MachineLearningModel => "model",
            SbomComponentType.Data => "data",
            SbomComponentType.File => "file",
            SbomComponentType.Library => "library",
            SbomComponentType.OperatingSystem => "operatingSystem",
            SbomComponentType.Container => "container",
            _ => throw new ArgumentException($"a component has the type {component.Type}", nameof(component)),
        };

    internal static string Spelled(SpdxRelation relation) =>
        relation switch
        {
            SpdxRelation.Contains => "contains",
            SpdxRelation.DependsOn => "dependsOn",
            SpdxRelation.TrainedOn => "trainedOn",
            SpdxRelation.TestedOn => "testedOn",
            SpdxRelation.DescendantOf => "descendantOf",
            SpdxRelation.Generates => "generates",
            _ => throw new ArgumentOutOfRangeException(nameof(relation), relation, "no such relation"),
        };

    internal static string ExternalReference(string cycloneDx) =>
        cycloneDx switch
        {
            "website" => "altWebPage",
            "distribution" => "altDownloadLocation",
            "vcs" => "vcs",
            "documentation" => "documentation",
            _ => "other",
        };

    internal static string Algorithm(string cycloneDx) =>
        cycloneDx switch
        {
            "MD5" => "md5",
            "SHA-1" => "sha1",
            "SHA-256" => "sha256",
            "SHA-384" => "sha384",
            "SHA-512" => "sha512",
            "SHA3-256" => "sha3_256",
            "SHA3-384" => "sha3_384",
            "SHA3-512" => "sha3_512",
            "BLAKE2b-256" => "blake2b256",
            "BLAKE2b-384" => "blake2b384",
            "BLAKE2b-512" => "blake2b512",
            "BLAKE3" => "blake3",
            _ => "other",
        };
}
