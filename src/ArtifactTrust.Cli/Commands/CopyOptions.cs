using System.CommandLine;
using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>What <c>copy</c>, <c>save</c> and <c>load</c> have in common: options, stores, and the report.</summary>
internal sealed class CopyOptions
{
    private readonly ImageOptions _images = new();

    private readonly Option<bool> _withoutEvidence = new("--without-evidence")
    {
        Description = "leave signatures, attestations and other referrers behind",
    };

    private readonly Option<int> _atOnce = new("--parallel")
    {
        Description = "how many blobs are moved at once",
        DefaultValueFactory = _ => 6,
        HelpName = "N",
    };

    /// <summary>Puts the options on a verb.</summary>
    internal void AddTo(Verb verb)
    {
        foreach (Option option in (Option[])[_withoutEvidence, _atOnce, Options.Output()])
        {
            verb.Add(option);
        }
        _images.AddTo(verb);
    }

    /// <summary>Whether evidence is copied too.</summary>
    internal bool WithEvidence(ParseResult parsed) => !parsed.GetValue(_withoutEvidence);

    /// <summary>How many blobs are moved at once.</summary>
    /// <exception cref="CliException">The number makes no sense.</exception>
    internal int AtOnce(ParseResult parsed) =>
        parsed.GetValue(_atOnce) is >= 1 and <= 64 and var n ? n : throw CliException.Usage("--parallel takes a number from 1 to 64");

    /// <summary>The connections to registries, of which one at least has to be named where an option is about them.</summary>
    /// <exception cref="CliException">A file of certificates is not there, or there is no registry.</exception>
    internal RegistryConnections Connections(ParseResult parsed, params IEnumerable<OciReference> named)
    {
        _images.RequireRegistry(parsed, named.Any(r => r is RegistryReference));
        return _images.Connections(parsed);
    }

    /// <summary>How registries are spoken to.</summary>
    internal RegistryOptions Registries(Session session, ParseResult parsed) => _images.Registries(session, parsed);

    /// <summary>Reads a reference that the user named.</summary>
    /// <exception cref="CliException">It is none.</exception>
    internal static OciReference Reference(string text, string what)
    {
        try
        {
            return OciReference.Parse(text);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage(
                $"{what} '{text}' is no image reference: {e.Reason}",
                "write HOST/REPO[:TAG|@DIGEST], oci-layout:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE",
                e
            );
        }
    }

    /// <summary>Tells what was moved.</summary>
    internal static int Report(Session session, string command, IReadOnlyList<(string From, string To, CopyReport Report)> copies)
    {
        var terminal = session.Terminal;
        foreach (var note in copies.SelectMany(c => c.Report.Notes))
        {
            terminal.Warn(note);
        }
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, command, "ok", ExitCode.Success);
                writer.WriteStartArray("copies");
                foreach (var (from, to, report) in copies)
                {
                    Write(writer, from, to, report);
                }
                writer.WriteEndArray();
                writer.WriteEndObject();
            });
            return ExitCode.Success;
        }
        foreach (var (from, to, report) in copies)
        {
            terminal.Line($"copied {Terminal.Clean(from)} to {Terminal.Clean(to)}");
            terminal.Line($"  digest    {report.Root.Digest}");
            terminal.Line($"  manifests {report.Manifests.Count}, of them evidence {report.Evidence.Count}");
            terminal.Line(
                $"  blobs     {report.BlobsCopied} copied ({report.BytesCopied} bytes), {report.BlobsMounted} mounted, {report.BlobsPresent} present"
            );
        }
        return ExitCode.Success;
    }

    private static void Write(Utf8JsonWriter writer, string from, string to, CopyReport report)
    {
        writer.WriteStartObject();
        writer.WriteString("from", from);
        writer.WriteString("to", to);
        writer.WriteString("digest", report.Root.Digest.ToString());
        writer.WriteNumber("manifests", report.Manifests.Count);
        writer.WriteStrings("evidence", report.Evidence.Select(d => d.ToString()));
        writer.WriteNumber("blobsCopied", report.BlobsCopied);
        writer.WriteNumber("blobsMounted", report.BlobsMounted);
        writer.WriteNumber("blobsPresent", report.BlobsPresent);
        writer.WriteNumber("bytesCopied", report.BytesCopied);
        writer.WriteStrings("notes", report.Notes);
        writer.WriteEndObject();
    }
}
