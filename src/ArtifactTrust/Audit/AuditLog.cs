using System.Diagnostics.Contracts;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Audit;

/// <summary>An append-only, signed log of records in a directory, in the standard tiled format.</summary>
/// <remarks>
/// Spec: C2SP tlog-tiles, tlog-checkpoint and signed-note. The directory holds <c>checkpoint</c> and <c>tile/…</c>, which any reader of such
/// logs takes from a file tree or over HTTP, and <c>.lock</c> and <c>.tmp</c>, which are this writer's own. An append is acknowledged once
/// everything is on the storage device; after a crash at any moment the log is at the old or the new size, and whole. Appending needs
/// Linux and a local file system; reading does not. Instances hold no open file and may be used from several threads and processes.
/// </remarks>
public sealed class AuditLog
{
    private static readonly TimeSpan DefaultLockTimeout = TimeSpan.FromSeconds(60);

    private readonly LogDirectory _directory;
    private readonly NoteSigner? _signer;
    private readonly TimeSpan _lockTimeout;

    private AuditLog(LogDirectory directory, NoteKey key, NoteSigner? signer, TimeSpan? lockTimeout)
    {
        (_directory, Key, _signer, _lockTimeout) = (directory, key, signer, lockTimeout ?? DefaultLockTimeout);
    }

    /// <summary>The directory, as a full path.</summary>
    public string Directory => _directory.Path;

    /// <summary>The log's name, which every checkpoint begins with.</summary>
    public string Origin => Key.Name;

    /// <summary>The key that checkpoints are signed with; its text is what other readers are configured with.</summary>
    public NoteKey Key { get; }

    /// <summary>Told each operation of an append before it is made; tests stop it there.</summary>
    internal Action<string>? Observe { get; set; }

    /// <summary>Starts a log.</summary>
    /// <param name="directory">Absent or empty.</param>
    /// <param name="origin">A name that no other log has, such as <c>example.com/audit</c>: no spaces and no plus signs.</param>
    /// <param name="key">Signs the checkpoints: Ed25519, which every reader takes, or ECDSA P-256. Owned by the caller.</param>
    /// <param name="lockTimeout">How long an append waits for another one; 60 seconds where null.</param>
    /// <exception cref="ArgumentException">The origin is not allowed, or the key is of another kind.</exception>
    /// <exception cref="IOException">There is a log or something else in the directory, or it cannot be written.</exception>
    /// <exception cref="PlatformNotSupportedException">The system is not Linux.</exception>
    public static AuditLog Create(string directory, string origin, SigningKey key, TimeSpan? lockTimeout = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        CheckPlatform();
        var signer = new NoteSigner(origin, key);
        var log = new AuditLog(new LogDirectory(Path.GetFullPath(directory)), signer.Key, signer, lockTimeout);
        log.Write(() =>
        {
            System.IO.Directory.CreateDirectory(log.Directory);
            // Before the lock, which is a file: what is not ours is left as it is. And again below, as another Create may have been first.
            CheckIsFree(log.Directory);
            using var held = LogLock.Take(log.Directory, log._lockTimeout);
            CheckIsFree(log.Directory);
            using var writer = new DurableWriter(log.Directory, null);
            var checkpoint = new Checkpoint(origin, 0, MerkleTree.EmptyRoot).Sign(signer);
            writer.Write(LogDirectory.CheckpointName, checkpoint.ToBytes(), isNewPlace: false);
            writer.Publish();
            if (Path.GetDirectoryName(log.Directory) is { } parent)
            {
                Posix.FlushDirectory(parent);
            }
            return 0;
        });
        return log;
    }

