using System.Net;
using ArtifactTrust.Trust.Tuf;

namespace ArtifactTrust.Cli.Sigstore;

/// <summary>Reads the files of a TUF repository over HTTP.</summary>
internal static class TufHttp
{
    private const int BufferBytes = 16 << 10;

    /// <summary>Reads files below a URL.</summary>
    internal static TufFetcher Below(HttpClient http, Uri baseUrl, string folder = "")
    {
        var start = $"{baseUrl.AbsoluteUri.TrimEnd('/')}/{folder}";
        return async (path, maximumBytes, cancellation) =>
        {
            using var response = await http.GetAsync(new Uri(start + path), HttpCompletionOption.ResponseHeadersRead, cancellation);
            // Object stores that do not list their content answer 403 for what they do not have.
            if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
            {
                return null;
            }
            response.EnsureSuccessStatusCode();
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            using var content = new MemoryStream();
            var buffer = new byte[BufferBytes];
            for (int read; content.Length <= maximumBytes && (read = await body.ReadAsync(buffer, cancellation)) > 0; )
            {
                // One byte over the limit shows that there is more.
                content.Write(buffer, 0, (int)Math.Min(read, maximumBytes + 1 - content.Length));
            }
            return content.ToArray();
        };
    }
}
