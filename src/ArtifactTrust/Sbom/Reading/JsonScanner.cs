using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Reading;

/// <summary>Reads JSON of any length token by token, in the memory of its longest token.</summary>
/// <param name="format">The format's name, for errors.</param>
internal abstract class JsonScanner(string format)
{
    private const int BufferBytes = 64 << 10;

    /// <summary>Reads from the reader's position to <paramref name="end"/>.</summary>
    /// <param name="input">The file.</param>
    /// <param name="end">Where the JSON ends, in bytes from the start of the file.</param>
    /// <param name="lines">Whether several values may follow each other, as in JSON Lines.</param>
    /// <exception cref="MalformedDataException">It is not JSON, or a token is longer than <see cref="Limits.JsonTokenBytes"/>.</exception>
    internal void Run(ByteReader input, long end, bool lines)
    {
        var state = new JsonReaderState(new JsonReaderOptions { MaxDepth = Limits.JsonDepth, AllowMultipleValues = lines });
        var buffer = new byte[(int)Math.Clamp(end - input.Position, 1, BufferBytes)];
        var filled = 0;
        while (true)
        {
            if (filled == buffer.Length)
            {
                if (buffer.Length >= Limits.JsonTokenBytes)
                {
                    throw input.Malformed($"a string or number is longer than {Limits.JsonTokenBytes} bytes");
                }
                Array.Resize(ref buffer, Math.Min(2 * buffer.Length, Limits.JsonTokenBytes));
            }
            while (filled < buffer.Length && input.Position < end)
            {
                var chunk = input.Chunk(Math.Min(buffer.Length - filled, end - input.Position));
                if (chunk.IsEmpty)
                {
                    break;
                }
                chunk.CopyTo(buffer.AsSpan(filled));
                filled += chunk.Length;
            }
            var last = input.Position >= end;
            var reader = new Utf8JsonReader(buffer.AsSpan(0, filled), last, state);
            try
            {
                while (reader.Read())
                {
                    Token(ref reader);
                }
            }
            catch (JsonException e)
            {
                throw StrictJson.Malformed(format, e);
            }
            if (last)
            {
                return;
            }
            state = reader.CurrentState;
            var used = (int)reader.BytesConsumed;
            buffer.AsSpan(used, filled - used).CopyTo(buffer);
            filled -= used;
        }
    }

    /// <summary>Told each token.</summary>
    protected abstract void Token(ref Utf8JsonReader reader);

    /// <summary>The error to throw for the token at hand.</summary>
    protected MalformedDataException Malformed(string location, string reason, Exception? inner = null) =>
        new(format, location, reason, inner);

    /// <summary>The token's text: a string's or a member's name.</summary>
    /// <exception cref="MalformedDataException">It is not valid Unicode.</exception>
    protected string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Malformed($"byte {reader.TokenStartIndex} of the text read last", "a string is not valid Unicode", e);
        }
    }

    /// <summary>Whether the token's text is this; what is not valid Unicode is no text.</summary>
    protected static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> text)
    {
        try
        {
            return reader.ValueTextEquals(text);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
