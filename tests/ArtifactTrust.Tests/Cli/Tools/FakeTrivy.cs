using System.Runtime.Versioning;
using ArtifactTrust.Cli.Tools;

namespace ArtifactTrust.Tests.Cli.Tools;

/// <summary>A shell script in Trivy's place, that does what a test says, and a small cache with a database of a given age.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class FakeTrivy : IDisposable
{
    public static readonly DateTimeOffset Now = new(2030, 5, 17, 12, 0, 0, TimeSpan.Zero);

    private readonly string _directory = Directory.CreateTempSubdirectory("artifact-trust-test-").FullName;

    /// <param name="scan">The script's lines for a scan. <c>$OUT</c> is the report's path.</param>
    /// <param name="version">Its lines for the version.</param>
    public FakeTrivy(string scan, string version = """echo '{"Version":"9.9.9"}'""")
    {
        Executable = File("trivy");
        System.IO.File.WriteAllText(
            Executable,
            $$"""
            #!/bin/sh
            if [ "$1" = version ]; then
              {{version}}
              exit 0
            fi
            for a in "$@"; do
              if [ "$previous" = --output ]; then OUT=$a; fi
              previous=$a
            done
            {{scan}}

            """
        );
        System.IO.File.SetUnixFileMode(Executable, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Cache = File("cache");
        SetDatabase(Now.AddDays(-1));
        Directory.CreateDirectory(File("subject"));
        Target = TrivyTarget.Directory(File("subject"));
    }

    public string Executable { get; }

    public string Cache { get; }

    public TrivyTarget Target { get; }

    public TrivyOptions Options =>
        new()
        {
            CacheDirectory = Cache,
            Offline = true,
            Scanners = TrivyScanners.Vulnerabilities,
        };

    public string File(string name) => Path.Join(_directory, name);

    public void SetDatabase(DateTimeOffset updatedAt) =>
        SetDatabase($$"""{"Version":2,"UpdatedAt":"{{updatedAt:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""");

    public void SetDatabase(string? metadata)
    {
        Directory.CreateDirectory(Path.Join(Cache, "db"));
        System.IO.File.WriteAllText(Path.Join(Cache, "db", "trivy.db"), "");
        var path = Path.Join(Cache, "db", "metadata.json");
        if (metadata is null)
        {
            System.IO.File.Delete(path);
        }
        else
        {
            System.IO.File.WriteAllText(path, metadata);
        }
    }

    public TrivyScanner Scanner(Func<string, string?>? variables = null) =>
        new(TrivyExecutable.Find(Executable, _ => null), new FixedTime(Now)) { Variables = variables ?? (_ => null) };

    public Task<TrivyScan> ScanAsync(TrivyOptions? options = null, TrivyTarget? target = null, CancellationToken cancellation = default) =>
        Scanner().ScanAsync(target ?? Target, options ?? Options, cancellation);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
