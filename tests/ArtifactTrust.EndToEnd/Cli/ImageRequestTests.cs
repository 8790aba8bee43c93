namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>What the command line asks a registry for: nothing twice, nothing that it cannot use, and where a tag leads once.</summary>
public sealed class ImageRequestTests : HostileScene
{
    [Theory]
    [InlineData(true, "verify")]
    [InlineData(false, "verify")]
    [InlineData(true, "verify --type slsaprovenance1")]
    [InlineData(false, "verify --type slsaprovenance1")]
    public void A_bundle_is_verified_with_four_requests_and_one_more_where_the_registry_lists_no_referrers(bool api, string command)
    {
        Registry.HasReferrersApi = api;
        if (!api)
        {
            AddFallbackTag();
        }
        var words = command.Split(' ');
        if (words.Length > 1)
        {
            Scene.Write("provenance.json", Provenance);
            Registry.Content.Manifests.TryRemove(Referrer, out _);
            Registry.Content.Tags.TryRemove(FallbackTag, out _);
            Accepts("attest");
            Registry.Requests.Clear();
        }
        Accepts("verify", words[1..]);
        string[] expected = api
            ? ["manifests/1", "referrers", "manifests", "blobs"]
            : ["manifests/1", "referrers", $"manifests/{FallbackTag}", "manifests", "blobs"];
        Assert.Equal(expected, Asked());
    }

    [Theory]
    [InlineData("verify", ".sig")]
    [InlineData("pull", ".sig")]
    [InlineData("verify --type slsaprovenance1", ".att")]
    public void The_older_tag_that_can_hold_what_is_looked_for_is_asked_for_where_no_bundle_verifies(string command, string suffix)
    {
        Registry.Content.Manifests.TryRemove(Referrer, out _);
        var words = command.Split(' ');
        Refuses(1, "no-evidence", "was found", words[0], words[1..]);
        // A pull asks for the manifest by its digest as well.
        Assert.Equal(["manifests/1", "referrers", $"manifests/{FallbackTag}{suffix}"], Asked().Where(a => a != "manifests"));
    }

    [Fact]
    public void An_older_tag_that_cannot_be_read_matters_only_where_it_is_needed()
    {
        At($"manifests/{FallbackTag}.sig", http => HostileRegistry.AnswerAsync(http, 500, []));
        Accepts("verify");
        Refuses(3, "registry", "500", "inspect");
        Registry.Content.Manifests.TryRemove(Referrer, out _);
        Refuses(3, "registry", "500", "verify");
        Refuses(3, "registry", "500", "pull");
    }

    [Theory]
    [InlineData("inspect")]
    [InlineData("gate")]
    public void What_takes_all_evidence_asks_everywhere(string verb)
    {
        string[] command = verb == "gate" ? [.. Scene.Gate.Select(a => a == "model" ? Image : a)] : Command(verb);
        Scene.Write("policy.yaml", Policy);
        Scene.Require(command);
        foreach (var suffix in (string[])[".sig", ".att"])
        {
            Assert.Equal(1, Registry.Count("GET", FallbackTag + suffix));
        }
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("gate")]
    [InlineData("pull")]
    [InlineData("copy")]
    [InlineData("sign")]
    public void A_tag_that_moves_while_it_is_looked_at_decides_once(string verb)
    {
        // Another artifact, which nobody signed, and where the tag leads from the second time on.
        var other = Registry.Content.Add(
            Bytes(Text(Registry.Content.Manifests[Model]).Replace("\"layers\":", "\"subject\":null,\"layers\":"))
        );
        var asked = 0;
        At(
            "manifests/1",
            http =>
                HostileRegistry.AnswerAsync(
                    http,
                    200,
                    Registry.Content.Manifests[Interlocked.Increment(ref asked) == 1 ? Model : other],
                    HostileRegistry.ManifestType
                )
        );
        Scene.Write("policy.yaml", Policy);
        string[] echo = ["--", "echo", "{subject}", "{digest}"];
        var ended = Scene.Require(
            verb switch
            {
                "gate" => ["gate", Image, "--policy", "policy.yaml", "--key", "gate.key", "--audit-log", "audit", .. echo],
                "verify" => [.. Command(verb), .. echo],
                _ => Command(verb),
            }
        );
        Assert.Equal(1, asked);
        if (verb is "gate" or "verify")
        {
            Assert.Equal($"{Registry.Host}/demo/app@{Model} {Model}\n", ended.Output);
        }
        else if (verb == "pull")
        {
            Assert.Equal(Scene.Read("model/config.json"), Scene.Read("pulled/config.json"));
        }
        else if (verb == "copy")
        {
            Assert.Contains(Model, Scene.Read("copied/index.json"), StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(2, Registry.Content.Referrers(Model).Count);
            Assert.Empty(Registry.Content.Referrers(other));
        }
    }

    private string FallbackTag => Model.Replace(':', '-');

    private const string Policy = """
        version: 1
        name: images
        identities: {ci: {keys: [{file: ci.pub}]}}
        subjects:
          image: {kind: image, signatures: {from: ci}}
        """;

    private const string Provenance = """
        {"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.com/r"}}}
        """;

    /// <summary>Lists the signature as clients do for a registry that lists nothing.</summary>
    private void AddFallbackTag() =>
        Registry.Content.Tags[FallbackTag] = Registry.Content.Add(HostileRegistry.Index(Registry.Content.Referrers(Model)));

    /// <summary>What was asked for: tags by name, the rest by kind.</summary>
    private IEnumerable<string> Asked() =>
        Registry
            .Requests.Select(r => r.Path["/v2/demo/app/".Length..])
            .Select(p => p.Contains(':', StringComparison.Ordinal) ? p.Split('/')[0] : p);
}
