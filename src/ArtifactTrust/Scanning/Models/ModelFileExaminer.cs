using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Models.SevenZip;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines one file, and what is packed in it, by content.</summary>
/// <param name="rules">The rules.</param>
/// <param name="siblings">The names of the other files of the model, below the subject; empty where they are not known.</param>
/// <param name="cancellation">Stops inside a file too.</param>
internal sealed class ModelFileExaminer(ModelScanRules rules, IReadOnlySet<string> siblings, CancellationToken cancellation)
{
    private CompressedExaminer? _compressed;

    /// <summary>What came up.</summary>
    internal ExaminationLog Log { get; } = new(rules);

    /// <summary>What may still be decompressed.</summary>
    internal InflationBudget Budget { get; } = new();

    /// <summary>Stops between two pieces.</summary>
    internal CancellationToken Cancellation => cancellation;

    /// <summary>The names of the other files of the model.</summary>
    internal IReadOnlySet<string> Siblings => siblings;

    internal CompressedExaminer Compressed => _compressed ??= new CompressedExaminer(this);

    /// <summary>Examines a file.</summary>
    /// <param name="name">The path below the subject.</param>
    /// <param name="stream">The content; it can seek.</param>
    internal FileScan Examine(string name, Stream stream)
    {
        var size = stream.Length;
        var format = Examine(stream, name, Place.File);
        if (name.EndsWith(".py", StringComparison.Ordinal) && TextExaminer.HasSettingsBeside(name, siblings))
        {
            Log.AddOddity("python-source", Place.File);
        }
        return Log.ToScan(name, size, format);
    }

    /// <summary>Examines bytes that can be read at any place.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="name">The path of the file or archive member; loaders tell templates from other text by it.</param>
    /// <param name="place">Where the bytes come from.</param>
    /// <returns>The format, in words.</returns>
    internal string Examine(Stream stream, string name, Place place)
    {
        cancellation.ThrowIfCancellationRequested();
        var head = new byte[(int)Math.Min(FileFormat.HeadBytes, stream.Length)];
        stream.Position = 0;
        var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var format = FileFormat.Recognize(head.AsSpan(0, read));
        if (format.Treatment is FormatTreatment.Zip)
        {
            return new ZipExaminer(this).Examine(stream, place);
        }
        stream.Position = 0;
        var result = ExamineAnywhere(format, stream, name, place);
        // Readers of archives look at the end of a file only: it may be an archive and something else.
        if (ZipDirectory.HasEnd(stream))
        {
            Log.AddOddity("zip-appended", place);
            new ZipExaminer(this).Examine(stream, place);
        }
        ExamineHidden(format, stream, place);
        return result;
    }

    /// <summary>Examines bytes that come out of a decompressor, or of an archive that is read forward.</summary>
    internal string ExamineInflated(InflatedStream inflated, string name, Place place)
    {
        var head = inflated.Peek(FileFormat.HeadBytes);
        var format = FileFormat.Recognize(head);
        var reach = format.MayBePickleToo ? ExamineHead(head, place) : long.MaxValue;
        var result = format.NeedsSeeking
            ? ExamineInMemory(format, inflated, name, place)
            : ExamineForward(format, inflated, null, name, place);
        if (inflated.Problem is not null)
        {
            Log.AddGap(place, inflated.Problem);
        }
        if (inflated.Inflated >= reach)
        {
            Log.AddGap(place, $"{format.Name} that may be a pickle too");
        }
        return result;
    }

    /// <summary>Follows a pickle, if the bytes are one.</summary>
    internal PickleVerdict ExaminePickle(PickleInput input, Place place, bool expected)
    {
        var events = new PickleEvents(rules, place);
        var verdict = new PickleExaminer(rules, place.Depth, cancellation).Examine(input, events, expected, exact: place.Depth == 0);
        Log.Add(events, place);
        if (verdict.Gap is not null)
        {
            Log.AddGap(place, verdict.Gap);
        }
        if (input.Unfollowed != long.MaxValue && input.Skip(input.Unfollowed - input.Position))
        {
            Log.AddGap(place, "the data of an array reads as a pickle that goes on too far ahead");
        }
        Log.Examined |= verdict.IsPickle;
        return verdict;
    }

