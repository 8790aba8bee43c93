using System.Buffers;

namespace ArtifactTrust.Scanning.Models;

/// <summary>How unpicklers read a number on a line.</summary>
internal enum PickleNumberForm
{
    /// <summary>As <c>int(line, 0)</c> does.</summary>
    Integer,

    /// <summary>As <c>float(line)</c> does.</summary>
    Float,

    /// <summary>As <c>int(line)</c> does: white space around it, a sign, and single underscores between digits.</summary>
    Decimal,
}

/// <summary>A number on a line, taken piece by piece: any number of zeros or of white space may stand before it.</summary>
/// <remarks>Spec: <c>_pickle.c</c>, which reads up to the first zero byte, as texts of C end, and <c>pickle.py</c>, which does not take such lines.</remarks>
internal struct PickleNumber(PickleNumberForm form)
{
    private static readonly SearchValues<byte> IntegerBytes = SearchValues.Create(" \t\r\v\f+-_0123456789abcdefABCDEFxXoOlL"u8);
    private static readonly SearchValues<byte> FloatBytes = SearchValues.Create(" \t\r\v\f+-_.0123456789abcdefABCDEFinftyINFTYxXpP"u8);

    private Part _part;
    private bool _isWrong;
    private bool _isNegative;
    private bool _hasBytes;
    private bool _hasDigit;
    private long _value;

    private enum Part
    {
        Before,
        Sign,
        Digit,
        Underscore,
        After,
    }

    /// <summary>Whether a zero byte ends the number before the line ends.</summary>
    internal bool IsCut { get; private set; }

    /// <summary>Whether this can still become a number.</summary>
    internal readonly bool MayGoOn => !_isWrong;

    /// <summary>Whether some unpickler takes the line.</summary>
    internal readonly bool IsNumber =>
        !_isWrong
        && form switch
        {
            // Nothing before a zero byte is a zero.
            PickleNumberForm.Integer => _hasDigit || (IsCut && !_hasBytes),
            PickleNumberForm.Float => _hasBytes,
            _ => _part is Part.Digit or Part.After,
        };

    /// <summary>The number, where it is decimal. One too large for any memo is some number too large for it.</summary>
    internal readonly long Value => _isNegative ? -_value : _value;

    /// <summary>Takes the next bytes of the line.</summary>
    internal void Add(ReadOnlySpan<byte> piece)
    {
        if (IsCut || _isWrong)
        {
            return;
        }
        if (piece.IndexOf((byte)0) is var end and >= 0)
        {
            IsCut = true;
            piece = piece[..end];
        }
        _hasBytes |= piece.Length > 0;
        _hasDigit |= piece.ContainsAnyInRange((byte)'0', (byte)'9');
        switch (form)
        {
            case PickleNumberForm.Integer:
                _isWrong = piece.ContainsAnyExcept(IntegerBytes);
                break;
            case PickleNumberForm.Float:
                _isWrong = piece.ContainsAnyExcept(FloatBytes);
                break;
            case PickleNumberForm.Decimal:
            default:
                foreach (var c in piece)
                {
                    AddDecimal(c);
                }
                break;
        }
    }

    private void AddDecimal(byte c)
    {
        switch (c)
        {
            case >= (byte)'0' and <= (byte)'9' when _part != Part.After:
                _part = Part.Digit;
                // One that does not fit is no place of a memo: every unpickler refuses it.
                _value = _value > (long.MaxValue - 9) / 10 ? long.MaxValue / 10 : (_value * 10) + (c - '0');
                break;
            case (byte)'_' when _part == Part.Digit:
                _part = Part.Underscore;
                break;
            case (byte)'+' or (byte)'-' when _part == Part.Before:
                (_part, _isNegative) = (Part.Sign, c == '-');
                break;
            case (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\v' or (byte)'\f' when _part is Part.Before or Part.Digit or Part.After:
                _part = _part == Part.Before ? Part.Before : Part.After;
                break;
            default:
                _isWrong = true;
                break;
        }
    }
}
