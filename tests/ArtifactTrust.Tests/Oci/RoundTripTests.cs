using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

/// <summary>How often a registry is asked: each thing once, over few connections.</summary>
public sealed class RoundTripTests : RegistryTest
{
    private const string SignType = "https://sigstore.dev/cosign/sign/v1";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reading_one_signature_takes_four_requests_and_one_more_where_there_is_no_api(bool api)
    {
        Registry.HasReferrersApi = api;
        Registry.KeepsConnections = true;
        var image = Registry.AddImage("v1");
        await new EvidenceStore(Client(), TimeProvider.System).AttachAsync(image.Descriptor, "{}"u8.ToArray(), SignType);
        Registry.Requests.Clear();
        var before = Registry.Connections;
        var client = Client();
        var subject = (await client.ResolveAsync(OciReference.Parse($"{Registry.Host}/app:v1"))).Descriptor;
        Assert.Single((await new EvidenceStore(client, TimeProvider.System).ListBundlesAsync(subject.Digest)).Bundles);
        string[] expected = api
            ? ["manifests", "referrers", "manifests", "blobs"]
            : ["manifests", "referrers", "manifests", "manifests", "blobs"];
        Assert.Equal(expected, Registry.Requests.Select(r => r.Path.Split('/')[3]));
        Assert.Equal(Registry.Requests.Count, Registry.Requests.Select(r => (r.Method, r.Path)).Distinct().Count());
        Assert.Equal(1, Registry.Connections - before);
    }

    [Fact]
    public async Task What_is_fetched_at_once_stays_within_a_bound_that_is_made_use_of()
    {
        const int Bound = 8;
        var image = Registry.AddImage("v1");
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        for (var i = 0; i < 3 * Bound; i++)
        {
            await evidence.AttachAsync(image.Descriptor, Encoding.UTF8.GetBytes($"{{\"a\":{i}}}"), SignType);
        }
        var (now, most) = (0, 0);
        var full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Registry.Intercept = r =>
        {
            var name = r.Path.Split('/')[^1];
            var (bytes, type) =
                r.Path.Contains("/blobs/", StringComparison.Ordinal) ? (Registry.Blobs[name], "application/octet-stream")
                : r.Path.Contains("/manifests/", StringComparison.Ordinal) ? Registry.Manifests[name]
                : default;
            if (bytes is null)
            {
                return null;
            }
            return new TestResponse(200)
            {
                Raw = async (stream, cancellation) =>
                {
                    lock (full)
                    {
                        most = Math.Max(most, ++now);
                        if (now == Bound)
                        {
                            full.TrySetResult();
                        }
                    }
                    // Nobody is served before so many wait.
                    await full.Task.WaitAsync(cancellation);
                    lock (full)
                    {
                        now--;
                    }
                    await RawAsync(
                        stream,
                        $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {bytes.Length}\r\nConnection: close\r\n\r\n"
                    );
                    await stream.WriteAsync(bytes, cancellation);
                },
            };
        };
        Assert.Equal(3 * Bound, (await evidence.ListBundlesAsync(image.Descriptor.Digest)).Bundles.Count);
        Assert.Equal(Bound, most);
    }

    [Fact]
    public async Task Legacy_tags_cost_two_requests_more_and_a_signature_one_blob()
    {
        Registry.KeepsConnections = true;
        var image = Registry.AddImage("v1");
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        await evidence.AttachLegacyAsync(image.Descriptor, LegacySignature.OfImage("{}"u8.ToArray(), "s"u8));
        Registry.Requests.Clear();
        Assert.Single((await evidence.ListAsync(image.Descriptor.Digest, EvidencePlaces.All)).Legacy);
        Assert.Equal(["blobs", "manifests", "manifests", "referrers"], Registry.Requests.Select(r => r.Path.Split('/')[3]).Order());
    }

    [Fact]
    public async Task A_token_is_asked_for_once_and_the_first_request_sent_twice()
    {
        Registry.Token = "t";
        Registry.KeepsConnections = true;
        var image = Registry.AddImage("v1");
        Registry.Token = "t";
        var client = Client();
        await client.FindManifestAsync("v1");
        await client.ListReferrersAsync(image.Descriptor.Digest);
        await client.FindManifestAsync(image.Descriptor.Digest);
        Assert.Equal(
            ["manifests", "token", "manifests", "referrers", "manifests"],
            Registry.Requests.Select(r => r.Path.Split('/')[^1] == "token" ? "token" : r.Path.Split('/')[3])
        );
    }

    [Fact]
    public async Task A_token_that_ends_in_the_middle_of_a_run_is_replaced()
    {
        Registry.Token = "first";
        var image = Registry.AddImage("v1");
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        await evidence.AttachAsync(image.Descriptor, "{\"a\":1}"u8.ToArray(), SignType);
        Registry.Token = "second";
        await evidence.AttachAsync(image.Descriptor, "{\"b\":1}"u8.ToArray(), SignType);
        Assert.Equal(2, (await evidence.ListBundlesAsync(image.Descriptor.Digest)).Bundles.Count);
        Assert.Equal(2, Registry.Requests.Count(r => r.Path == "/token" && r.Query.Contains("push", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Attaching_one_bundle_takes_few_requests()
    {
        Registry.KeepsConnections = true;
        var image = Registry.AddImage("v1");
        Registry.Requests.Clear();
        await new EvidenceStore(Client(), TimeProvider.System).AttachAsync(image.Descriptor, "{}"u8.ToArray(), SignType);
        // The empty config is there already; the bundle has the same bytes here.
        Assert.Equal(["HEAD", "HEAD", "PUT", "GET"], Registry.Requests.Select(r => r.Method));
        Assert.Equal(1, Registry.Connections);
    }
}
