using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Models;

namespace ArtifactTrust.Scanning.Data;

/// <summary>What a token of a JSON text is.</summary>
internal enum JsonPart
{
    /// <summary>A string.</summary>
    Text,

    /// <summary>A number.</summary>
    Number,

    /// <summary>The name of a member.</summary>
    Name,
}

/// <summary>Walks through JSON, or several JSON values one after another, with bounded memory.</summary>
internal sealed class JsonValues
{
    private const int FirstBuffer = 64 << 10;

    private readonly Stream? _copy;
    private Stream _stream;
    private byte[] _buffer = new byte[FirstBuffer];
    private int _used;
    private bool _ended;

    // Where each level began.
    private readonly Stack<(JsonPath Path, bool IsMember)> _levels = new();
    private JsonPath _path = JsonPath.Root();
    private char[] _text = new char[1024];

    /// <param name="stream">The text.</param>
    /// <param name="copy">Where the text is written to again, with replacements; null where it is only read.</param>
    internal JsonValues(Stream stream, Stream? copy = null)
    {
        _stream = stream;
        _copy = copy;
    }

    /// <summary>Looks at a string, number or name; gives back what replaces it as JSON, or null where it stays.</summary>
    /// <param name="part">What it is.</param>
    /// <param name="path">Its path; for a name that of the object.</param>
    /// <param name="name">The name it stands under, or the name itself.</param>
    /// <param name="value">The text, until this returns.</param>
    internal delegate byte[]? Visitor(JsonPart part, JsonPath path, string name, ReadOnlySpan<char> value);

    /// <summary>The text that is visited as it is written, where it has escapes and is copied; otherwise null.</summary>
    internal string? Escaped { get; private set; }

    /// <summary>Walks through all of it.</summary>
    /// <exception cref="MalformedDataException">It is not JSON, or a token is too long.</exception>
    internal void Walk(Visitor visit, CancellationToken cancellation)
    {
        var options = new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = Limits.JsonDepth };
        var state = new JsonReaderState(options);
        var offset = 0L;
        SkipMark();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            Fill();
            var reader = new Utf8JsonReader(_buffer.AsSpan(0, _used), _ended, state);
            var written = 0;
            try
            {
                while (reader.Read())
                {
                    Visit(ref reader, visit, ref written);
                }
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw new MalformedDataException("JSON", $"byte {offset + reader.BytesConsumed}", "this is not JSON", e);
            }
            var consumed = (int)reader.BytesConsumed;
            Write(written, consumed);
            offset += consumed;
            state = reader.CurrentState;
            _buffer.AsSpan(consumed, _used - consumed).CopyTo(_buffer);
            _used -= consumed;
            if (_ended)
            {
                Write(0, _used);
                return;
            }
            if (_used == _buffer.Length)
            {
                Grow();
            }
        }
    }

    private void Visit(ref Utf8JsonReader reader, Visitor visit, ref int written)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                _levels.Push((_path, false));
                break;
            case JsonTokenType.StartArray:
                _levels.Push((_path, false));
                _path = _path.Elements();
                break;
            case JsonTokenType.EndObject:
            case JsonTokenType.EndArray:
                _path = _levels.Pop().Path;
                AfterValue();
                break;
            case JsonTokenType.PropertyName:
                var member = _path.Member(Text(ref reader));
                Replace(ref reader, visit(JsonPart.Name, _path, member.Name, member.Name), ref written);
                _levels.Push((_path, true));
                _path = member;
                break;
            case JsonTokenType.String:
                Replace(ref reader, visit(JsonPart.Text, _path, _path.Name, Text(ref reader)), ref written);
                AfterValue();
                break;
            case JsonTokenType.Number:
                Replace(ref reader, visit(JsonPart.Number, _path, _path.Name, Text(ref reader)), ref written);
                AfterValue();
                break;
            default:
                AfterValue();
                break;
        }
    }

    // A member ends with its value; an array or an object does not end with an element.
    private void AfterValue()
    {
        if (_levels.TryPeek(out var level) && level.IsMember)
        {
            _path = _levels.Pop().Path;
        }
    }

    private ReadOnlySpan<char> Text(ref Utf8JsonReader reader)
    {
        Escaped = _copy is not null && reader.ValueIsEscaped ? Encoding.UTF8.GetString(reader.ValueSpan) : null;
        if (_text.Length < reader.ValueSpan.Length)
        {
            _text = new char[Math.Max(reader.ValueSpan.Length, 2 * _text.Length)];
        }
        return _text.AsSpan(
            0,
            reader.TokenType == JsonTokenType.Number ? Encoding.ASCII.GetChars(reader.ValueSpan, _text) : reader.CopyString(_text)
        );
    }

    private void Replace(ref Utf8JsonReader reader, byte[]? replacement, ref int written)
    {
        if (_copy is null || replacement is null)
        {
            return;
        }
        var start = (int)reader.TokenStartIndex;
        Write(written, start);
        _copy.Write(replacement);
        written = start + reader.ValueSpan.Length + (reader.TokenType == JsonTokenType.Number ? 0 : 2);
    }

    private void Write(int from, int to)
    {
        if (_copy is not null && to > from)
        {
            _copy.Write(_buffer.AsSpan(from, to - from));
        }
    }

    private void SkipMark()
    {
        Fill();
        if (Marked(_buffer.AsSpan(0, _used)) is { } encoding)
        {
            var mark = encoding.Preamble.Length;
            var read = new MemoryStream(_buffer[mark.._used]);
            _stream = Encoding.CreateTranscodingStream(new JoinedStream(read, _stream), encoding, Encoding.UTF8, leaveOpen: true);
            (_used, _ended) = (0, false);
            return;
        }
        if (_buffer.AsSpan(0, _used).StartsWith("\uFEFF"u8))
        {
            Write(0, 3);
            _buffer.AsSpan(3, _used - 3).CopyTo(_buffer);
            _used -= 3;
        }
    }

    /// <summary>The encoding that a mark tells, where it is not UTF-8.</summary>
    private static Encoding? Marked(ReadOnlySpan<byte> head) =>
        head switch
        {
            [0xFF, 0xFE, 0, 0, ..] => new UTF32Encoding(bigEndian: false, byteOrderMark: true, throwOnInvalidCharacters: true),
            [0xFF, 0xFE, ..] => new UnicodeEncoding(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true),
            [0xFE, 0xFF, ..] => new UnicodeEncoding(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true),
            _ => null,
        };

    private void Fill()
    {
        try
        {
            while (!_ended && _used < _buffer.Length)
            {
                var read = _stream.Read(_buffer, _used, _buffer.Length - _used);
                _ended = read == 0;
                _used += read;
            }
        }
        catch (DecoderFallbackException e)
        {
            throw new MalformedDataException("JSON", "encoding", "it is not in the encoding of its mark", e);
        }
    }

    private void Grow()
    {
        if (_buffer.Length >= Limits.JsonTokenBytes)
        {
            throw new MalformedDataException("JSON", "$", $"a token is longer than {Limits.JsonTokenBytes} bytes");
        }
        Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
