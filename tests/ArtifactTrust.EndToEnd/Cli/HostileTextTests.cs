using System.Text.Json;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Names and statements made to be obeyed by a terminal: they are shown, and obeyed by none.</summary>
public sealed class HostileTextTests : IDisposable
{
    // Clears the screen, sets the title, goes up a line, colours, reverses the text, breaks lines, and is markup of our own.
    private const string Hostile = "\u001b[2J\u001b]0;owned\u0007\u001b[1Aallowed\r\u009b31m\u202eevil\u2066\u2028[red]verified[/]\u007f\b";

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void In_the_names_of_files()
    {
        File.WriteAllText(_scene.At("model/" + Hostile.Replace("/", "", StringComparison.Ordinal)), "x");
        Shown("owned", 0, "hash", "model");
        Shown("owned", 1, "verify", "model", "--key", "ci.pub");
        Shown("counts", 1, Scene.Gate);
    }

    [Fact]
    public void In_the_name_of_the_subject()
    {
        var name = Hostile.Replace("/", "", StringComparison.Ordinal);
        Directory.Move(_scene.At("model"), _scene.At(name));
        Shown("sha256", 0, "hash", name);
        Shown("owned", 0, "sign", name, "--key", "ci.key");
        Shown("owned", 0, "attest", name, "--type", "slsaprovenance1", "--predicate", "provenance.json", "--key", "ci.key");
        Shown("owned", 0, "verify", name, "--key", "ci.pub");
        Shown("owned", 0, "inspect", name, "--key", "ci.pub");
        Shown("owned", 0, [.. Scene.Gate[..^3].Select(a => a == "model" ? $"model={name}" : a)]);
        Shown("owned", 0, "log", "show", "audit", "--key", "gate.pub");
        Shown("owned", 2, "sign", name, "--key", "ci.key");
        Shown("owned", 2, "verify", $"{name}2", "--key", "ci.pub");
    }

    [Fact]
    public void In_what_a_trusted_signer_says()
    {
        var hostile = JsonSerializer.Serialize(Hostile)[1..^1];
        _scene.Replace("provenance.json", Scene.Builder, $"https://ci.example.com/{hostile}");
        _scene.Replace("provenance.json", "git+https://git.example.com/models", $"git+https://git.example.com/{hostile}");
        File.Delete(_scene.At("model.attestations.jsonl"));
        Shown("attested", 0, "attest", "model", "--type", "slsaprovenance1", "--predicate", "provenance.json", "--key", "ci.key");
        Shown("owned", 0, "inspect", "model", "--key", "ci.pub");
        Shown("owned", 0, "inspect", "model");
        Shown("owned", 1, Scene.Gate);
        Shown("owned", 0, "log", "show", "audit", "--key", "gate.pub");
    }

    [Fact]
    public void In_evidence_that_nobody_signed()
    {
        using var bundle = JsonDocument.Parse(_scene.Read("model.attestations.jsonl"));
        var payload = System.Text.Encoding.UTF8.GetString(
            bundle.RootElement.GetProperty("dsseEnvelope").GetProperty("payload").GetBytesFromBase64()
        );
        var hostile = JsonSerializer.Serialize(Hostile)[1..^1];
        var forged = payload.Replace("https://slsa.dev/provenance/v1", $"https://slsa.dev/{hostile}", StringComparison.Ordinal);
        Assert.NotEqual(payload, forged);
        _scene.Replace(
            "model.attestations.jsonl",
            bundle.RootElement.GetProperty("dsseEnvelope").GetProperty("payload").GetString()!,
            Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(forged))
        );
        _scene.Replace("model.sig", "\"hint\":\"", $"\"hint\":\"{hostile}");
        Shown("owned", 0, "inspect", "model", "--key", "ci.pub");
        Shown("owned", 0, "inspect", "model");
        Shown("owned", 1, "verify", "model", "--key", "other.pub");
        Shown("counts", 1, Scene.Gate);
    }

    [Fact]
    public void In_evidence_that_cannot_be_read()
    {
        _scene.Write("model.sig", $$"""{"mediaType":{{JsonSerializer.Serialize(Hostile)}}}""");
        Shown("rejected", 1, "verify", "model", "--key", "ci.pub");
        _scene.Write("model.sig", $$"""{{{JsonSerializer.Serialize(Hostile)}}:1,{{JsonSerializer.Serialize(Hostile)}}:2}""");
        Shown("rejected", 1, "verify", "model", "--key", "ci.pub");
        _scene.Write("model.sig", Hostile);
        Shown("rejected", 1, "verify", "model", "--key", "ci.pub");
        Shown("model.sig", 0, "inspect", "model");
    }

    [Fact]
    public void In_options_and_policies()
    {
        Shown("owned", 2, "hash", "model", $"--{Hostile}");
        Shown("owned", 2, Hostile);
        Shown("owned", 2, "verify", "model", "--key", Hostile);
        Shown("owned", 2, "attest", "model", "--type", Hostile, "--predicate", "provenance.json", "--key", "ci.key");
        _scene.Replace("policy.yaml", "name: release", $"{JsonSerializer.Serialize(Hostile)}: release");
        Shown("wrong", 2, Scene.Gate);
    }

    [Fact]
    public void In_the_log()
    {
        File.WriteAllText(_scene.At("audit/" + Hostile.Replace("/", "", StringComparison.Ordinal)), "x");
        Shown("owned", 1, "log", "verify", "audit", "--key", "gate.pub");
    }

    /// <summary>The text is shown, and nothing that a terminal obeys, neither as text nor as JSON.</summary>
    private void Shown(string text, int exitCode, params string[] arguments)
    {
        foreach (var json in new[] { false, true })
        {
            var dashes = Array.IndexOf(arguments, "--");
            string[] all = json
                ? [.. arguments.Take(dashes < 0 ? arguments.Length : dashes), "--output", "json", .. dashes < 0 ? [] : arguments[dashes..]]
                : arguments;
            // What was written for people is written once more.
            var ended = _scene.Run([.. all, .. json && arguments[0] == "sign" && exitCode == 0 ? ["--force"] : Array.Empty<string>()]);
            Assert.True(ended.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {ended}");
            Assert.Contains(text, ended.Text, StringComparison.Ordinal);
            Scene.AssertCalm(ended);
            Assert.DoesNotContain('\u2028', ended.Text);
            Assert.DoesNotContain('\u2066', ended.Text);
        }
    }
}
