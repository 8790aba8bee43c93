namespace ArtifactTrust.Cli.Console;

/// <summary>Standard output or standard error, which may be full, closed or broken: then the failure says which of the two it is.</summary>
/// <param name="stream">The stream.</param>
/// <param name="name">What it is called.</param>
internal sealed class ProcessStream(Stream stream, string name) : WriteOnlyStream
{
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            stream.Write(buffer);
        }
        catch (UnauthorizedAccessException e)
        {
            // What .NET makes of EBADF.
            throw Failed("it is closed", e);
        }
        catch (IOException e)
        {
            throw Failed(e.Message, e);
        }
    }

    private CliException Failed(string reason, Exception e) =>
        CliException.CouldNotTell(
            "io",
            $"{name} cannot be written: {reason}",
            "what was not shown counts as not told; run again with a place to write to",
            e
        );
}
