using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;

namespace ArtifactTrust.Tests;

public sealed partial class LayerTests
{
    // Each folder of the library may use those before it.
    private static readonly string[] Layers =
    [
        "Formats",
        "Hashing",
        "Keys",
        "Manifests",
        "Transparency",
        "Envelopes",
        "Attestations",
        "Trust",
        "Bundles",
        "Verification",
        "Notation",
        "Signing",
        "Sbom",
        "Scanning",
        "Policies",
        "Audit",
    ];

    // Pairs that never see each other, though one comes before the other.
    private static readonly (string User, string Used)[] Apart = [("Scanning", "Sbom"), ("Verification", "Policies"), ("Policies", "Sbom")];

    [Fact]
    public void Each_folder_uses_only_folders_before_it()
    {
        var root = Path.Combine(Repository(), "src", "ArtifactTrust");
        var wrong = new List<string>();
        foreach (var file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            var folder = Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)[0];
            if (folder is "obj" or "bin")
            {
                continue;
            }
            var layer = Array.IndexOf(Layers, folder);
            Assert.True(layer >= 0, $"the folder '{folder}' has no place in the order");
            foreach (Match match in Used().Matches(File.ReadAllText(file)))
            {
                var used = match.Groups[1].Value;
                var place = Array.IndexOf(Layers, used);
                if (place > layer || Apart.Contains((folder, used)))
                {
                    wrong.Add($"{Path.GetRelativePath(root, file)} uses {used}");
                }
            }
        }
        Assert.Empty(wrong.Distinct());
    }

    [Fact]
    public void The_projects_depend_in_one_direction()
    {
        Assert.DoesNotContain(
            References(typeof(ArtifactTrust.Formats.Limits).Assembly),
            n => n.StartsWith("ArtifactTrust", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(References(typeof(ArtifactTrust.Oci.OciReference).Assembly), n => n == "artifact-trust");
    }

    [Fact]
    public void The_public_surface_is_the_approved_one()
    {
        foreach (
            var assembly in (Assembly[])[typeof(ArtifactTrust.Formats.Limits).Assembly, typeof(ArtifactTrust.Oci.OciReference).Assembly]
        )
        {
            var path = Path.Combine(Repository(), "tests", "ArtifactTrust.Tests", $"PublicApi.{assembly.GetName().Name}.txt");
            var actual = Describe(assembly);
            if (Environment.GetEnvironmentVariable("APPROVE") == "1")
            {
                File.WriteAllText(path, actual);
            }
            Assert.True(
                File.Exists(path) && File.ReadAllText(path) == actual,
                $"the public surface of {assembly.GetName().Name} changed; look at the difference after APPROVE=1 dotnet test"
            );
        }
    }

    internal static string Repository()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "ArtifactTrust.sln")))
            {
                return d.FullName;
            }
        }
        throw new InvalidOperationException("the tests run from within the repository");
    }

    [GeneratedRegex(@"\bArtifactTrust\.([A-Z][A-Za-z]+)\b")]
    private static partial Regex Used();

    private static IEnumerable<string> References(Assembly assembly) => assembly.GetReferencedAssemblies().Select(n => n.Name!);

    private static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            var kind =
                type.IsEnum ? "enum"
                : type.IsValueType ? "struct"
                : type.IsInterface ? "interface"
                : type is { IsAbstract: true, IsSealed: true } ? "static class"
                : type.IsAbstract ? "abstract class"
                : type.IsSealed ? "sealed class"
                : "class";
            text.Append($"{kind} {type.FullName}\n");
            const BindingFlags declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
            var members = type.GetMembers(declared)
                .Where(m => m is not (MethodInfo { IsSpecialName: true } or Type) && !m.Name.Contains('<', StringComparison.Ordinal));
            foreach (var member in members.Select(m => $"{m.MemberType} {m}").Order(StringComparer.Ordinal))
            {
                text.Append($"    {member}\n");
            }
        }
        return text.ToString();
    }
}
