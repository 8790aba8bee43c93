using System.Diagnostics;
using System.Globalization;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>A registry that lies about which evidence there is: what is listed decides nothing, and no answer is never "none".</summary>
public sealed class HostileReferrersTests : HostileScene
{
    private const int Listed = 10_000;
    private const long MaximumKibibytes = 300 << 10;

    [Theory]
    [InlineData(500)]
    [InlineData(403)]
    [InlineData(400)]
    [InlineData(405)]
    public void A_list_that_is_refused_is_not_an_empty_one(int status)
    {
        At($"referrers/{Model}", http => HostileRegistry.AnswerAsync(http, status, []));
        RefuseAll(3, "registry", status.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_list_under_the_fallback_tag_that_cannot_be_had_is_not_an_empty_one()
    {
        Registry.HasReferrersApi = false;
        var tag = $"manifests/{Model.Replace(':', '-')}";
        At(tag, http => HostileRegistry.AnswerAsync(http, 500, []));
        RefuseAll(3, "registry", "500");
        At(tag, Bytes("<html>"), "text/html");
        RefuseAll(1, "malformed", "malformed OCI manifest");
        // Nothing is written over what cannot be read.
        Refuses(1, "malformed", "malformed OCI manifest", "sign");
        At(tag, Registry.Content.Manifests[Referrer], HostileRegistry.ManifestType);
        RefuseAll(1, "malformed", "image index");
        Refuses(1, "malformed", "image index", "attest");
    }

    [Fact]
    public void The_image_itself_under_the_fallback_tag_is_no_list_and_nothing_is_written_there()
    {
        Registry.HasReferrersApi = false;
        At($"manifests/{Model.Replace(':', '-')}", Registry.Content.Manifests[Model], HostileRegistry.ManifestType);
        Refuses(1, "no-evidence", "no signature was found", "verify");
        Accepts("inspect");
        Refuses(3, "registry", "for the image itself", "sign");
    }

    [Fact]
    public void A_list_that_leads_to_pages_for_people_is_looked_for_under_the_fallback_tag()
    {
        Registry.HasReferrersApi = false;
        var referrer = RegistryContent.Descriptor(Referrer, Registry.Content.Manifests[Referrer].Length, BundleType);
        var tag = (Status: 200, Body: HostileRegistry.Index([referrer]));
        Registry.Misbehave = (http, asked) =>
        {
            if (asked == $"referrers/{Model}")
            {
                http.Response.Headers.Location = "/pages/packages?lang=en";
                return HostileRegistry.AnswerAsync(http, 303, []);
            }
            return asked == $"manifests/{Model.Replace(':', '-')}"
                ? HostileRegistry.AnswerAsync(http, tag.Status, tag.Body, HostileRegistry.IndexType)
                : Task.FromResult(false);
        };
        Accepts("verify");
        tag = (500, []);
        RefuseAll(3, "registry", "500");
    }

    [Fact]
    public void A_referrer_of_something_else_is_no_evidence()
    {
        var manifest = Text(Registry.Content.Manifests[Referrer]);
        var other = Registry.Content.Add(Bytes(manifest.Replace(Model, $"sha256:{new string('0', 64)}", StringComparison.Ordinal)));
        List(RegistryContent.Descriptor(other, manifest.Length, BundleType));
        Refuses(1, null, $"its own subject is sha256:{new string('0', 64)}, not {Model}", "verify");
        Refuses(1, "rejected", "no signature verifies", "pull");
        Assert.Contains("its own subject is", Accepts("inspect").Output, StringComparison.Ordinal);
        Assert.Contains("says that it is about sha256:000", Accepts("copy").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_descriptor_that_lies_about_size_or_type_is_no_evidence_and_hides_none()
    {
        var size = Registry.Content.Manifests[Referrer].Length;
        List(RegistryContent.Descriptor(Referrer, size + 1, BundleType));
        Refuses(1, null, $"its manifest has {size} bytes, not the {size + 1} listed", "verify");
        Refuses(1, "rejected", "no signature verifies", "pull");
        // What the list says of the kind of artifact is not believed, for good or for bad.
        List(RegistryContent.Descriptor(Referrer, size, "application/vnd.example.nothing"));
        Accepts("verify");
        var manifest = Text(Registry.Content.Manifests[Referrer]);
        var nothing = Registry.Content.Add(
            Bytes(manifest.Replace($"\"mediaType\":\"{BundleType}\"", "\"mediaType\":\"text/plain\"", StringComparison.Ordinal))
        );
        List(RegistryContent.Descriptor(nothing, Registry.Content.Manifests[nothing].Length, BundleType));
        Refuses(1, null, "not a Sigstore bundle", "verify");
        List(RegistryContent.Descriptor($"sha256:{new string('1', 64)}", 1000, BundleType));
        Refuses(1, null, "it is listed, but the store does not have it", "verify");
    }

    [Fact]
    public void Pages_that_lead_in_a_circle_elsewhere_or_nowhere_end()
    {
        var index = HostileRegistry.Index([]);
        Link("/v2/demo/app/referrers/{0}?next=same");
        RefuseAll(1, "malformed", "page 3 is one that was read before");
        Link("http://198.51.100.7/v2/demo/app/referrers/{0}");
        RefuseAll(3, "registry", "the next page is not one of the same list; refused");
        Link("/v2/demo/other/referrers/{0}");
        RefuseAll(3, "registry", "the next page is not one of the same list; refused");
        var page = 0;
        At(
            $"referrers/{Model}",
            http =>
            {
                http.Response.Headers.Link = $"<?page={Interlocked.Increment(ref page)}>; rel=\"next\"";
                return HostileRegistry.AnswerAsync(http, 200, index, HostileRegistry.IndexType);
            }
        );
        Refuses(1, "malformed", "more than 1000 pages", "verify");

        void Link(string to) =>
            At(
                $"referrers/{Model}",
                http =>
                {
                    http.Response.Headers.Link = $"<{string.Format(CultureInfo.InvariantCulture, to, Model)}>; rel=\"next\"";
                    return HostileRegistry.AnswerAsync(http, 200, index, HostileRegistry.IndexType);
                }
            );
    }

    [Theory]
    [InlineData(Listed)]
    [InlineData(100)]
    public void Ten_thousand_referrers_are_looked_at_within_bounds(int pageSize)
    {
        // The one that counts is the last of the list.
        var junk = Enumerable.Range(0, Listed - 1).Select(Junk).ToList();
        var all = junk.Append(RegistryContent.Descriptor(Referrer, Registry.Content.Manifests[Referrer].Length, BundleType)).ToArray();
        Page(all, pageSize);
        var (ended, kibibytes) = Measure("verify");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.InRange(kibibytes, 1, MaximumKibibytes);
        Page([.. all, Junk(Listed)], pageSize);
        Refuses(1, "malformed", $"{Listed}", "verify");
    }

    [Fact]
    public void Referrers_that_together_are_too_much_are_left_out_and_said_so()
    {
        // A thousand manifests, each of the size that one may have: they do not fit into memory together.
        var padding = new string('x', 200 << 10);
        var manifest = Text(Registry.Content.Manifests[Referrer]);
        var list = Enumerable
            .Range(0, 1000)
            .Select(i =>
            {
                var bytes = Bytes(
                    manifest.Replace("\"annotations\":{", $"\"annotations\":{{\"{i}\":\"{padding}\",", StringComparison.Ordinal)
                );
                return RegistryContent.Descriptor(Registry.Content.Add(bytes), bytes.Length, BundleType);
            })
            .ToArray();
        List(list);
        var (ended, kibibytes) = Measure("inspect");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains(
            "the manifests of all referrers may have 67108864 bytes, and this would be more",
            ended.Output,
            StringComparison.Ordinal
        );
        Assert.InRange(kibibytes, 1, 2 * MaximumKibibytes);
    }

    [Fact]
    public void A_list_with_more_bytes_than_any_is_refused()
    {
        var padding = new string('x', 3 << 20);
        var page = 0;
        At(
            $"referrers/{Model}",
            http =>
            {
                http.Response.Headers.Link = $"<?page={Interlocked.Increment(ref page)}>; rel=\"next\"";
                var entry = Junk(page).Insert(1, $"\"annotations\":{{\"a\":\"{padding}\"}},");
                return HostileRegistry.AnswerAsync(http, 200, HostileRegistry.Index([entry]), HostileRegistry.IndexType);
            }
        );
        RefuseAll(1, "malformed", "more than 33554432 bytes");
    }

    [Fact]
    public void An_endless_body_takes_no_memory()
    {
        At($"blobs/{Bundle}", http => HostileRegistry.EndlessAsync(http, 200, "application/octet-stream"));
        Check("verify");
        At("manifests/1", http => HostileRegistry.EndlessAsync(http, 200, HostileRegistry.ManifestType));
        Check("copy");

        void Check(string verb)
        {
            var (ended, kibibytes) = Measure(verb);
            Assert.True(ended.ExitCode == 1, ended.ToString());
            Assert.InRange(kibibytes, 1, MaximumKibibytes);
        }
    }

    private void List(params string[] descriptors) =>
        At($"referrers/{Model}", HostileRegistry.Index(descriptors), HostileRegistry.IndexType);

    private void Page(string[] descriptors, int size) =>
        At(
            $"referrers/{Model}",
            http =>
            {
                var start = int.Parse(http.Request.Query["start"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
                if (start + size < descriptors.Length)
                {
                    http.Response.Headers.Link = string.Create(
                        CultureInfo.InvariantCulture,
                        $"<{http.Request.Path}?start={start + size}>; rel=\"next\""
                    );
                }
                var page = descriptors.Skip(start).Take(Math.Max(size, descriptors.Length > Listed && size == Listed ? Listed + 1 : size));
                return HostileRegistry.AnswerAsync(http, 200, HostileRegistry.Index(page), HostileRegistry.IndexType);
            }
        );

    /// <summary>Another referrer of the model, with a bundle that is none.</summary>
    private string Junk(int number)
    {
        var bundle = Bytes($$"""{"number":{{number}}}""");
        var digest = RegistryContent.DigestOf(bundle);
        Registry.Content.Blobs[digest] = bundle;
        var manifest = Bytes(
            $$"""
            {"schemaVersion":2,"mediaType":"{{HostileRegistry.ManifestType}}","artifactType":"{{BundleType}}","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[{"mediaType":"{{BundleType}}","digest":"{{digest}}","size":{{bundle.Length}} }],"subject":{"mediaType":"{{HostileRegistry.ManifestType}}","digest":"{{Model}}","size":{{Registry.Content.Manifests[
                Model
            ].Length}} } }
            """
        );
        return RegistryContent.Descriptor(Registry.Content.Add(manifest), manifest.Length, BundleType);
    }

    /// <summary>Runs a verb, and gives the most memory that it had, in KiB.</summary>
    private (Ended Ended, long Kibibytes) Measure(string verb)
    {
        using var process = Tool.Begin(Scene.Folder, null, [.. Tool.Start, .. Command(verb)]);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        var clock = Stopwatch.StartNew();
        var most = 0L;
        while (!process.WaitForExit(10))
        {
            most = Math.Max(most, Peak(process.Id));
            if (clock.Elapsed > TimeSpan.FromMinutes(2))
            {
                process.Kill();
                Assert.Fail($"{verb} did not end");
            }
        }
        return (new Ended(process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult()), most);
    }

    /// <summary>The kernel's own mark of how much memory a process has had.</summary>
    private static long Peak(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has just ended.
            return 0;
        }
    }
}
