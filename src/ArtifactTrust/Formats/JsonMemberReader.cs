using System.Text;
using System.Text.Json;

namespace ArtifactTrust.Formats;

/// <summary>
/// Reads a JSON object whose members come in a known order from a stream, and arrays among them element by element: for files of very many small
/// values, of which it holds one.
/// </summary>
/// <param name="utf8">The text; the caller disposes of it.</param>
/// <param name="format">The format's name, for the error.</param>
/// <param name="maximumBytes">The longest text accepted, in bytes.</param>
/// <remarks>As strict as <see cref="StrictJson"/>, which reads each value.</remarks>
internal sealed class JsonMemberReader(Stream utf8, string format, int maximumBytes)
{
    private byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;
    private bool _isFinal;
    private long _read;
    private bool _isOpen;
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = Limits.JsonDepth });

    /// <summary>The value of the next member, which has to have the name.</summary>
    /// <exception cref="MalformedDataException">It has another, or the text is no JSON or is too long.</exception>
    internal JsonElement Value(string name)
    {
        Name(name);
        return Next(whole: true, out var text) == JsonTokenType.None ? throw Expected(name) : Parse(text);
    }

    /// <summary>The elements of the next member, an array, which has to have the name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="most">How many there may be.</param>
    /// <exception cref="MalformedDataException">It has another, is no array or a longer one, or the text is no JSON or is too long.</exception>
    internal IEnumerable<JsonElement> Elements(string name, int most)
    {
        Name(name);
        if (Next(whole: false, out _) != JsonTokenType.StartArray)
        {
            throw new MalformedDataException(format, $"$.{name}", "an array is required");
        }
        for (var count = 0; Next(whole: true, out var text) != JsonTokenType.EndArray; count++)
        {
            yield return count < most ? Parse(text) : throw new MalformedDataException(format, $"$.{name}", $"more than {most} elements");
        }
    }

    /// <summary>Throws where something follows.</summary>
    /// <exception cref="MalformedDataException">See above.</exception>
    internal void End()
    {
        if (Next(whole: false, out _) != JsonTokenType.EndObject || Next(whole: false, out _) != JsonTokenType.None)
        {
            throw new MalformedDataException(format, "$", "the format has no more members");
        }
    }

    private void Name(string name)
    {
        if (!_isOpen && Next(whole: false, out _) != JsonTokenType.StartObject)
        {
            throw new MalformedDataException(format, "$", "an object is expected");
        }
        _isOpen = true;
        // The reader takes the colon with the name.
        if (
            Next(whole: false, out var text) != JsonTokenType.PropertyName
            || !text.Span[..^1].TrimEnd(" \t\r\n"u8).SequenceEqual(Encoding.UTF8.GetBytes($"\"{name}\""))
        )
        {
            throw Expected(name);
        }
    }

    private MalformedDataException Expected(string name) => new(format, $"$.{name}", "the member is required, at its place");

    private JsonElement Parse(ReadOnlyMemory<byte> text) => StrictJson.Parse(text, format, maximumBytes);

    /// <summary>Goes to the next token, and over all of an object or array that it starts where the whole of it is asked for.</summary>
    private JsonTokenType Next(bool whole, out ReadOnlyMemory<byte> text)
    {
        while (true)
        {
            var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _isFinal, _state);
            try
            {
                if (reader.Read())
                {
                    var (token, from) = (reader.TokenType, (int)reader.TokenStartIndex);
                    if (!whole || reader.TrySkip())
                    {
                        var consumed = (int)reader.BytesConsumed;
                        text = _buffer.AsMemory(_start + from, consumed - from);
                        _state = reader.CurrentState;
                        _start += consumed;
                        return token;
                    }
                }
                else if (_isFinal)
                {
                    text = default;
                    return JsonTokenType.None;
                }
            }
            catch (JsonException e)
            {
                throw StrictJson.Malformed(format, e);
            }
            Fill();
        }
    }

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, checked(2 * _buffer.Length));
        }
        var read = utf8.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _read += read;
        _isFinal = read == 0;
        StrictJson.CheckLength(_read, format, maximumBytes);
    }
}
