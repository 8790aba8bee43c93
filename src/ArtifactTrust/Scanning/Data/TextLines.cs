using System.Text;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Reads text line by line with bounded memory: a long line comes in pieces that overlap.</summary>
internal sealed class TextLines : IDisposable
{
    /// <summary>The longest line that is read as one, in UTF-16 units.</summary>
    internal const int LongestPiece = 256 << 10;

    // What a piece repeats of the one before, so that nothing is missed at the cut.
    private const int Overlap = 1024;

    private const int HeadBytes = 8 << 10;

    private readonly StreamReader _reader;
    private readonly char[] _buffer = new char[LongestPiece + Overlap];
    private int _used;
    private int _next;
    private int _nextLine = 1;
    private bool _ended;
    private bool _wasCut;
    private (int Start, int Length) _piece;

    internal TextLines(Stream stream)
    {
        _reader = new StreamReader(stream, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: true, 64 << 10, leaveOpen: true);
    }

    /// <summary>The line, from 1.</summary>
    internal int Line { get; private set; } = 1;

    /// <summary>The line's text without its end, or a piece of it.</summary>
    internal ReadOnlySpan<char> Text => _buffer.AsSpan(_piece.Start, _piece.Length);

    /// <summary>How often the buffer was filled.</summary>
    internal int Fills { get; private set; }

    /// <summary>The whole lines that were read ahead, with their ends.</summary>
    internal ReadOnlySpan<char> Ahead
    {
        get
        {
            var rest = _buffer.AsSpan(_next, _used - _next);
            return rest[..(rest.LastIndexOf('\n') + 1)];
        }
    }

    /// <summary>
    /// Where in the piece something begins that is to be counted: what begins elsewhere is in the piece before it or after it too, and whole there,
    /// as long as it has at most half of the overlap.
    /// </summary>
    internal Range Own { get; private set; } = Range.All;

    /// <summary>Whether a file is text: no NUL in its first kilobytes, or a mark of UTF-16. The stream is at its start after it.</summary>
    internal static bool IsText(Stream stream)
    {
        stream.Position = 0;
        var head = new byte[HeadBytes];
        var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        return IsText(head.AsSpan(0, read));
    }

    /// <inheritdoc cref="IsText(Stream)"/>
    internal static bool IsText(ReadOnlySpan<byte> head) =>
        head is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] || (head.IndexOf((byte)0) < 0 && !head.StartsWith("%PDF"u8));

    /// <summary>Moves over <see cref="Ahead"/>.</summary>
    internal void PassAhead()
    {
        var ahead = Ahead;
        _nextLine += ahead.Count('\n');
        _next += ahead.Length;
    }

    /// <summary>Goes to the next line or piece; false at the end.</summary>
    internal bool Read()
    {
        var from = _wasCut ? Overlap / 2 : 0;
        _wasCut = false;
        Line = _nextLine;
        while (true)
        {
            var rest = _buffer.AsSpan(_next, _used - _next);
            var feed = rest.IndexOf('\n');
            if (feed >= 0)
            {
                _piece = (_next, feed > 0 && rest[feed - 1] == '\r' ? feed - 1 : feed);
                _next += feed + 1;
                _nextLine++;
                Own = from..;
                return true;
            }
            if (_ended)
            {
                if (rest.Length == 0)
                {
                    return false;
                }
                _piece = (_next, rest.Length);
                _next = _used;
                Own = from..;
                return true;
            }
            if (rest.Length >= LongestPiece)
            {
                _piece = (_next, rest.Length);
                _next += rest.Length - Overlap;
                _wasCut = true;
                Own = from..^(Overlap / 2);
                return true;
            }
            // The piece given out before is no longer needed.
            rest.CopyTo(_buffer);
            _used = rest.Length;
            _next = 0;
            var read = _reader.Read(_buffer, _used, Math.Min(_buffer.Length - _used, 64 << 10));
            Fills++;
            _ended = read == 0;
            _used += read;
        }
    }

    public void Dispose() => _reader.Dispose();
}
