using System.Text.Json;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>A registry with a signed model, pushed and signed by the command line itself while the registry was honest, and then misbehaving.</summary>
public abstract class HostileScene : IAsyncLifetime
{
    private protected const string BundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

    /// <summary>The verbs that read an image and its evidence.</summary>
    private protected static readonly string[] Readers = ["verify", "inspect", "copy", "pull"];

    private const string Octets = "application/octet-stream";

    private static readonly Lazy<Task<RegistryContent>> Signed = new(SignAsync);

    private readonly List<HostileRegistry> _registries = [];

    private protected Scene Scene { get; } = new();

    private protected HostileRegistry Registry { get; private set; } = null!;

    /// <summary>The digest of the model's manifest.</summary>
    private protected string Model { get; private set; } = "";

    /// <summary>The digest of the signature's manifest.</summary>
    private protected string Referrer { get; private set; } = "";

    /// <summary>The digest of the signature itself.</summary>
    private protected string Bundle { get; private set; } = "";

    private protected string Image => $"{Registry.Host}/demo/app:1";

    public async Task InitializeAsync()
    {
        Registry = await StartAsync();
        Model = Registry.Content.Tags["1"];
        Referrer = Registry.Content.Manifests.Keys.Single(d => d != Model);
        using var manifest = JsonDocument.Parse(Registry.Content.Manifests[Referrer]);
        Bundle = manifest.RootElement.GetProperty("layers")[0].GetProperty("digest").GetString()!;
    }

    public async Task DisposeAsync()
    {
        foreach (var registry in _registries)
        {
            await registry.DisposeAsync();
        }
        Scene.Dispose();
    }

    private protected async Task<HostileRegistry> StartAsync()
    {
        var registry = await HostileRegistry.StartAsync((await Signed.Value).Copy());
        _registries.Add(registry);
        return registry;
    }

    /// <summary>The command line of a verb about the model.</summary>
    private protected string[] Command(string verb) =>
        verb switch
        {
            "verify" => ["verify", Image, "--key", "ci.pub"],
            "inspect" => ["inspect", Image],
            "sign" => ["sign", Image, "--key", "ci.key"],
            "attest" => ["attest", Image, "--type", "slsaprovenance1", "--predicate", "provenance.json", "--key", "ci.key"],
            "copy" => ["copy", Image, "oci-layout:copied"],
            "pull" => ["pull", Image, "pulled", "--key", "ci.pub"],
            "push" => ["push", "model", $"{Registry.Host}/demo/app:2"],
            _ => throw new ArgumentException(verb),
        };

    /// <summary>Runs a verb, which must end as said, in bounded time, and leave nothing that looks complete.</summary>
    private protected void Refuses(int exitCode, string? code, string message, string verb, params string[] more)
    {
        if (verb == "copy" && Directory.Exists(Scene.At("copied")))
        {
            // A copy goes on with what an earlier one fetched.
            Directory.Delete(Scene.At("copied"), recursive: true);
        }
        var before = Registry.Content.Tags.ToDictionary();
        var ended = Scene.Run([.. Command(verb), .. more, "--output", "json"]);
        Assert.True(ended.ExitCode == exitCode, $"{verb}: {exitCode} was expected: {ended}");
        Scene.AssertCalm(ended);
        var json = ended.Json();
        Assert.Equal(exitCode, json.GetProperty("exitCode").GetInt32());
        Assert.Equal(code, json.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null);
        Assert.Contains(message, Strings(json), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Scene.At("pulled")), "something was pulled");
        Assert.False(
            File.Exists(Scene.At("copied/index.json")) && Scene.Read("copied/index.json").Contains("ref.name", StringComparison.Ordinal),
            "something was copied"
        );
        Assert.Equal(before.Order(), Registry.Content.Tags.Order());
    }

    /// <summary>Runs several verbs at once, which must all end as said.</summary>
    private protected void RefuseAll(int exitCode, string code, string message, params string[] verbs) =>
        Parallel.ForEach(verbs.Length > 0 ? verbs : Readers, verb => Refuses(exitCode, code, message, verb));

    /// <summary>Runs a verb, which must succeed.</summary>
    private protected Ended Accepts(string verb, params string[] more) => Scene.Require([.. Command(verb), .. more]);

    /// <summary>Writes Docker's file of credentials with some for the registry.</summary>
    private protected void LogIn() =>
        Scene.Write(
            "config.json",
            $$$"""{"auths":{"{{{Registry.Host}}}":{"auth":"{{{Convert.ToBase64String(Bytes("user:hunter2"))}}}"} } }"""
        );

    /// <summary>Lets the registry answer what lies at a path in another way.</summary>
    private protected void At(string path, Func<Microsoft.AspNetCore.Http.HttpContext, Task<bool>> answer) =>
        Registry.Misbehave = (http, asked) => asked == path ? answer(http) : Task.FromResult(false);

    /// <summary>Lets the registry answer with other bytes.</summary>
    private protected void At(string path, byte[] body, string type = Octets) =>
        At(path, http => HostileRegistry.AnswerAsync(http, 200, body, type));

    private protected static string Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes);

    private protected static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    /// <summary>The same bytes but one.</summary>
    private protected static byte[] Changed(byte[] bytes)
    {
        var changed = bytes.ToArray();
        changed[changed.Length / 2] ^= 1;
        return changed;
    }

    private static string Strings(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => string.Join('\n', value.EnumerateObject().Select(m => Strings(m.Value))),
            JsonValueKind.Array => string.Join('\n', value.EnumerateArray().Select(Strings)),
            JsonValueKind.String => value.GetString()!,
            _ => "",
        };

    private static async Task<RegistryContent> SignAsync()
    {
        await using var registry = await HostileRegistry.StartAsync();
        using var scene = new Scene();
        await Task.Run(() =>
        {
            scene.Require("push", "model", $"{registry.Host}/demo/app:1");
            scene.Require("sign", $"{registry.Host}/demo/app:1", "--key", "ci.key");
        });
        return registry.Content;
    }
}
