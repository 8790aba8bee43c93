namespace ArtifactTrust.Scanning.Models;

/// <summary>What a word of a Jinja expression is.</summary>
internal enum TemplateTokenKind
{
    /// <summary>There is none: the block is over.</summary>
    End,

    /// <summary>A name or a keyword.</summary>
    Name,

    /// <summary>A text in quotes.</summary>
    Text,

    /// <summary>A number.</summary>
    Number,

    /// <summary>An operator or a bracket.</summary>
    Sign,
}

/// <summary>One word of a Jinja expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">A name in Python's normal form, a text with its escapes replaced, or the word as it is.</param>
/// <param name="Value">What a number says; 0 otherwise.</param>
internal readonly record struct TemplateToken(TemplateTokenKind Kind, string Text, double Value = 0)
{
    /// <summary>Whether it is that operator or bracket.</summary>
    internal bool IsSign(string text) => Kind is TemplateTokenKind.Sign && Text == text;

    /// <summary>Whether it is that name or keyword.</summary>
    internal bool IsName(string text) => Kind is TemplateTokenKind.Name && Text == text;
}

/// <summary>One expression or statement of a Jinja template.</summary>
/// <param name="IsStatement">Whether it is in <c>{% %}</c>, and not in <c>{{ }}</c>.</param>
/// <param name="Tokens">Its words.</param>
/// <param name="IsSound">Whether Jinja takes the words for words and the brackets match.</param>
internal sealed record TemplateBlock(bool IsStatement, List<TemplateToken> Tokens, bool IsSound)
{
    /// <summary>The name a statement begins with; empty for an expression.</summary>
    internal string Statement => IsStatement && Tokens is [{ Kind: TemplateTokenKind.Name, Text: var word }, ..] ? word : "";
}