    /// <summary>Follows the first bytes of an archive or of compressed data as an unpickler does.</summary>
    /// <returns>How many bytes there have to be for it to go on behind these; the largest number where it does not.</returns>
    private long ExamineHead(ReadOnlySpan<byte> head, Place place)
    {
        var input = new PickleInput(new MemoryStream(head.ToArray()), head.Length);
        return ExaminePickle(input, place, expected: false).IsCut ? Math.Max(input.Wanted, head.Length + 1) : long.MaxValue;
    }

    /// <summary>Follows a pickle whose end is not known, and keeps what it imports, if it calls something.</summary>
    /// <returns>How many bytes it has; none where nothing is called.</returns>
    internal int ExamineGuess(ReadOnlyMemory<byte> bytes, Place place)
    {
        var events = new PickleEvents(rules, place);
        var input = new PickleInput(new MemoryStream(bytes.ToArray()), bytes.Length);
        var nested = new NestedPickles(rules, place.Depth + 1, cancellation);
        var machine = new PickleMachine(input, events, new PickleText(input), nested);
        machine.Run(sure: false, exactNames: false, cancellation);
        if (!machine.SawCall && !machine.SawDenied)
        {
            return 0;
        }
        Log.Add(events, place);
        return (int)input.Position;
    }

    /// <summary>Reads bytes into memory, where they are few enough.</summary>
    /// <returns>Whether they are all there. If not, the stream has more.</returns>
    private static bool TryReadAll(InflatedStream stream, MemoryStream bytes)
    {
        var buffer = new byte[64 << 10];
        for (int read; (read = stream.Read(buffer)) > 0; )
        {
            // Checked before: the memory that is taken doubles.
            if (bytes.Length + read > Limits.NestedArchiveBytes)
            {
                stream.Unread(buffer.AsSpan(0, read));
                return false;
            }
            bytes.Write(buffer, 0, read);
        }
        return true;
    }

    private string ExamineInMemory(FileFormat format, InflatedStream inflated, string name, Place place)
    {
        var bytes = new MemoryStream();
        if (!TryReadAll(inflated, bytes))
        {
            // Text that is longer is data, and no settings of a model; and most bytes that may be a graph are none.
            if (format.Treatment is FormatTreatment.Text || (format.Treatment is FormatTreatment.Protobuf && !FileFormat.IsGraph(bytes)))
            {
                bytes.Position = 0;
                return ExamineForward(format, new JoinedStream(bytes, inflated), null, name, place);
            }
            Log.AddGap(place, $"{format.Name} of more than {Limits.NestedArchiveBytes} bytes inside compressed data");
            return format.Name;
        }
        return Examine(bytes, name, place with { Start = null });
    }

    private string ExamineAnywhere(FileFormat format, Stream stream, string name, Place place)
    {
        string? known = null;
        switch (format.Treatment)
        {
            case FormatTreatment.Text:
                known = new TextExaminer(this).Examine(stream, name, place);
                break;
            case FormatTreatment.Hdf5:
                new Hdf5Examiner(this, place).Examine(stream);
                break;
            case FormatTreatment.Safetensors:
                new SafetensorsExaminer(Log, place).Examine(stream);
                break;
            case FormatTreatment.Gguf:
                new GgufExaminer(Log, place).Examine(stream);
                break;
            case FormatTreatment.Parquet:
                new ArrowExaminer(this, place).ExamineParquet(stream);
                break;
            case FormatTreatment.Arrow:
                new ArrowExaminer(this, place).ExamineArrow(stream);
                break;
            case FormatTreatment.Protobuf or FormatTreatment.Probe:
                known = new GraphExaminer(Log, stream, place, cancellation).Examine();
                break;
            default:
                break;
        }
        if (format.Treatment is not FormatTreatment.Text && TextExaminer.IsTextByName(name))
        {
            // A loader takes it for text, whatever is in it.
            known = new TextExaminer(this).Examine(stream, name, place) ?? known;
        }
        ExamineUserBlock(format, stream, place);
        stream.Position = 0;
        var result = ExamineForward(format, stream, stream.Length, name, place);
        return known ?? result;
    }

