namespace ArtifactTrust.Oci;

/// <summary>The header that leads from one page of a list to the next.</summary>
/// <remarks>Spec: RFC 8288 §3.</remarks>
internal static class LinkHeader
{
    /// <summary>The target with the relation <c>next</c>, or null.</summary>
    internal static string? Next(string? header)
    {
        var rest = (header ?? "").AsSpan();
        while (true)
        {
            var open = rest.IndexOf('<');
            var close = rest.IndexOf('>');
            if (open < 0 || close < open)
            {
                return null;
            }
            var target = rest[(open + 1)..close];
            rest = rest[(close + 1)..];
            // The parameters end where the next target begins.
            var following = rest.IndexOf('<');
            var parameters = following < 0 ? rest : rest[..following];
            foreach (var range in parameters.SplitAny(';', ','))
            {
                var parameter = parameters[range].Trim();
                if (
                    parameter.StartsWith("rel=", StringComparison.OrdinalIgnoreCase)
                    && parameter[4..].Trim().Trim('"').Equals("next", StringComparison.OrdinalIgnoreCase)
                )
                {
                    return target.ToString();
                }
            }
        }
    }
}
