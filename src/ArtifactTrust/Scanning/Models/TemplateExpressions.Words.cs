namespace ArtifactTrust.Scanning.Models;

/// <content>The words of a block, one after the other.</content>
internal sealed partial class TemplateExpressions
{
    private int _at;

    /// <summary>Whether the words are no expression that can be read.</summary>
    internal bool HasFailed { get; private set; }

    /// <summary>Whether brackets lie too deep inside each other.</summary>
    internal bool IsTooDeep { get; private set; }

    /// <summary>Whether all words are read.</summary>
    internal bool IsOver => _at >= tokens.Count;

    /// <summary>The next word.</summary>
    internal TemplateToken Next => _at < tokens.Count ? tokens[_at] : default;

    /// <summary>Reads a word.</summary>
    internal TemplateToken Take()
    {
        var token = Next;
        _at++;
        return token;
    }

    /// <summary>Reads a word, if it is that operator or bracket.</summary>
    internal bool TakeSign(string sign) => Next.IsSign(sign) && Take().Text == sign;

    /// <summary>Reads a word, if it is that keyword.</summary>
    internal bool TakeName(string name) => Next.IsName(name) && Take().Text == name;

    /// <summary>Gives up: the words are no expression.</summary>
    internal TemplateValue Fail()
    {
        (HasFailed, _at) = (true, tokens.Count);
        return TemplateValue.Data;
    }

    private string Shown(int from, int to)
    {
        const int most = 20;
        return string.Join(' ', tokens.Skip(from).Take(Math.Min(to - from, most)).Select(t => t.Text));
    }
}
