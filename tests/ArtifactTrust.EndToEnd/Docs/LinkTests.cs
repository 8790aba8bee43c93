using System.Text;
using System.Text.RegularExpressions;

namespace ArtifactTrust.EndToEnd.Docs;

/// <summary>What a document points to is there, and is in the repository.</summary>
public sealed partial class LinkTests
{
    public static TheoryData<string> All => [.. Document.Names];

    [Theory]
    [MemberData(nameof(All))]
    public void Relative_links_lead_somewhere(string name)
    {
        var document = Document.Read(name);
        var folder = Path.GetDirectoryName(Path.Join(Document.Repository, name))!;
        var broken = new List<string>();
        foreach (var (number, text) in document.Prose())
        {
            foreach (var target in Link().Matches(text).Select(m => m.Groups["target"].Value))
            {
                if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal))
                {
                    continue;
                }
                var (path, anchor) = target.Split('#', 2) is [var p, var a] ? (p, a) : (target, null);
                var file = path.Length == 0 ? Path.Join(Document.Repository, name) : Path.GetFullPath(Path.Join(folder, path));
                var exists = Path.Exists(file) && file.StartsWith(Document.Repository, StringComparison.Ordinal);
                if (!exists || (anchor is not null && !Anchors(File.ReadAllLines(file)).Contains(anchor)))
                {
                    broken.Add($"{name}:{number}: {target}");
                }
            }
        }
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void No_line_holds_a_path_of_the_machine_it_was_written_on(string name)
    {
        string[] places =
        [
            Document.Repository,
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + "/",
            Path.GetTempPath(),
            "/home/",
            "/root/",
            "/Users/",
        ];
        var found = Document
            .Read(name)
            .Lines.Select((text, i) => (Number: i + 1, Text: text))
            .Where(l => places.Any(p => p.Length > 1 && l.Text.Contains(p, StringComparison.Ordinal)))
            .Select(l => $"{name}:{l.Number}: {l.Text}");
        Assert.Empty(found);
    }

    [Fact]
    public void Every_document_can_be_reached_from_the_readme()
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<string>(["README.md"]);
        while (waiting.TryDequeue(out var name))
        {
            if (!reached.Add(name))
            {
                continue;
            }
            var folder = Path.GetDirectoryName(name)!;
            var targets = Document.Read(name).Prose().SelectMany(l => Link().Matches(l.Text)).Select(m => m.Groups["target"].Value);
            foreach (var target in targets.Where(t => !t.Contains("://", StringComparison.Ordinal)))
            {
                var path = Path.GetRelativePath(
                    Document.Repository,
                    Path.GetFullPath(Path.Join(Document.Repository, folder, target.Split('#')[0]))
                );
                if (Document.Names.Contains(path))
                {
                    waiting.Enqueue(path);
                }
            }
        }
        Assert.Empty(Document.Names.Except(reached));
    }

    /// <summary>The anchors that code hosts give a document's headings.</summary>
    private static HashSet<string> Anchors(IEnumerable<string> lines) =>
        lines
            .Where(l => l.StartsWith('#'))
            .Select(l =>
            {
                var anchor = new StringBuilder();
                foreach (var c in l.TrimStart('#').Trim().ToLowerInvariant())
                {
                    if (char.IsLetterOrDigit(c) || c is '-' or '_')
                    {
                        anchor.Append(c);
                    }
                    else if (c == ' ')
                    {
                        anchor.Append('-');
                    }
                }
                return anchor.ToString();
            })
            .ToHashSet(StringComparer.Ordinal);

    [GeneratedRegex("""(?:\]\(|(?:src|href)=")(?<target>[^)"\s]+)""")]
    private static partial Regex Link();
}
