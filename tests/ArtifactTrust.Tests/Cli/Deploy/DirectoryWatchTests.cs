using System.Globalization;
using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Deploy;

namespace ArtifactTrust.Tests.Cli.Deploy;

public sealed class DirectoryWatchTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly CancellationTokenSource _signal = new();

    public void Dispose()
    {
        _signal.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_signal_before_the_first_check_is_done_is_no_verdict(bool once, bool untilDrift) =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            RunAsync(
                once,
                untilDrift,
                () =>
                {
                    _signal.Cancel();
                    throw new OperationCanceledException(_signal.Token);
                }
            )
        );

    [Fact]
    public async Task A_signal_after_a_check_ends_with_what_came_of_it()
    {
        var code = await RunAsync(
            false,
            false,
            () =>
            {
                _signal.Cancel();
                throw CliException.CouldNotTell("test", "a share is away");
            }
        );
        Assert.Equal(ExitCode.CouldNotTell, code);
    }

    private async Task<int> RunAsync(bool once, bool untilDrift, Func<Task<ExaminedSubject>> examine)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        var session = new Session(new Terminal(text, text, interactive: false), TimeProvider.System, null);
        var watch = new DirectoryWatch(session, _directory.Path, examine, TimeSpan.FromDays(1)) { Once = once, UntilDrift = untilDrift };
        return await watch.RunAsync(_signal.Token);
    }
}
