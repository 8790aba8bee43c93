using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spectre.Console;

namespace ArtifactTrust.Cli.Console;

/// <summary>Where a command writes: results to standard output, everything else to standard error.</summary>
/// <param name="output">Standard output.</param>
/// <param name="error">Standard error.</param>
/// <param name="interactive">Whether a person watches standard error.</param>
internal sealed partial class Terminal(TextWriter output, TextWriter error, bool interactive)
{
    private const int WrittenAtOnce = 32 << 10;

    private const int ShownOfWord = 200;

    internal TextWriter Output { get; } = output;

    internal TextWriter Error { get; } = error;

    internal bool IsInteractive { get; } = interactive;

    /// <summary>Whether results are one JSON document.</summary>
    internal bool Json { get; set; }

    /// <summary>The process's own streams.</summary>
    internal static Terminal ForProcess()
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new Terminal(
            new StreamWriter(new ProcessStream(System.Console.OpenStandardOutput(), "standard output"), utf8) { AutoFlush = true },
            new StreamWriter(new ProcessStream(System.Console.OpenStandardError(), "standard error"), utf8) { AutoFlush = true },
            !System.Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb")
        );
    }

    /// <summary>Text from outside without what a terminal would act on: control characters, line breaks and direction overrides.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    internal static string? Clean(string? text)
    {
        if (text is null || !HasControl(text))
        {
            return text;
        }
        return string.Create(
            text.Length,
            text,
            (span, source) =>
            {
                for (var i = 0; i < span.Length; i++)
                {
                    span[i] = IsControl(source[i]) ? '\uFFFD' : source[i];
                }
            }
        );
    }

    /// <summary>Text whose longest words, such as paths of some thousand characters, have their middle left out.</summary>
    internal static string Shorten(string text) =>
        LongWord().Replace(text, m => $"{CutBefore(m.Value, ShownOfWord)}…{m.Value[CutBefore(m.Value, m.Length - ShownOfWord).Length..]}");

    private static string CutBefore(string text, int end) => text[..(char.IsLowSurrogate(text[end]) ? end - 1 : end)];

    [GeneratedRegex(@"\S{600,}")]
    private static partial Regex LongWord();

    private static bool HasControl(string text)
    {
        foreach (var c in text)
        {
            if (IsControl(c))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsControl(char c) =>
        c is < ' ' or (>= '\u007F' and <= '\u009F') or (>= '\u2028' and <= '\u202E') or (>= '\u2066' and <= '\u2069');

    /// <summary>A line of the result; not written where the result is JSON.</summary>
    internal void Line(string text = "")
    {
        if (!Json)
        {
            Output.WriteLine(text);
        }
    }

    /// <summary>Very many lines of the result, written some at a time; none where the result is JSON.</summary>
    internal void Lines(IEnumerable<string> lines)
    {
        if (Json)
        {
            return;
        }
        var gathered = new StringBuilder();
        foreach (var line in lines)
        {
            gathered.Append(line).Append(Output.NewLine);
            if (gathered.Length >= WrittenAtOnce)
            {
                Output.Write(gathered);
                gathered.Clear();
            }
        }
        Output.Write(gathered);
    }

    /// <summary>A note for a person, beside the result.</summary>
    internal void Note(string text) => Error.WriteLine(Clean(text));

    /// <summary>A warning for a person, beside the result.</summary>
    internal void Warn(string text) => Error.WriteLine($"warning: {Clean(text)}");

    /// <summary>Whether the one JSON document was written.</summary>
    internal bool HasWrittenJson { get; private set; }

    /// <summary>Writes the one JSON document of a command, indented.</summary>
    internal void WriteJson(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.Default }))
        {
            write(writer);
        }
        HasWrittenJson = true;
        Output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    /// <summary>The same for a document that may be very long: it is written as it is made, wherever <see cref="FlushSome"/> is called.</summary>
    internal void StreamJson(Action<Utf8JsonWriter> write)
    {
        HasWrittenJson = true;
        using (var stream = new OutputStream(Output))
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.Default }))
        {
            write(writer);
        }
        Output.WriteLine();
    }

    /// <summary>Writes what was gathered, once that is worth a call.</summary>
    internal static void FlushSome(Utf8JsonWriter writer)
    {
        if (writer.BytesPending >= WrittenAtOnce)
        {
            writer.Flush();
        }
    }

    /// <summary>Spectre's console over one of the streams, for tables, trees and progress.</summary>
    internal IAnsiConsole Ansi(TextWriter writer)
    {
        var redirected = writer == Output ? System.Console.IsOutputRedirected : System.Console.IsErrorRedirected;
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Out = new AnsiConsoleOutput(writer),
                Ansi = redirected || !IsInteractive ? AnsiSupport.No : AnsiSupport.Detect,
                Interactive = IsInteractive ? InteractionSupport.Detect : InteractionSupport.No,
            }
        );
        if (redirected || !IsInteractive)
        {
            // A pipe has no width; wrapping would break what a script or a log reader looks for.
            console.Profile.Width = 200;
        }
        return console;
    }

    /// <summary>Runs long work, with a bar on standard error once it has taken a second and a person watches.</summary>
    /// <param name="label">What is done.</param>
    /// <param name="totalBytes">The bytes to be read.</param>
    /// <param name="work">The work; it reports the bytes read since the last report.</param>
    internal T WithProgress<T>(string label, long totalBytes, Func<IProgress<long>, T> work)
    {
        var counter = new Counter();
        if (!IsInteractive)
        {
            return work(counter);
        }
        var task = Task.Run(() => work(counter));
        if (Task.WhenAny(task, Task.Delay(TimeSpan.FromSeconds(1))).GetAwaiter().GetResult() != task)
        {
            ShowBar(label, totalBytes, task, counter);
        }
        return task.GetAwaiter().GetResult();
    }

    // By itself, so that Spectre is loaded only where there is a bar.
    private void ShowBar(string label, long totalBytes, Task task, Counter counter) =>
        Ansi(Error)
            .Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new PercentageColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn(),
                new RemainingTimeColumn()
            )
            .Start(context =>
            {
                var bar = context.AddTask(Markup.Escape(label), maxValue: Math.Max(1, totalBytes));
                while (!task.Wait(100))
                {
                    bar.Value = counter.Value;
                }
                bar.Value = bar.MaxValue;
            });

    /// <summary>UTF-8 bytes as text; characters may be cut anywhere between two calls.</summary>
    private sealed class OutputStream(TextWriter output) : WriteOnlyStream
    {
        private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            var characters = ArrayPool<char>.Shared.Rent(buffer.Length + 1);
            output.Write(characters, 0, _decoder.GetChars(buffer, characters, flush: false));
            ArrayPool<char>.Shared.Return(characters);
        }
    }

    private sealed class Counter : IProgress<long>
    {
        private long _value;

        internal long Value => Interlocked.Read(ref _value);

        public void Report(long value) => Interlocked.Add(ref _value, value);
    }
}
