namespace ArtifactTrust.Tests;

/// <summary>Interop data made by others, kept beside the repository in <c>../shared/vectors</c>. Absent on most machines.</summary>
internal static class Vectors
{
    /// <summary>The folder of the vectors, or null.</summary>
    public static string? Root { get; } = Find();

    /// <summary>The full path of a folder or file of the vectors. Only for tests marked with <see cref="VectorFactAttribute"/>.</summary>
    public static string Require(string relative)
    {
        var path = Path.Combine(Root ?? throw new InvalidOperationException("use [VectorFact] or [VectorTheory]"), relative);
        return Path.Exists(path) ? path : throw new FileNotFoundException("the vectors lack it", path);
    }

    private static string? Find()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "ArtifactTrust.sln")))
            {
                // A linked work tree lies elsewhere; the variable tells it where the vectors are.
                var path =
                    Environment.GetEnvironmentVariable("ARTIFACT_TRUST_VECTORS") ?? Path.Combine(d.FullName, "..", "shared", "vectors");
                return Directory.Exists(path) ? Path.GetFullPath(path) : null;
            }
        }
        return null;
    }
}

/// <summary>A test that needs the vectors, and says so where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VectorFactAttribute : FactAttribute
{
    /// <param name="folder">The folder that is needed, where a copy of the vectors may lack it.</param>
    public VectorFactAttribute(string folder = "")
    {
        if (Vectors.Root is null)
        {
            Skip = "the interop vectors (../shared/vectors) are not here";
        }
        else if (!Directory.Exists(Path.Join(Vectors.Root, folder)))
        {
            Skip = $"the interop vectors lack {folder}";
        }
    }
}

/// <inheritdoc cref="VectorFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VectorTheoryAttribute : TheoryAttribute
{
    public VectorTheoryAttribute()
    {
        if (Vectors.Root is null)
        {
            Skip = "the interop vectors (../shared/vectors) are not here";
        }
    }
}
