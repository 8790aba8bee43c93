using System.Buffers;

namespace ArtifactTrust.Scanning.Models;

/// <summary>What the bytes turned out to be.</summary>
/// <param name="IsPickle">Whether they are one or more pickles.</param>
/// <param name="Format">The format in words.</param>
/// <param name="Gap">Why not all of it could be followed; null where it could.</param>
/// <param name="IsCut">Whether the bytes end inside of what may be a pickle, and is none so far.</param>
internal sealed record PickleVerdict(bool IsPickle, string Format, string? Gap, bool IsCut = false);

/// <summary>Decides whether bytes are pickles, and follows all of them.</summary>
/// <remarks>
/// <para>
/// The rule. Bytes that begin with the PROTO opcode of protocols 0 to 5 are a pickle. Other bytes may be one of protocol 0 or 1, or text: they are followed
/// from the first byte, and are a pickle only if, before anything an unpickler would raise on, they call something they imported by a name that looks
/// like one, or import from a module on the deny list and go on with a mark or three more opcodes, or end with STOP — the last only if nothing, or only
/// more such pickles, come after it. So a list of words, a CSV file, JSON or source code is none: it fails within a few bytes, or imports a name that
/// it never calls.
/// </para>
/// <para>
/// After STOP the next pickle is looked for at once, as loaders do that load several. Where there is none, or after an error, the rest is searched for
/// places where one may begin; there, only imports that are resolved and look like names count.
/// </para>
/// </remarks>
internal sealed class PickleExaminer(ModelScanRules rules, int depth, CancellationToken cancellation)
{
    // A search may read and follow this many times what it searches; a file made to exceed it is not clean. Random bytes stay far below.
    private const long SearchFactor = 4;
    internal const long SearchFloor = 64 << 20;

    // Pickles of a legacy PyTorch file: magic number, protocol version, system, object, storage keys. Raw storages follow.
    private const int LegacyTorchPickles = 5;

    private static readonly byte[] LegacyTorchMagic =
    [
        0x80,
        0x02,
        0x8a,
        0x0a,
        0x6c,
        0xfc,
        0x9c,
        0x46,
        0xf9,
        0x20,
        0x6a,
        0xa8,
        0x50,
        0x19,
        0x2e,
    ];

    private static readonly SearchValues<byte> Starts = SearchValues.Create([0x80, (byte)'c']);
    private static readonly SearchValues<byte> Blank = SearchValues.Create("\0\t\n\r "u8);

    /// <summary>How many opcodes were followed, those in guessed places too.</summary>
    internal long Opcodes { get; private set; }

    /// <summary>Looks at bytes.</summary>
    /// <param name="input">The bytes, from their start.</param>
    /// <param name="events">Where imports are kept.</param>
    /// <param name="expected">Whether only a pickle can stand here, so that anything else cannot be called harmless.</param>
    /// <param name="exact">
    /// Whether a PROTO opcode alone makes a pickle. Not so for members of archives: among thousands of raw tensors some begin like that.
    /// </param>
    internal PickleVerdict Examine(PickleInput input, PickleEvents events, bool expected, bool exact)
    {
        if (!input.Ensure(1))
        {
            return new PickleVerdict(false, "empty", expected ? "a pickle is expected, and there is nothing" : null);
        }
        input.Ensure(LegacyTorchMagic.Length);
        var legacyTorch = input.Available.StartsWith(LegacyTorchMagic);
        var machine = new PickleMachine(input, events, new PickleText(input), new NestedPickles(rules, depth + 1, cancellation));
        var (pickles, certain) = (0, expected);
        while (true)
        {
            if (!input.Ensure(1))
            {
                return Whole(pickles, legacyTorch, null);
            }
            var start = input.Position;
            input.Ensure(2);
            var proto = IsProto(input.Available);
            var framed = proto && input.Ensure(3) && input.Available[2] == (byte)PickleOpcode.Frame;
            var mark = events.Mark;
            var sure = (pickles == 0 && expected) || (proto && (exact || framed));
            var end = machine.Run(sure, exactNames: false, cancellation);
            Opcodes += machine.Opcodes;
            var plausible =
                sure
                || machine.SawCall
                || machine.SawDenied
                || end == PickleEnd.OverLimit
                || (proto && (machine.Opcodes > 8 || end == PickleEnd.Truncated));
            if (end == PickleEnd.Stopped)
            {
                pickles++;
                certain |= proto || plausible;
                if (Gap(machine) is { } doubt)
                {
                    Search(input, events, machine);
                    return Whole(pickles, legacyTorch, doubt);
                }
                continue;
            }
            if (plausible)
            {
                var gap = Gap(machine) ?? "the pickle does not end";
                if (end != PickleEnd.Truncated || input.Remaining > 0)
                {
                    Search(input, events, machine);
                }
                return Whole(pickles + 1, legacyTorch, gap);
            }
            events.Restore(certain ? mark : default);
            if (!certain)
            {
                return new PickleVerdict(false, "unknown", null, end == PickleEnd.Truncated);
            }
            var repeated = input.Rewind(start);
            var rest = Search(input, events, machine);
            return Whole(
                pickles,
                legacyTorch,
                legacyTorch && pickles >= LegacyTorchPickles ? rest.Gap
                    : rest.IsBlank && repeated ? rest.Gap
                    : $"what follows the pickle at byte {start} is none, and is not examined further"
            );
        }
    }

