using System.Runtime.CompilerServices;

namespace ArtifactTrust.Tests.Scanning.Data;

/// <summary>Small files of data that programs of others wrote.</summary>
internal static class DataSamples
{
    internal static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Here(), "Samples", name));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
