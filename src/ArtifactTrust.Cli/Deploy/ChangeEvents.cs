namespace ArtifactTrust.Cli.Deploy;

/// <summary>Notices that something in a directory changes, or that another directory takes its name.</summary>
/// <remarks>The kernel may drop events or have no room for more watches; a schedule must stand beside it.</remarks>
internal sealed class ChangeEvents : IDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MostPatience = TimeSpan.FromSeconds(10);

    private readonly List<FileSystemWatcher> _watchers = [];
    private readonly SemaphoreSlim _changed = new(0);
    private readonly TimeProvider _time;

    private ChangeEvents(TimeProvider time) => _time = time;

    /// <summary>Why there are no events; null where there are.</summary>
    internal string? Problem { get; private set; }

    /// <summary>Starts to listen; before the directory is read, so that no change is missed.</summary>
    internal static ChangeEvents Listen(string directory, TimeProvider time)
    {
        var events = new ChangeEvents(time);
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        // The one above tells of a directory that is renamed, removed or replaced.
        events.Add(Path.GetDirectoryName(full), Path.GetFileName(full), recursive: false);
        events.Add(full, "*", recursive: true);
        return events;
    }

    /// <summary>Waits for a change and then for quiet after it, or for the time to pass.</summary>
    /// <returns>Whether there was a change.</returns>
    internal async Task<bool> WaitAsync(TimeSpan most, CancellationToken cancellation)
    {
        if (!await TakeAsync(most, cancellation))
        {
            return false;
        }
        var start = _time.GetTimestamp();
        while (_time.GetElapsedTime(start) < MostPatience && await TakeAsync(Quiet, cancellation)) { }
        return true;
    }

    public void Dispose()
    {
        _watchers.ForEach(w => w.Dispose());
        _changed.Dispose();
    }

    private void Add(string? directory, string filter, bool recursive)
    {
        if (directory is null || !Directory.Exists(directory))
        {
            return;
        }
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(directory, filter)
            {
                IncludeSubdirectories = recursive,
                NotifyFilter =
                    NotifyFilters.FileName
                    | NotifyFilters.DirectoryName
                    | NotifyFilters.Attributes
                    | NotifyFilters.Size
                    | NotifyFilters.LastWrite
                    | NotifyFilters.Security,
            };
            watcher.Changed += (_, _) => Notify();
            watcher.Created += (_, _) => Notify();
            watcher.Deleted += (_, _) => Notify();
            watcher.Renamed += (_, _) => Notify();
            watcher.Error += (_, e) =>
            {
                Problem = e.GetException().Message;
                Notify();
            };
            watcher.EnableRaisingEvents = true;
            _watchers.Add(watcher);
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            watcher?.Dispose();
            Problem = e.Message;
        }
    }

    private void Notify()
    {
        try
        {
            _changed.Release();
        }
        catch (Exception e) when (e is ObjectDisposedException or SemaphoreFullException)
        {
            // Nobody waits any more, or enough is known.
        }
    }

    private async Task<bool> TakeAsync(TimeSpan most, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(most, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await _changed.WaitAsync(either.Token);
            while (_changed.Wait(0, CancellationToken.None)) { }
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
