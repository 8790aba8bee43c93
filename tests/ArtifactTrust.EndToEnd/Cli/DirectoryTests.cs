namespace ArtifactTrust.EndToEnd.Cli;

public sealed class DirectoryTests
{
    [Fact]
    public void X() => Assert.Equal(0, Tool.Run("/tmp", "--help").ExitCode);
}
