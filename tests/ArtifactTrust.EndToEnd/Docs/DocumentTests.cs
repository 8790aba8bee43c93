using System.Text.RegularExpressions;

namespace ArtifactTrust.EndToEnd.Docs;

/// <summary>
/// The documents show what happens: each command of a <c>console</c> block is run, document by document and in order, and has to end as it
/// says and print the lines that are shown below it. A block with <c>file=NAME</c> is written to that file first.
/// </summary>
public sealed class DocumentTests
{
    public static TheoryData<string> Runnable =>
        [.. Document.Names.Where(n => Document.Read(n).Blocks().Any(b => b.Language == "console" || b.FileName is not null))];

    [Theory]
    [MemberData(nameof(Runnable))]
    public void Commands_do_what_the_document_shows(string name)
    {
        using var workspace = new Workspace();
        foreach (var block in Document.Read(name).Blocks())
        {
            if (block.FileName is { } file)
            {
                File.WriteAllLines(Path.Join(workspace.Folder, file), block.Lines);
            }
            var isRun = block.Language == "console" && (block.Needs is null || Workspace.Find(block.Needs) is not null);
            foreach (var command in isRun ? Document.Commands(block) : [])
            {
                var (exitCode, output) = workspace.Run(command.Text);
                var at = $"{name}:{command.Line}: {command.Text}\n--- exit code {exitCode}, output\n{output}---\n";
                Assert.True(exitCode == command.ExitCode, $"{at}the document says exit code {command.ExitCode}");
                Assert.True(
                    Missing(command.Output, output) is not { } missing,
                    $"{at}the document shows: {Missing(command.Output, output)}"
                );
            }
        }
    }

    [Fact]
    public void The_documents_are_found() => Assert.True(Document.Names.Count >= 8, string.Join(", ", Document.Names));

    [Theory]
    [InlineData("a\nc", null)]
    [InlineData("a\n…\nc", null)]
    [InlineData("…", null)]
    [InlineData("b …2", null)]
    [InlineData("c\na", "a")]
    [InlineData("a\na", "a")]
    [InlineData("b", "b")]
    [InlineData("b …3", "b …3")]
    [InlineData("d", "d")]
    public void What_is_shown_has_to_be_there_in_its_order(string shown, string? missing) =>
        Assert.Equal(missing, Missing(shown.Split('\n'), "a\nb 1 2  \nc\n"));

    [Fact]
    public void A_block_is_read_as_commands_with_their_output_and_exit_code()
    {
        var block = new FencedBlock(10, "console", ["$ one \\", "> two", "out", "# exit 3", "$ three"]);

        var commands = Document.Commands(block);

        Assert.Equal([("one \\\ntwo", 3, 11), ("three", 0, 15)], commands.Select(c => (c.Text, c.ExitCode, c.Line)));
        Assert.Equal(["out"], commands[0].Output);
    }

    /// <summary>The first line shown that is not in the output, after the ones before it; null where all are.</summary>
    private static string? Missing(IReadOnlyList<string> shown, string output)
    {
        var lines = output.Split('\n').Select(l => l.TrimEnd()).ToList();
        var next = 0;
        foreach (var expected in shown)
        {
            if (expected.Trim() == "…")
            {
                continue;
            }
            var pattern = $"^{string.Join(".*", expected.Split('…').Select(Regex.Escape))}$";
            var found = lines.FindIndex(next, l => Regex.IsMatch(l, pattern, RegexOptions.CultureInvariant));
            if (found < 0)
            {
                return expected;
            }
            next = found + 1;
        }
        return null;
    }
}
