using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

/// <summary>What a writer of a tag does so that its part stays, and so that it undoes nobody's, however slow one of them is.</summary>
public sealed class RegistryTagSettlingTests : RegistryTest
{
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(2);

    // No time passes unless a test lets it, so that nothing depends on how busy the machine is.
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_lone_writer_looks_again_when_slower_ones_had_time_to_write()
    {
        var image = Prepare();
        await Slow("a").PushManifestAsync(Referrer(image, "a"));
        Assert.Equal((3, 1), (Registry.Count("GET", Tag(image)), Registry.Count("PUT", Tag(image))));
        Assert.True(Pauses.Aggregate((a, b) => a + b) >= SettleTime);
    }

    [Fact]
    public async Task What_is_there_already_is_not_waited_for()
    {
        var image = Prepare();
        await Slow("a").PushManifestAsync(Referrer(image, "a"));
        Pauses.Clear();
        await Slow("b").PushManifestAsync(Referrer(image, "a"));
        Assert.Empty(Pauses);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_slower_write_over_what_was_read_earlier_is_noticed_and_mended(bool legacy)
    {
        var image = Prepare();
        var held = Hold(Tag(image), "slow");
        // The other read before us and writes when we have looked once.
        var fast = Slow(
            "fast",
            onPause: pause =>
            {
                if (pause >= SettleTime / 2 && held.Landed.TrySetResult())
                {
                    held.Done.Task.Wait();
                }
            }
        );
        var slow = PutAsync(Slow("slow"), image, "slow", legacy);
        await held.Arrived.Task;
        await PutAsync(fast, image, "fast", legacy);
        await slow;
        await BothAreThereAsync(image, legacy, "fast", "slow");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_writer_whose_write_stalls_sees_what_others_wrote_meanwhile_and_puts_it_back(bool legacy)
    {
        var image = Prepare();
        var held = Hold(Tag(image), "stalled");
        var stalled = PutAsync(Slow("stalled"), image, "stalled", legacy);
        await held.Arrived.Task;
        // It reads, writes, looks until its time is over, and is gone.
        await PutAsync(Slow("fast"), image, "fast", legacy);
        await LetTimePassUntilAsync(held.Watched.Task);
        held.Landed.SetResult();
        await stalled;
        await BothAreThereAsync(image, legacy, "fast", "stalled");
    }

    [Fact]
    public async Task A_write_that_fails_and_arrives_later_undoes_nobody()
    {
        var image = Prepare();
        byte[]? late = null;
        Registry.Intercept = r =>
        {
            if (late is null && IsPut(r, Tag(image), "unlucky"))
            {
                late = r.Body;
                return new TestResponse(504);
            }
            return null;
        };
        var looks = 0;
        var unlucky = Slow(
            "unlucky",
            onPause: pause =>
            {
                Assert.True(pause <= SettleTime / 2, $"{pause} without a look");
                if (++looks == 3)
                {
                    // Another came, looked for the last time, and went; then the write that failed arrives.
                    Slow("other").PushManifestAsync(Referrer(image, "other")).Wait();
                }
                if (looks == 4)
                {
                    Registry.AddManifest(late!, Tag(image));
                }
            }
        );
        await unlucky.PushManifestAsync(Referrer(image, "unlucky"));
        Assert.True(looks > 4);
        await BothAreThereAsync(image, false, "other", "unlucky");
    }

    [Fact]
    public async Task A_writer_who_saw_too_little_during_a_slow_write_says_so()
    {
        var image = Prepare();
        var held = Hold(Tag(image), "stalled");
        held.Answer = new TestResponse(503);
        var told = new List<string>();
        var stalled = Slow("stalled", told: told).PushManifestAsync(Referrer(image, "stalled"));
        await held.Arrived.Task;
        await LetTimePassUntilAsync(held.Watched.Task);
        _time.Advance(2 * SettleTime);
        held.Landed.SetResult();
        await stalled;
        Assert.Contains("see that its part is still there", Assert.Single(told), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_obeys_conditions_is_tried_once_and_never_waited_for()
    {
        Registry.HasConditions = true;
        var image = Prepare();
        var http = Own(RegistryClient.CreateHttpClient());
        var client = Slow("a", http: http);
        await client.PushManifestAsync(Referrer(image, "a"));
        Assert.Equal((3, 2), (Registry.Count("GET", Tag(image)), Registry.Count("PUT", Tag(image))));
        Registry.Requests.Clear();
        await Slow("b", http: http).PushManifestAsync(Referrer(image, "b"));
        Assert.Equal((2, 1), (Registry.Count("GET", Tag(image)), Registry.Count("PUT", Tag(image))));
        Assert.All(Pauses, p => Assert.True(p < SettleTime / 2));
        await BothAreThereAsync(image, false, "a", "b");
    }

    [Fact]
    public async Task A_registry_that_lists_referrers_itself_is_not_waited_for()
    {
        var image = Registry.AddImage("v1");
        await Slow("a").PushManifestAsync(Referrer(image, "a"));
        Assert.Empty(Pauses);
        Assert.Equal(0, Registry.Count("GET", Tag(image)));
    }

    private StoredManifest Prepare()
    {
        Registry.HasReferrersApi = false;
        return Registry.AddImage("v1");
    }

    private RegistryClient Slow(string name, Action<TimeSpan>? onPause = null, List<string>? told = null, HttpClient? http = null)
    {
        var options = Options(time: _time, overallTimeout: TimeSpan.FromDays(1), requestTimeout: TimeSpan.FromDays(1));
        return Client(
            Registry.Host,
            http ?? Own(RegistryClient.CreateHttpClient()),
            new RegistryOptions
            {
                UserAgent = name,
                Time = _time,
                OverallTimeout = options.OverallTimeout,
                RequestTimeout = options.RequestTimeout,
                SettleTime = SettleTime,
                Notice = told is null ? null : told.Add,
                DelayOverride = async (pause, cancellation) =>
                {
                    await options.DelayAsync(pause, cancellation);
                    onPause?.Invoke(pause);
                },
            }
        );
    }

    private static Task PutAsync(RegistryClient client, StoredManifest image, string name, bool legacy) =>
        legacy
            ? new EvidenceStore(client, TimeProvider.System).AttachLegacyAsync(
                image.Descriptor,
                LegacySignature.OfImage("{}"u8.ToArray(), Encoding.UTF8.GetBytes(name))
            )
            : client.PushManifestAsync(Referrer(image, name));

    private async Task BothAreThereAsync(StoredManifest image, bool legacy, params string[] names)
    {
        var listing = await new EvidenceStore(Client(), TimeProvider.System).ListAsync(image.Descriptor.Digest, EvidencePlaces.All);
        var found = legacy
            ? listing.Legacy.Select(l => Encoding.UTF8.GetString(l.Signature.Value.Span))
            : listing.Skipped.Select(s => s.OtherType!["application/".Length..]);
        Assert.Equal(names.Order(), found.Order());
    }

    private async Task LetTimePassUntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(task, Task.Delay(5));
        }
    }

    /// <summary>Keeps one writer's first write of a tag from landing, and tells when that writer read the tag meanwhile.</summary>
    private HeldWrite Hold(string tag, string writer)
    {
        var held = new HeldWrite();
        Registry.Intercept = r =>
        {
            if (r.Headers.GetValueOrDefault("user-agent") != writer || !Reference(r).StartsWith(tag, StringComparison.Ordinal))
            {
                return null;
            }
            if (r.Method == "PUT" && held.Arrived.TrySetResult())
            {
                return new TestResponse(201)
                {
                    Raw = async (stream, cancellation) =>
                    {
                        await held.Landed.Task.WaitAsync(cancellation);
                        Registry.AddManifest(r.Body, Reference(r));
                        held.Done.SetResult();
                        await RawAsync(stream, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                    },
                };
            }
            if (r.Method == "GET" && held.Arrived.Task.IsCompleted && !held.Landed.Task.IsCompleted)
            {
                // What is there now is the answer, whatever lands before it is sent.
                var (bytes, type) = Registry.Tags.TryGetValue(Reference(r), out var digest) ? Registry.Manifests[digest] : ([], "");
                held.Watched.TrySetResult();
                return held.Answer ?? new TestResponse(200, bytes).With("Content-Type", type);
            }
            return null;
        };
        return held;
    }

    private static bool IsPut(TestRequest request, string tag, string writer) =>
        request.Method == "PUT" && Reference(request) == tag && request.Headers.GetValueOrDefault("user-agent") == writer;

    private static string Reference(TestRequest request) => request.Path.Split('/')[^1];

    private static string Tag(StoredManifest image) => $"sha256-{image.Descriptor.Digest.Hex}";

    private static byte[] Referrer(StoredManifest subject, string name) =>
        new ImageManifest(
            OciMediaTypes.ImageManifest,
            $"application/{name}",
            Descriptor.Of(OciMediaTypes.Empty, "{}"u8),
            [],
            subject.Descriptor,
            new Dictionary<string, string> { ["name"] = name }
        ).ToUtf8Bytes();

    private sealed class HeldWrite
    {
        internal TaskCompletionSource Arrived { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource Watched { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource Landed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>What the writer's reads get meanwhile, in place of the truth.</summary>
        internal TestResponse? Answer { get; set; }
    }
}