    /// <summary>Opens a log for appending and reading.</summary>
    /// <param name="directory">The log's directory.</param>
    /// <param name="key">The key that signed its checkpoint. Owned by the caller.</param>
    /// <param name="origin">The log's name; the one its checkpoint has where null.</param>
    /// <param name="lockTimeout">How long an append waits for another one; 60 seconds where null.</param>
    /// <exception cref="ArgumentException">The origin is not allowed, or the key is of another kind.</exception>
    /// <exception cref="DamagedLogException">There is no checkpoint, or it is not signed by the key, or it is of another log.</exception>
    /// <exception cref="IOException">The checkpoint cannot be read.</exception>
    public static AuditLog Open(string directory, SigningKey key, string? origin = null, TimeSpan? lockTimeout = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var files = new LogDirectory(Path.GetFullPath(directory));
        var signer = new NoteSigner(origin ?? ReadOrigin(files), key);
        var log = new AuditLog(files, signer.Key, signer, lockTimeout);
        _ = log.ReadCheckpoint();
        return log;
    }

    /// <summary>Opens a log for reading.</summary>
    /// <param name="directory">The log's directory.</param>
    /// <param name="key">The key that signed its checkpoint, under the log's name.</param>
    /// <exception cref="DamagedLogException">There is no checkpoint, or it is not signed by the key, or it is of another log.</exception>
    /// <exception cref="IOException">The checkpoint cannot be read.</exception>
    public static AuditLog OpenRead(string directory, NoteKey key)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(key);
        var log = new AuditLog(new LogDirectory(Path.GetFullPath(directory)), key, null, null);
        _ = log.ReadCheckpoint();
        return log;
    }

    /// <inheritdoc cref="OpenRead(string, NoteKey)"/>
    /// <param name="directory">The log's directory.</param>
    /// <param name="key">The key that signed its checkpoint.</param>
    /// <param name="origin">The log's name; the one its checkpoint has where null, which any log of the key then satisfies.</param>
    public static AuditLog OpenRead(string directory, VerificationKey key, string? origin = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return OpenRead(directory, NoteKey.Create(origin ?? ReadOrigin(new LogDirectory(Path.GetFullPath(directory))), key));
    }

    /// <summary>Compares every file of a log with what its signed checkpoint says. Needs no right to write, and does not stop appends.</summary>
    /// <param name="directory">The log's directory.</param>
    /// <param name="key">The key that signed its checkpoint, under the log's name.</param>
    /// <param name="trusted">A checkpoint of the log kept elsewhere, so that a log set back or rewritten since then is noticed.</param>
    /// <param name="progress">Told the number of entries verified so far.</param>
    /// <param name="cancellation">Stops between two bundles.</param>
    /// <returns>What is wrong, and where; nothing where the log is whole.</returns>
    /// <exception cref="ArgumentException">The trusted checkpoint is of another log.</exception>
    /// <exception cref="IOException">The checkpoint is there and cannot be read, or the directory cannot be listed.</exception>
    [Pure]
    public static AuditLogReport Verify(
        string directory,
        NoteKey key,
        VerifiedCheckpoint? trusted = null,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(key);
        if (trusted is not null && trusted.Checkpoint.Origin != key.Name)
        {
            throw new ArgumentException(
                $"the trusted checkpoint is of '{trusted.Checkpoint.Origin}', not of '{key.Name}'",
                nameof(trusted)
            );
        }
        try
        {
            return new LogVerifier(new LogDirectory(Path.GetFullPath(directory)), key, trusted).Verify(progress, cancellation);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"the log in '{directory}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The current checkpoint, verified.</summary>
    /// <exception cref="DamagedLogException">There is none, or it is not signed by the key, or it is of another log.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public VerifiedCheckpoint ReadCheckpoint() => ReadCheckpoint(_directory, Key);

    /// <summary>The number of records.</summary>
    /// <inheritdoc cref="ReadCheckpoint()" path="/exception"/>
    public long Count() => ReadCheckpoint().Checkpoint.Size;

    /// <inheritdoc cref="Append(IReadOnlyList{ReadOnlyMemory{byte}})"/>
    /// <param name="record">At most 65,535 bytes.</param>
    public AppendedRecords Append(ReadOnlyMemory<byte> record) => Append([record]);

    /// <summary>Adds records, all or none. When this returns they are on the storage device and covered by a signed checkpoint.</summary>
    /// <param name="records">At least one, each at most 65,535 bytes.</param>
    /// <returns>The index of the first one, and the checkpoint.</returns>
    /// <exception cref="ArgumentException">There is no record, or one is too long.</exception>
    /// <exception cref="InvalidOperationException">The log was opened for reading.</exception>
    /// <exception cref="DamagedLogException">The log on disk is not what its checkpoint says; nothing was written.</exception>
    /// <exception cref="IOException">Another process holds the log, the disk is full or failed. The log is at its old state, unless the
    /// message says that this is not certain.</exception>
    public AppendedRecords Append(IReadOnlyList<ReadOnlyMemory<byte>> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        if (_signer is null)
        {
            throw new InvalidOperationException("the log was opened for reading only");
        }
        if (records.Count == 0 || records.Any(r => r.Length > Limits.LogEntryBytes))
        {
            throw new ArgumentException($"one record or more, each of at most {Limits.LogEntryBytes} bytes, is expected", nameof(records));
        }
        CheckPlatform();
        return Write(() =>
        {
            if (!System.IO.Directory.Exists(Directory))
            {
                throw new DamagedLogException(LogDirectory.CheckpointName, "the log's directory is gone");
            }
            using var held = LogLock.Take(Directory, _lockTimeout);
            var old = ReadCheckpoint();
            var note = LogAppender.Append(_directory, old, _signer, records, Observe);
            return new AppendedRecords(old.Checkpoint.Size, CheckedCheckpoint(note, Key));
        });
    }

    /// <summary>One record, verified to be the one that the checkpoint covers.</summary>
    /// <param name="index">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such record.</exception>
    /// <exception cref="DamagedLogException">The record, a tile or the checkpoint was changed or is missing.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public byte[] Read(long index)
    {
        var checkpoint = ReadCheckpoint().Checkpoint;
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, checkpoint.Size);
        return ReadBundle(Tree(checkpoint), index / Tile.FullWidth)[(int)(index % Tile.FullWidth)].ToArray();
    }

    /// <summary>The records from an index on to the last one at the time of the call, each verified as <see cref="Read"/> does.</summary>
    /// <param name="start">From 0 to the number of records, which gives none.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public IEnumerable<LoggedRecord> ReadFrom(long start)
    {
        var checkpoint = ReadCheckpoint().Checkpoint;
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, checkpoint.Size);
        return Records(Tree(checkpoint), start);

        IEnumerable<LoggedRecord> Records(TiledTree tree, long next)
        {
            while (next < tree.Size)
            {
                foreach (var record in ReadBundle(tree, next / Tile.FullWidth).Skip((int)(next % Tile.FullWidth)))
                {
                    yield return new LoggedRecord(next++, record);
                }
            }
        }
    }

    /// <summary>A proof, verifiable without the log, that it holds a record.</summary>
    /// <inheritdoc cref="Read" path="/param | /exception"/>
    public TlogProof Prove(long index)
    {
        var checkpoint = ReadCheckpoint();
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, checkpoint.Checkpoint.Size);
        return Checked(() => new TlogProof(index, Tree(checkpoint.Checkpoint).Prove(index).Hashes, checkpoint.Note.Note));
    }

    /// <summary>A proof that the log only grew since it had a number of records.</summary>
    /// <param name="oldSize">From 0 to the number of records.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public ConsistencyProof ProveConsistency(long oldSize)
    {
        var checkpoint = ReadCheckpoint().Checkpoint;
        ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, checkpoint.Size);
        return Checked(() => Tree(checkpoint).ProveConsistency(oldSize));
    }

    /// <inheritdoc cref="Verify(string, NoteKey, VerifiedCheckpoint, IProgress{long}, CancellationToken)"/>
    [Pure]
    public AuditLogReport Verify(
        VerifiedCheckpoint? trusted = null,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    ) => Verify(Directory, Key, trusted, progress, cancellation);

    internal static VerifiedCheckpoint ReadCheckpoint(LogDirectory directory, NoteKey key) =>
        CheckedCheckpoint(ParseCheckpoint(directory), key);

    private static VerifiedCheckpoint CheckedCheckpoint(SignedNote note, NoteKey key)
    {
        var verdict = Checkpoint.Verify(note, key.Name, key);
        return verdict.IsVerified
            ? verdict.Verified
            : throw new DamagedLogException(
                LogDirectory.CheckpointName,
                $"{verdict.Message}; check that this is the right key for '{key.Name}', or put back the last checkpoint that it signed"
            );
    }

    private static SignedNote ParseCheckpoint(LogDirectory directory)
    {
        try
        {
            return SignedNote.Parse(
                directory.TryReadCheckpoint()
                    ?? throw new DamagedLogException(LogDirectory.CheckpointName, $"there is no such file in '{directory.Path}'")
            );
        }
        catch (MalformedDataException e)
        {
            throw new DamagedLogException(LogDirectory.CheckpointName, e.Message, e);
        }
    }

    private static string ReadOrigin(LogDirectory directory)
    {
        try
        {
            var origin = Checkpoint.Parse(ParseCheckpoint(directory).Text).Origin;
            return NoteKey.IsName(origin)
                ? origin
                : throw new DamagedLogException(LogDirectory.CheckpointName, "its origin is no name that a key can have");
        }
        catch (MalformedDataException e)
        {
            throw new DamagedLogException(LogDirectory.CheckpointName, e.Message, e);
        }
    }

    private TiledTree Tree(Checkpoint checkpoint) =>
        Checked(() => new TiledTree(checkpoint.Size, checkpoint.Root, t => _directory.ReadHashes(t, orPrefix: true)));

    private IReadOnlyList<ReadOnlyMemory<byte>> ReadBundle(TiledTree tree, long index) =>
        Checked(() =>
        {
            var first = index * Tile.FullWidth;
            var bundle = Tile.Entries(index, (int)Math.Min(Tile.FullWidth, tree.Size - first));
            var entries =
                _directory.TryReadEntries(bundle, orPrefix: true)
                ?? throw new DamagedLogException(bundle.Path, $"the file is missing; {LogDirectory.Advice}");
            for (var i = 0; i < entries.Count; i++)
            {
                if (!MerkleTree.HashLeaf(entries[i].Span).Equals(tree.LeafHash(first + i)))
                {
                    throw new DamagedLogException(bundle.Path, $"entry {first + i} was changed; {LogDirectory.Advice}");
                }
            }
            return entries;
        });

    private static T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (MalformedDataException e)
        {
            throw new DamagedLogException(e.Location == "$" ? e.Format : e.Location, $"{e.Reason}; {LogDirectory.Advice}", e);
        }
    }

    private T Write<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"the log in '{Directory}' cannot be written: {e.Message}", e);
        }
    }

    /// <exception cref="IOException">There is a log in the directory, or something else.</exception>
    private static void CheckIsFree(string directory)
    {
        if (Path.Exists(Path.Combine(directory, LogDirectory.CheckpointName)))
        {
            throw new IOException($"there is a log in '{directory}' already; open it instead");
        }
        // What a Create leaves behind that was stopped before the checkpoint is no log, and no obstacle.
        var other = new DirectoryInfo(directory)
            .EnumerateFileSystemInfos()
            .FirstOrDefault(f => f.Name != LogLock.FileName && !DurableWriter.IsLeftover(f));
        if (other is not null)
        {
            throw new IOException($"'{directory}' is not empty ('{other.Name}'); a log starts in a directory of its own");
        }
    }

    private static void CheckPlatform()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("a log is written on Linux only, where its durability is known; it is read anywhere");
        }
    }
}

/// <summary>What an append added.</summary>
/// <param name="Index">The index of the first record added, from 0; the others follow it.</param>
/// <param name="Checkpoint">The checkpoint that covers them. Kept elsewhere, it shows later whether the log was set back.</param>
public sealed record AppendedRecords(long Index, VerifiedCheckpoint Checkpoint);

/// <summary>A record read from a log, and verified to be in it.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Record">The bytes as appended.</param>
public sealed record LoggedRecord(long Index, ReadOnlyMemory<byte> Record);
