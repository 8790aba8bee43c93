using System.Text;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>Queries of URLs.</summary>
internal static class Urls
{
    /// <summary>The URL with parameters added to those it has.</summary>
    internal static Uri With(Uri uri, params ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var query = new StringBuilder(uri.Query.TrimStart('?').TrimEnd('&'));
        foreach (var (name, value) in parameters)
        {
            query.Append(query.Length > 0 ? "&" : "").Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
        return new UriBuilder(uri) { Query = query.ToString(), Fragment = "" }.Uri;
    }

    /// <summary>The parameters of a query; null where one is repeated (RFC 6749 §3.1) or there are too many.</summary>
    internal static Dictionary<string, string>? Parse(string query)
    {
        const int most = 64;
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in query.TrimStart('?').Split('&', most + 1, StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Replace('+', ' ').Split('=', 2);
            var name = Uri.UnescapeDataString(parts[0]);
            if (parameters.Count == most || !parameters.TryAdd(name, parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : ""))
            {
                return null;
            }
        }
        return parameters;
    }
}