    private static PickleVerdict Whole(int pickles, bool legacyTorch, string? gap) =>
        new(
            true,
            legacyTorch ? "PyTorch (legacy)"
                : pickles > 1 ? $"pickle ({pickles} in a row)"
                : "pickle",
            gap
        );

    private static string? Gap(PickleMachine machine) =>
        machine.Error is not null ? $"byte {machine.ErrorPosition}: {machine.Error}"
        : machine.Doubtful is { } doubt ? $"byte {doubt.Position}: {doubt.Reason}"
        : null;

    private static bool IsProto(ReadOnlySpan<byte> bytes) => bytes is [(byte)PickleOpcode.Proto, <= 5, ..];

    /// <summary>Searches the rest of the input for pickles in places where no loader looks first.</summary>
    /// <returns>Whether the rest is padding only, and why the search was not complete.</returns>
    private (bool IsBlank, string? Gap) Search(PickleInput input, PickleEvents events, PickleMachine machine)
    {
        var (blank, opcodes, read, begin) = (true, 0L, input.BytesRead, input.Position);
        while (input.Ensure(1))
        {
            cancellation.ThrowIfCancellationRequested();
            var here = input.Available;
            var next = here.IndexOfAny(Starts);
            blank = blank && !(next < 0 ? here : here[..next]).ContainsAnyExcept(Blank);
            if (next < 0)
            {
                input.Advance(here.Length);
                continue;
            }
            blank = false;
            input.Advance(next);
            var start = input.Position;
            if (!MayBegin(input))
            {
                input.Advance(1);
                continue;
            }
            var mark = events.Mark;
            machine.Run(sure: false, exactNames: true, cancellation);
            Opcodes += machine.Opcodes;
            if (machine.SawCall || machine.SawDenied)
            {
                events.AddOddity("pickle-off-start", start);
                continue;
            }
            events.Restore(mark);
            opcodes += machine.Opcodes;
            // Of decompressed bytes there may be far more than the file has, and what is searched is all that is known of their number.
            var allowed = Math.Max(SearchFloor, SearchFactor * (input.Length ?? (input.Position - begin)));
            if (opcodes + (input.CanSeek ? input.BytesRead - read : 0) > allowed)
            {
                return (false, "the search for more pickles was given up: too many places look like one");
            }
            // Decompressed bytes cannot always be read again; those in between were followed once.
            input.Rewind(start + 1);
        }
        return (blank, null);
    }

    private static bool MayBegin(PickleInput input)
    {
        if (!input.Ensure(2))
        {
            return false;
        }
        if (input.Available[0] == (byte)PickleOpcode.Proto)
        {
            return IsProto(input.Available);
        }
        // GLOBAL: two lines that look like names.
        input.Ensure(128);
        var line = input.Available[1..Math.Min(128, input.Available.Length)];
        var end = line.IndexOf((byte)'\n');
        if (end <= 0 || !PickleText.IsName(PickleText.Utf8(line[..end])))
        {
            return false;
        }
        line = line[(end + 1)..];
        end = line.IndexOf((byte)'\n');
        return end > 0 && PickleText.IsName(PickleText.Utf8(line[..end]));
    }
}