    /// <summary>HDF5 may begin at byte 512, 1024 and so on, with anything before.</summary>
    private void ExamineUserBlock(FileFormat format, Stream stream, Place place)
    {
        if (format.Treatment is FormatTreatment.Hdf5)
        {
            return;
        }
        var signature = new byte[FileFormat.Hdf5Signature.Length];
        for (long at = 512; at <= stream.Length - 64; at *= 2)
        {
            stream.Position = at;
            stream.ReadExactly(signature);
            if (FileFormat.Hdf5Signature.SequenceEqual(signature))
            {
                Log.AddOddity("hdf5-appended", place, null, at);
                new Hdf5Examiner(this, place with { Start = place.Start + at }).Examine(new RangeStream(stream, at, stream.Length - at));
                return;
            }
        }
    }

    /// <summary>7-Zip finds an archive behind something else, such as a program that unpacks it. Members of archives are not looked through: tensors are not read.</summary>
    private void ExamineHidden(FileFormat format, Stream stream, Place place)
    {
        if (place.Depth == 0 && format.MayHideArchive && SevenZipDirectory.Find(stream) is { } at)
        {
            Log.AddOddity("7z-appended", place, null, at);
            new SevenZipExaminer(this).Examine(new RangeStream(stream, at, stream.Length - at), place with { Start = place.Start + at });
        }
    }

    private string ExamineForward(FileFormat format, Stream stream, long? length, string name, Place place)
    {
        if (format.IsBytecode)
        {
            Log.AddOddity("python-bytecode", place);
        }
        if (format.MayBePickleToo && stream.CanSeek)
        {
            ExaminePickle(new PickleInput(stream, length), place, expected: false);
            stream.Position = 0;
        }
        switch (format.Treatment)
        {
            case FormatTreatment.Unexamined:
                Log.AddGap(place, $"a {format.Name} cannot be read here: unpack it, and scan what is in it");
                break;
            case FormatTreatment.Native:
                Log.AddOddity("native-code", place, format.Name);
                break;
            case FormatTreatment.Objects:
                Log.AddOddity("serialized-objects", place, format.Name);
                break;
            case FormatTreatment.Numpy:
                ExamineNumpy(new PickleInput(stream, length), place);
                return format.Name;
            case FormatTreatment.Gzip
            or FormatTreatment.Bzip2
            or FormatTreatment.Xz
            or FormatTreatment.Lzma
            or FormatTreatment.Lz4
            or FormatTreatment.Zstandard
            or FormatTreatment.OldJoblib:
                return Compressed.Examine(format, stream, name, place);
            case FormatTreatment.SevenZip:
                return new SevenZipExaminer(this).Examine(stream, place);
            case FormatTreatment.Tar:
                new TarExaminer(this, place).Examine(stream);
                return format.Name;
            case FormatTreatment.Zlib when stream.CanSeek:
                // If it does not inflate, it is something else.
                if (CompressedExaminer.Inflates(stream, out var start))
                {
                    return Compressed.Examine(format, stream, name, place);
                }
                // Readers hand over what comes before an error.
                ExamineGuess(start, place.Inside(format.Name, null));
                format = format with { Name = "unknown" };
                break;
            case FormatTreatment.Zlib:
                Log.AddGap(place, "it begins like zlib data inside compressed data, which is not examined");
                break;
            default:
                break;
        }
        return ExaminePickle(new PickleInput(stream, length), place, expected: false) is { IsPickle: true } pickle
            ? pickle.Format
            : format.Name;
    }

    /// <summary>Examines an array, and those after it: whoever saved several into one file loads them so.</summary>
    private void ExamineNumpy(PickleInput input, Place place)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            switch (NumpyHeader.Read(input, out var dataBytes))
            {
                case NumpyContent.Plain:
                    // Numbers: examined, as far as that means to see that no loader unpickles them.
                    Log.Examined = true;
                    if (dataBytes is { } size && input.Skip(size) && input.Ensure(1))
                    {
                        break;
                    }
                    return;
                case NumpyContent.Objects:
                    ExaminePickle(input, place, expected: true);
                    return;
                case NumpyContent.Unclear:
                    Log.AddGap(place, "the header is not in the form NumPy writes");
                    ExaminePickle(input, place, expected: false);
                    return;
                case NumpyContent.Malformed:
                default:
                    Log.AddGap(place, "the header of the array is damaged or too long");
                    return;
            }
            if (!NumpyHeader.Begins(input))
            {
                ExaminePickle(input, place, expected: false);
                return;
            }
        }
    }
}
