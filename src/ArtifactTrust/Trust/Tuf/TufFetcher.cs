namespace ArtifactTrust.Trust.Tuf;

/// <summary>Reads one file of a TUF repository, as its owner does: over HTTP, from a directory.</summary>
/// <param name="path">The file, relative to the base URL, percent-encoded: <c>2.root.json</c>, <c>dir/name%20with%20spaces</c>.</param>
/// <param name="maximumBytes">The longest content accepted. No more than one byte beyond it is to be read; what is longer is refused.</param>
/// <param name="cancellation">Stops reading. Time limits are the fetcher's own.</param>
/// <returns>The content, or null where there is no such file (HTTP 404).</returns>
/// <remarks>Every other failure is an exception, such as <see cref="HttpRequestException"/>, and passes through the TUF client.</remarks>
public delegate Task<byte[]?> TufFetcher(string path, long maximumBytes, CancellationToken cancellation);
