using System.Diagnostics;
using System.Globalization;
using System.Text;
using ArtifactTrust.Audit;
using ArtifactTrust.Keys;

namespace ArtifactTrust.EndToEnd.Audit;

/// <summary>A process that appends records to a log and prints each index once the append has returned.</summary>
internal static class AppendWorker
{
    /// <summary>Arguments: the log's directory, a name, the number of appends, and the number of records in each.</summary>
    public static int Main(string[] args)
    {
        if (args.Length != 4)
        {
            return 2;
        }
        using var key = KeyFile.ReadSigningKey(TestFiles.Ed25519Key);
        var log = AuditLog.Open(args[0], key);
        using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        var batch = int.Parse(args[3], CultureInfo.InvariantCulture);
        for (var i = 0; i < int.Parse(args[2], CultureInfo.InvariantCulture); i++)
        {
            var records = Enumerable.Range(0, batch).Select(j => (ReadOnlyMemory<byte>)Record($"{args[1]}-{i}-{j}")).ToArray();
            var first = log.Append(records).Index;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{first} {args[1]}-{i} {batch}"));
        }
        return 0;
    }

    /// <summary>A record as long as a usual audit record.</summary>
    public static byte[] Record(string text) => Encoding.UTF8.GetBytes(text.PadRight(700, '.'));

    /// <summary>Starts the process.</summary>
    public static Process Start(string directory, string name, int appends, int batch)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])[typeof(AppendWorker).Assembly.Location, directory, name, $"{appends}", $"{batch}"])
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet was not started");
    }

    /// <summary>The records that a line of output acknowledges, by index. A line cut off by a kill acknowledges none.</summary>
    public static IEnumerable<(long Index, byte[] Record)> Acknowledged(string line)
    {
        var parts = line.Split(' ');
        if (parts.Length != 3)
        {
            yield break;
        }
        var first = long.Parse(parts[0], CultureInfo.InvariantCulture);
        for (var j = 0; j < int.Parse(parts[2], CultureInfo.InvariantCulture); j++)
        {
            yield return (first + j, Record($"{parts[1]}-{j}"));
        }
    }
}

/// <summary>Files of the repository.</summary>
internal static class TestFiles
{
    public static string Ed25519Key => Path.Combine(Repository, "keys-test", "NOT-SECRET-ed25519.key.pem");

    public static string Repository
    {
        get
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(directory.FullName, "ArtifactTrust.sln")))
            {
                directory = directory.Parent ?? throw new DirectoryNotFoundException("the tests run outside the repository");
            }
            return directory.FullName;
        }
    }
}
