using System.Runtime.InteropServices;

namespace ArtifactTrust.Cli.Console;

/// <summary>Turns SIGINT and SIGTERM into a cancellation, and ends the process where work does not heed it.</summary>
/// <remarks>
/// The command line library's own handling is switched off: a second signal makes it throw, and it ends the process two seconds after the
/// first one, also while a gated command still runs.
/// </remarks>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private Timer? _timer;
    private bool _handedOver;

    private Interruption() { }

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _source.Token;

    /// <summary>Listens until disposed of.</summary>
    internal static Interruption Listen()
    {
        var interruption = new Interruption();
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM })
        {
            interruption._registrations.Add(
                PosixSignalRegistration.Create(
                    signal,
                    context =>
                    {
                        context.Cancel = true;
                        interruption.Handle();
                    }
                )
            );
        }
        return interruption;
    }

    /// <summary>From here on signals are somebody else's: those of a command that is run in this process's place.</summary>
    /// <exception cref="OperationCanceledException">There was one already.</exception>
    internal void HandOver()
    {
        lock (_lock)
        {
            _handedOver = _timer is null ? true : throw new OperationCanceledException();
        }
    }

    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        lock (_lock)
        {
            _timer?.Dispose();
            _handedOver = true;
        }
        _source.Dispose();
    }

    private void Handle()
    {
        lock (_lock)
        {
            if (_handedOver)
            {
                return;
            }
            if (_timer is not null)
            {
                // Asked twice: at once. Files are written so that this harms none.
                Environment.Exit(ExitCode.Interrupted);
                return;
            }
            // A read of a pipe or of a file system that hangs hears of no cancellation.
            _timer = new Timer(_ => Environment.Exit(ExitCode.Interrupted), null, Grace, Timeout.InfiniteTimeSpan);
        }
        _source.Cancel();
    }
}
