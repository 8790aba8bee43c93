using System.Net.Http.Headers;
using System.Text;

namespace ArtifactTrust.Oci;

/// <summary>What a registry asks for with a 401: a scheme and its parameters.</summary>
/// <remarks>Spec: RFC 9110 §11.6.1; Distribution, "Token Authentication Specification".</remarks>
internal sealed class RegistryChallenge
{
    private readonly Dictionary<string, string> _parameters = new(StringComparer.OrdinalIgnoreCase);

    private RegistryChallenge(string scheme) => Scheme = scheme;

    internal string Scheme { get; }

    internal string? this[string name] => _parameters.GetValueOrDefault(name);

    internal bool Is(string scheme) => Scheme.Equals(scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a challenge, or gives null where its parameters cannot be read.</summary>
    internal static RegistryChallenge? TryParse(AuthenticationHeaderValue header)
    {
        var challenge = new RegistryChallenge(header.Scheme);
        var rest = (header.Parameter ?? "").AsSpan().Trim();
        while (!rest.IsEmpty)
        {
            var equals = rest.IndexOf('=');
            if (equals <= 0)
            {
                return null;
            }
            var name = rest[..equals].Trim().ToString();
            rest = rest[(equals + 1)..].TrimStart();
            var value = new StringBuilder();
            if (!rest.IsEmpty && rest[0] == '"')
            {
                var i = 1;
                for (; i < rest.Length && rest[i] != '"'; i++)
                {
                    if (rest[i] == '\\' && i + 1 < rest.Length)
                    {
                        i++;
                    }
                    value.Append(rest[i]);
                }
                if (i == rest.Length)
                {
                    return null;
                }
                rest = rest[(i + 1)..].TrimStart();
            }
            else
            {
                var end = rest.IndexOf(',');
                value.Append(end < 0 ? rest : rest[..end].Trim());
                rest = end < 0 ? [] : rest[end..];
            }
            if (!challenge._parameters.TryAdd(name, value.ToString()))
            {
                return null;
            }
            if (!rest.IsEmpty)
            {
                if (rest[0] != ',')
                {
                    return null;
                }
                rest = rest[1..].TrimStart();
            }
        }
        return challenge;
    }
}
