using System.Globalization;
using System.Text;

namespace ArtifactTrust.Oci;

/// <summary>Makes text of others fit to be shown.</summary>
internal static class Text
{
    /// <summary>At most so many characters, without control and invisible formatting characters, which could forge lines of a log.</summary>
    internal static string Clean(string text, int maximumCharacters)
    {
        var clean = new StringBuilder(Math.Min(text.Length, maximumCharacters));
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length >= maximumCharacters)
            {
                return clean.Append('…').ToString();
            }
            var category = Rune.GetUnicodeCategory(rune);
            var hidden =
                category
                is UnicodeCategory.Control
                    or UnicodeCategory.Format
                    or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator
                    or UnicodeCategory.OtherNotAssigned
                    or UnicodeCategory.PrivateUse
                    or UnicodeCategory.Surrogate;
            clean.Append(hidden ? " " : rune.ToString());
        }
        return clean.ToString().Trim();
    }
}
