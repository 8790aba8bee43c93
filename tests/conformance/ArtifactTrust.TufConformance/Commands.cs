using System.Net;
using ArtifactTrust.Trust.Tuf;

namespace ArtifactTrust.TufConformance;

/// <summary>The three commands, each a call of the library.</summary>
internal static class Commands
{
    internal static async Task<TufFailure?> RunAsync(Arguments arguments, HttpClient http)
    {
        var cache = new TufCache(arguments.MetadataDirectory, arguments.TargetDirectory);
        if (arguments.Command is "init")
        {
            await cache.InitializeAsync(await File.ReadAllBytesAsync(arguments.TrustedRoot!));
            return null;
        }
        var isDownload = arguments.Command is "download";
        var metadata = Fetcher(http, Arguments.Required(arguments.MetadataUrl, "--metadata-url"));
        var targets = isDownload ? Fetcher(http, Arguments.Required(arguments.TargetUrl, "--target-base-url")) : metadata;
        var client = new TufClient(cache, metadata, targets, TimeProvider.System);
        var update = await client.UpdateAsync();
        if (!update.IsTrusted)
        {
            return update.Failure;
        }
        foreach (var name in isDownload ? arguments.TargetNames : [])
        {
            var download = await client.DownloadAsync(update.Trust, name);
            if (!download.IsTrusted)
            {
                return download.Failure;
            }
        }
        return null;
    }

    private static TufFetcher Fetcher(HttpClient http, string baseUrl) =>
        async (path, maximumBytes, cancellation) =>
        {
            using var response = await http.GetAsync(
                new Uri($"{baseUrl.TrimEnd('/')}/{path}"),
                HttpCompletionOption.ResponseHeadersRead,
                cancellation
            );
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }
            response.EnsureSuccessStatusCode();
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            using var content = new MemoryStream();
            var buffer = new byte[16 << 10];
            for (int read; content.Length <= maximumBytes && (read = await body.ReadAsync(buffer, cancellation)) > 0; )
            {
                // One byte over the limit shows that there is more.
                content.Write(buffer, 0, (int)Math.Min(read, maximumBytes + 1 - content.Length));
            }
            return content.ToArray();
        };
}
