using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ArtifactTrust.Formats;

/// <summary>
/// Reads the small part of YAML that policies and configuration files need: one document of mappings with string keys, lists and scalars. Anchors, aliases, tags,
/// directives, complex keys and duplicate keys are refused, since each can make a text say something other than what is seen.
/// </summary>
/// <remarks>Spec: YAML 1.2.2.</remarks>
internal sealed class YamlDocument
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _format;
    private readonly Parser _parser;
    private int _values;

    private YamlDocument(string format, string text)
    {
        _format = format;
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>Reads the whole text.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="format">What it is to be, as errors name it: <c>policy</c>.</param>
    /// <exception cref="MalformedDataException">It is not YAML of this kind, or over a limit; with line and column.</exception>
    internal static YamlMapping Parse(ReadOnlySpan<byte> utf8, string format)
    {
        if (utf8.Length > Limits.PolicyBytes)
        {
            throw new MalformedDataException(format, "$", $"{utf8.Length} bytes; at most {Limits.PolicyBytes} are accepted");
        }
        var text = Decode(utf8, format);
        CheckCharacters(text, format);
        return new YamlDocument(format, text).ReadDocument().Mapping($"a {format}");
    }

    private static string Decode(ReadOnlySpan<byte> utf8, string format)
    {
        try
        {
            return Utf8.GetString(utf8.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8);
        }
        catch (DecoderFallbackException e)
        {
            throw new MalformedDataException(format, $"byte {e.Index}", "the text is not UTF-8", e);
        }
    }

    // The parser breaks lines at NEL, LS and PS too, where editors do not, so lines would be hidden and counted differently; bidirectional
    // controls show text in another order than it is read in; tabs look like any number of spaces.
    private static void CheckCharacters(string text, string format)
    {
        var (line, column) = (1L, 1L);
        for (var i = 0; i < text.Length; i++, column++)
        {
            var c = text[i];
            if (c == '\n')
            {
                (line, column) = (line + 1, 0);
            }
            else if (c == '\t')
            {
                throw new YamlPlace(format, line, column).Malformed("a tab; indent and separate by spaces");
            }
            else if (
                (char.IsControl(c) && !(c == '\r' && i + 1 < text.Length && text[i + 1] == '\n'))
                || c
                    is '\u2028'
                        or '\u2029'
                        or '\uFEFF'
                        or '\uFFFE'
                        or '\uFFFF'
                        or (>= '\u202A' and <= '\u202E')
                        or (>= '\u2066' and <= '\u2069')
            )
            {
                throw new YamlPlace(format, line, column).Malformed($"the character U+{(int)c:X4} is not accepted");
            }
        }
    }

    private YamlValue ReadDocument()
    {
        Next<StreamStart>();
        if (Next() is not DocumentStart start)
        {
            throw new YamlPlace(_format, 1, 1).Malformed($"the {_format} is empty");
        }
        // The two tag handles that every document has are not written in it.
        if (start.Version is not null || start.Tags?.Count > 2)
        {
            throw Place(start).Malformed("YAML directives (%...) are not accepted");
        }
        Next();
        var value = Read(depth: 1);
        Next<DocumentEnd>();
        return Next() is StreamEnd ? value : throw Place(_parser.Current!).Malformed($"a second document; a {_format} is one");
    }

    // On entry the current event is the value's first one, on return its last one.
    private YamlValue Read(int depth)
    {
        var first = _parser.Current!;
        var place = Place(first);
        if (++_values > Limits.PolicyValues)
        {
            throw place.Malformed($"more than {Limits.PolicyValues} values");
        }
        if (depth > Limits.PolicyDepth)
        {
            throw place.Malformed($"nested more than {Limits.PolicyDepth} deep");
        }
        if (first is AnchorAlias)
        {
            throw place.Malformed("an alias (*name); write the value out");
        }
        if (first is NodeEvent { Anchor.IsEmpty: false })
        {
            throw place.Malformed("an anchor (&name); anchors and aliases are not accepted");
        }
        if (first is NodeEvent { Tag.IsEmpty: false })
        {
            throw place.Malformed("a tag (!name); tags are not accepted");
        }
        return first switch
        {
            Scalar scalar => new YamlScalar(
                place,
                scalar.Value,
                scalar.Style == ScalarStyle.Plain,
                scalar.Style is ScalarStyle.Literal or ScalarStyle.Folded
            ),
            SequenceStart => ReadSequence(place, depth),
            MappingStart => ReadMapping(place, depth),
            _ => throw place.Malformed("a value is expected"),
        };
    }

    private YamlSequence ReadSequence(YamlPlace place, int depth)
    {
        var items = new List<YamlValue>();
        while (Next() is not SequenceEnd)
        {
            items.Add(Read(depth + 1));
        }
        return new YamlSequence(place, items);
    }

    private YamlMapping ReadMapping(YamlPlace place, int depth)
    {
        var members = new List<YamlMember>();
        var places = new Dictionary<string, YamlPlace>(StringComparer.Ordinal);
        while (Next() is not MappingEnd)
        {
            if (Read(depth + 1) is not YamlScalar { IsBlock: false } key)
            {
                throw Place(_parser.Current!).Malformed("a key is to be a word");
            }
            if (!places.TryAdd(key.Text, key.Place))
            {
                throw key.Malformed($"the key '{key.Text.ReplaceLineEndings("\\n")}' occurs twice; first at {places[key.Text]}");
            }
            Next();
            members.Add(new YamlMember(key.Text, key.Place, Read(depth + 1)));
        }
        return new YamlMapping(place, members);
    }

    private void Next<T>()
        where T : ParsingEvent
    {
        if (Next() is not T)
        {
            throw Place(_parser.Current!).Malformed("this is not where the text may end or begin");
        }
    }

    private ParsingEvent Next()
    {
        try
        {
            return _parser.MoveNext() && _parser.Current is { } current ? current : throw Last.Malformed("the text ends too early");
        }
        catch (YamlException e)
        {
            throw new YamlPlace(_format, e.Start.Line, e.Start.Column).Malformed(e.Message, e);
        }
        // Found by mutating policies: on some broken texts the parser fails without saying so.
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            throw Last.Malformed("after this the text is not YAML", e);
        }
    }

    private YamlPlace Last => _parser.Current is { } current ? Place(current) : new YamlPlace(_format, 1, 1);

    private YamlPlace Place(ParsingEvent current) => new(_format, current.Start.Line, current.Start.Column);
}
