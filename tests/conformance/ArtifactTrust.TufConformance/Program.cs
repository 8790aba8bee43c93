using ArtifactTrust.Formats;
using ArtifactTrust.TufConformance;

try
{
    var arguments = Arguments.Parse(args);
    using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
    var failure = await Commands.RunAsync(arguments, http);
    if (failure is null)
    {
        return 0;
    }
    await Console.Error.WriteLineAsync($"refused: {failure}");
}
catch (Exception e)
    when (e
            is MalformedDataException
                or IOException
                or UnauthorizedAccessException
                or HttpRequestException
                or TaskCanceledException
                or ArgumentException
    )
{
    await Console.Error.WriteLineAsync($"error: {e.Message}");
}
return 1;
