using ArtifactTrust.Audit;
using ArtifactTrust.Keys;
using ArtifactTrust.Tests.Transparency;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Audit;

/// <summary>A directory for logs, and a key.</summary>
internal sealed class LogFixture : IDisposable
{
    public const string Origin = "example.com/audit";

    private int _copies;

    public string Root { get; } = CreateRoot();

    public SigningKey Key { get; } = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);

    public string Directory => Path.Combine(Root, "log");

    public void Dispose()
    {
        System.IO.Directory.Delete(Root, recursive: true);
        Key.Dispose();
    }

    // In memory where there is such a place: what a device keeps is for the end-to-end tests.
    private static string CreateRoot()
    {
        const string Memory = "/dev/shm";
        return System.IO.Directory.Exists(Memory)
            ? System.IO.Directory.CreateDirectory(Path.Combine(Memory, $"audit-log-{Guid.NewGuid():N}")).FullName
            : System.IO.Directory.CreateTempSubdirectory("audit-log-").FullName;
    }

    /// <summary>A new log of the reference entries, added at once.</summary>
    public AuditLog Create(int size, string? directory = null)
    {
        var log = AuditLog.Create(directory ?? Directory, Origin, Key);
        if (size > 0)
        {
            log.Append(Entries(0, size));
        }
        return log;
    }

    /// <summary>A copy of a log, with all its files.</summary>
    public string Copy(string directory)
    {
        var copy = Path.Combine(Root, $"copy-{_copies++}");
        CopyTo(directory, copy);
        return copy;
    }

    public static void CopyTo(string directory, string copy)
    {
        System.IO.Directory.CreateDirectory(copy);
        foreach (var d in System.IO.Directory.EnumerateDirectories(directory, "*", SearchOption.AllDirectories))
        {
            System.IO.Directory.CreateDirectory(Path.Combine(copy, Path.GetRelativePath(directory, d)));
        }
        foreach (var f in System.IO.Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            File.Copy(f, Path.Combine(copy, Path.GetRelativePath(directory, f)));
        }
    }

    public AuditLog Open(string directory) => AuditLog.Open(directory, Key, Origin, TimeSpan.FromSeconds(10));

    public static ReadOnlyMemory<byte>[] Entries(int start, int count) =>
        [.. Enumerable.Range(start, count).Select(i => (ReadOnlyMemory<byte>)ReferenceTree.Entry(i))];

    /// <summary>The files that readers of the log see, relative.</summary>
    public static List<string> Files(string directory) =>
        [
            .. System
                .IO.Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(directory, f))
                .Where(f => f != LogLock.FileName)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>The files that a log of a size must have.</summary>
    public static List<string> Required(int size) =>
        [
            .. Tile.ForTree(size)
                .SelectMany(t => t.Level == 0 ? (Tile[])[t, t.IsFull ? Tile.Entries(t.Index) : Tile.Entries(t.Index, t.Width)] : [t])
                .Select(t => t.Path)
                .Append("checkpoint")
                .Order(StringComparer.Ordinal),
        ];

    public static void AssertIntact(AuditLogReport report, bool withoutLeftovers = true)
    {
        Assert.True(report.IsIntact, string.Join('\n', report.Problems));
        if (withoutLeftovers)
        {
            Assert.Empty(report.Leftovers);
        }
    }
}
