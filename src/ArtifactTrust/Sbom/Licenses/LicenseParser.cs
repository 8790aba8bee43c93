using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Licenses;

/// <summary>Turns what a file says of its licence into an identifier, an expression or, failing both, a name.</summary>
internal static class LicenseParser
{
    private const int MaximumExpressionTokens = 256;

    // What Hugging Face's cards write where there is no licence to name.
    private static readonly string[] NotALicense = ["unknown", "none", "no-license", "noassertion"];

    /// <summary>Reads a stated licence: an SPDX identifier in any case, an expression, an address of a well-known licence, or anything else.</summary>
    /// <returns>The licence, or null where the statement is that there is none known.</returns>
    internal static SbomLicense? Parse(string? stated, string? url = null)
    {
        var text = FileText.Clean(stated)?.Trim();
        var address = Iri.OrNull(url);
        if (string.IsNullOrEmpty(text) || NotALicense.Contains(text, StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }
        if (SpdxLicenses.Find(text) is { } id)
        {
            return SbomLicense.OfId(id, address);
        }
        if (
            text.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        )
        {
            return FromAddress(text) is { } known ? SbomLicense.OfId(known, Iri.OrNull(text)) : SbomLicense.OfName(text, Iri.OrNull(text));
        }
        return Expression(text) is { } expression ? SbomLicense.OfExpression(expression) : SbomLicense.OfName(text, address);
    }

    private static string? FromAddress(string address)
    {
        var path = address[(address.IndexOf("//", StringComparison.Ordinal) + 2)..].TrimEnd('/');
        if (path.StartsWith("www.", StringComparison.OrdinalIgnoreCase))
        {
            path = path[4..];
        }
        var parts = path.Split('/');
        return parts switch
        {
            ["spdx.org", "licenses", var id] => SpdxLicenses.Find(id.EndsWith(".html", StringComparison.Ordinal) ? id[..^5] : id),
            ["opensource.org", "licenses" or "license", var id] => SpdxLicenses.Find(id),
            ["creativecommons.org", "licenses", var kind, var version] => SpdxLicenses.Find($"CC-{kind}-{version}"),
            ["creativecommons.org", "publicdomain", "zero", "1.0"] => SpdxLicenses.Find("CC0-1.0"),
            ["apache.org", "licenses", "LICENSE-2.0" or "LICENSE-2.0.html" or "LICENSE-2.0.txt"] => SpdxLicenses.Find("Apache-2.0"),
            _ => null,
        };
    }

    /// <summary>The expression in normal spelling, or null where the text is none.</summary>
    /// <remarks>Spec: SPDX 2.3 annex D: <c>OR</c> binds less than <c>AND</c>, which binds less than <c>WITH</c>.</remarks>
    internal static string? Expression(string text)
    {
        var tokens = text.Replace("(", " ( ", StringComparison.Ordinal)
            .Replace(")", " ) ", StringComparison.Ordinal)
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (tokens.Length is < 3 or > MaximumExpressionTokens)
        {
            return null;
        }
        var output = new List<string>();
        var depth = 0;
        var operandNext = true;
        for (var i = 0; i < tokens.Length; i++)
        {
            var token = tokens[i];
            if (operandNext && token == "(")
            {
                depth++;
                output.Add(token);
            }
            else if (operandNext)
            {
                if (Operand(token) is not { } id)
                {
                    return null;
                }
                output.Add(id);
                operandNext = false;
                if (i + 1 < tokens.Length && tokens[i + 1].Equals("WITH", StringComparison.OrdinalIgnoreCase))
                {
                    if (i + 2 >= tokens.Length || SpdxLicenses.FindException(tokens[i + 2]) is not { } exception)
                    {
                        return null;
                    }
                    output.Add("WITH");
                    output.Add(exception);
                    i += 2;
                }
            }
            else if (token == ")" && depth > 0)
            {
                depth--;
                output.Add(token);
            }
            else if (token.ToUpperInvariant() is "AND" or "OR")
            {
                output.Add(token.ToUpperInvariant());
                operandNext = true;
            }
            else
            {
                return null;
            }
        }
        return depth == 0 && !operandNext
            ? string.Join(' ', output).Replace("( ", "(", StringComparison.Ordinal).Replace(" )", ")", StringComparison.Ordinal)
            : null;
    }

    private static string? Operand(string token) =>
        SpdxLicenses.Find(token)
        ?? (token.EndsWith('+') && SpdxLicenses.Find(token[..^1]) is { } orLater ? orLater + "+" : null)
        ?? (
            token.StartsWith("LicenseRef-", StringComparison.Ordinal)
            && token.Length > 11
            && token.AsSpan(11).IndexOfAnyExcept(Idstring) < 0
                ? token
                : null
        );

    private static readonly System.Buffers.SearchValues<char> Idstring = System.Buffers.SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."
    );
}
