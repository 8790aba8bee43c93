using System.Text.RegularExpressions;

namespace ArtifactTrust.EndToEnd.Docs;

/// <summary>A fenced block of a document.</summary>
/// <param name="Line">The line of its opening fence, from one.</param>
/// <param name="Language">The first word after the fence.</param>
/// <param name="Lines">The lines between the fences.</param>
internal sealed record FencedBlock(int Line, string Language, IReadOnlyList<string> Lines)
{
    /// <summary>What <c>file=NAME</c> after the language says: the block is that file of the reader's. Null where it does not.</summary>
    internal string? FileName { get; init; }

    /// <summary>What <c>needs=PROGRAM</c> says: the block is run where there is that program. Null where it does not.</summary>
    internal string? Needs { get; init; }
}

/// <summary>A command that a document shows, and what it says of it.</summary>
/// <param name="Line">The line of the document, from one.</param>
/// <param name="Text">What is typed into the shell.</param>
/// <param name="Output">The lines shown below it, in order; <c>…</c> stands for any text, and a line of its own for any lines.</param>
/// <param name="ExitCode">What <c># exit N</c> says; 0 where there is no such line.</param>
internal sealed record ShownCommand(int Line, string Text, IReadOnlyList<string> Output, int ExitCode);

/// <summary>One Markdown file of the project.</summary>
/// <param name="Name">Its path below the repository, with <c>/</c> between the parts.</param>
/// <param name="Lines">Its lines.</param>
internal sealed partial record Document(string Name, IReadOnlyList<string> Lines)
{
    /// <summary>The repository that these tests were built from.</summary>
    internal static string Repository { get; } = FindRepository();

    /// <summary>The documents for users: README.md and what is below docs/.</summary>
    internal static IReadOnlyList<string> Names { get; } =
    [
        .. new[] { "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md" }.Where(n => File.Exists(Path.Join(Repository, n))),
        .. Directory
            .EnumerateFiles(Path.Join(Repository, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Repository, f).Replace('\\', '/'))
            .Order(StringComparer.Ordinal),
    ];

    internal static Document Read(string name) => new(name, File.ReadAllLines(Path.Join(Repository, name)));

    /// <summary>The fenced blocks, in order.</summary>
    internal IReadOnlyList<FencedBlock> Blocks()
    {
        var blocks = new List<FencedBlock>();
        for (var i = 0; i < Lines.Count; i++)
        {
            if (Fence().Match(Lines[i]) is not { Success: true } opening)
            {
                continue;
            }
            var start = i;
            var content = new List<string>();
            var fence = opening.Groups["fence"].Value;
            for (i++; i < Lines.Count && Lines[i].Trim() != fence; i++)
            {
                content.Add(Lines[i]);
            }
            Assert.True(i < Lines.Count, $"{Name}:{start + 1}: the block has no end");
            var settings = Setting()
                .Matches(opening.Groups["rest"].Value)
                .ToDictionary(m => m.Groups["key"].Value, m => m.Groups["value"].Value);
            blocks.Add(
                new FencedBlock(start + 1, opening.Groups["language"].Value, content)
                {
                    FileName = settings.GetValueOrDefault("file"),
                    Needs = settings.GetValueOrDefault("needs"),
                }
            );
        }
        return blocks;
    }

    /// <summary>The lines outside of fenced blocks, each with its number.</summary>
    internal IEnumerable<(int Number, string Text)> Prose()
    {
        var fenced = Blocks().SelectMany(b => Enumerable.Range(b.Line, b.Lines.Count + 2)).ToHashSet();
        return Lines.Select((text, i) => (i + 1, text)).Where(l => !fenced.Contains(l.Item1));
    }

    /// <summary>The commands of a <c>console</c> block.</summary>
    internal static IReadOnlyList<ShownCommand> Commands(FencedBlock block)
    {
        var commands = new List<ShownCommand>();
        for (var i = 0; i < block.Lines.Count; )
        {
            var line = block.Line + 1 + i;
            Assert.True(block.Lines[i].StartsWith("$ ", StringComparison.Ordinal), $"line {line}: a command begins with '$ '");
            var text = block.Lines[i++][2..];
            while (i < block.Lines.Count && block.Lines[i].StartsWith("> ", StringComparison.Ordinal))
            {
                text += $"\n{block.Lines[i++][2..]}";
            }
            var output = new List<string>();
            var exitCode = 0;
            for (; i < block.Lines.Count && !block.Lines[i].StartsWith("$ ", StringComparison.Ordinal); i++)
            {
                if (ExitLine().Match(block.Lines[i]) is { Success: true } exit)
                {
                    exitCode = int.Parse(exit.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
                }
                else if (block.Lines[i].Trim().Length > 0)
                {
                    output.Add(block.Lines[i].TrimEnd());
                }
            }
            commands.Add(new ShownCommand(line, text, output, exitCode));
        }
        return commands;
    }

    private static string FindRepository()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Join(directory.FullName, "ArtifactTrust.sln")))
            {
                return directory.FullName;
            }
        }
        throw new InvalidOperationException("the repository of these tests was not found above them");
    }

    [GeneratedRegex(@"^\s*(?<fence>```+)(?<language>[a-z0-9]*)(?<rest>[^`]*)$")]
    private static partial Regex Fence();

    [GeneratedRegex(@"(?<=\s)(?<key>file|needs)=(?<value>[A-Za-z0-9._-]+)")]
    private static partial Regex Setting();

    [GeneratedRegex(@"^# exit (\d+)$")]
    private static partial Regex ExitLine();
}
