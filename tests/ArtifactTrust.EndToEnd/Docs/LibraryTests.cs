using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Docs;

/// <summary>The example of the library does what docs/library.md says, and is what is printed there.</summary>
public sealed class LibraryTests : IDisposable
{
    private static readonly string[] Example = ["dotnet", Path.Join(AppContext.BaseDirectory, "library.dll")];

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void What_the_document_shows_is_in_the_example()
    {
        var program = File.ReadAllText(Path.Join(Document.Repository, "examples", "library", "Program.cs"));
        var shown = Document.Read("docs/library.md").Blocks().Where(b => b.Language == "csharp").ToList();
        Assert.NotEmpty(shown);
        Assert.All(
            shown,
            b => Assert.Contains(string.Join('\n', b.Lines.Select(l => l.Length == 0 ? l : $"    {l}")), program, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void What_the_example_signs_the_command_line_verifies()
    {
        File.Delete(_scene.At("model.sig"));
        Ends(0, "signed: sha256:", "sign", "model", "ci.key");
        _scene.Require("verify", "model", "--key", "ci.pub");
    }

    [Fact]
    public void The_example_lets_a_signed_model_be_loaded_and_no_other()
    {
        _scene.Write("load.yaml", Policy);
        Ends(0, "allowed by policy 'load'", "load", "model", "load.yaml");
        _scene.Write("model/added", "x");
        Ends(1, "1 added: added", "load", "model", "load.yaml");
        File.Delete(_scene.At("model/added"));
        _scene.Require("sign", "model", "--key", "other.key", "--force");
        Ends(1, "denied by policy 'load'", "load", "model", "load.yaml");
    }

    [Fact]
    public void What_the_example_cannot_read_it_does_not_load()
    {
        _scene.Write("load.yaml", Policy);
        Ends(3, "error: the directory 'no-model' does not exist", "load", "no-model", "load.yaml");
        Ends(1, "refused: malformed policy", "load", "model", "ci.pub");
        Ends(3, "error: usage", "load");
        _scene.Write("model.sig", "{}");
        Ends(1, "refused: malformed", "load", "model", "load.yaml");
    }

    private const string Policy = """
        version: 1
        name: load
        identities: { ci: { keys: [{ file: ci.pub }] } }
        subjects: { model: { kind: directory, signatures: { from: ci } } }
        """;

    private void Ends(int exitCode, string message, params string[] arguments)
    {
        var ended = Tool.Execute(_scene.Folder, null, "", [.. Example, .. arguments]);
        Assert.True(ended.ExitCode == exitCode, ended.ToString());
        Assert.Contains(message, ended.Text, StringComparison.Ordinal);
        Scene.AssertCalm(ended);
    }
}
