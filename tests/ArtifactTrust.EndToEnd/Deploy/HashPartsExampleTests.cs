using ArtifactTrust.EndToEnd.Cli;
using YamlDotNet.RepresentationModel;

namespace ArtifactTrust.EndToEnd.Deploy;

/// <summary>The Job of <c>examples/hash-parts.yaml</c>, each of its pods run as a shell here.</summary>
public sealed class HashPartsExampleTests : IDisposable
{
    private readonly Scene _scene = new();
    private readonly YamlNode _job = Load();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void The_merged_parts_of_all_pods_are_the_digests_of_the_whole()
    {
        for (var i = 0; i < 40; i++)
        {
            _scene.Write($"model/vocabulary/{i}", new string('x', i * 997));
        }
        _scene.Shell("mv model dataset && mkdir parts bin");
        _scene.Write("bin/artifact-trust", $"#!/bin/sh\nexec {string.Join(' ', Tool.Start.Select(w => $"'{w}'"))} \"$@\"\n");
        _scene.Shell("chmod +x bin/artifact-trust");
        var container = _job["spec"]["template"]["spec"]["containers"][0];
        var pods = int.Parse(Text(_job["spec"]["completions"]), System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal("Indexed", Text(_job["spec"]["completionMode"]));
        string[] command = [.. Texts(container["command"]), .. Texts(container["args"])];

        for (var i = 0; i < pods; i++)
        {
            var environment = new Dictionary<string, string?>
            {
                ["JOB_COMPLETION_INDEX"] = $"{i}",
                ["PATH"] = $"{_scene.At("bin")}:{Environment.GetEnvironmentVariable("PATH")}",
            };
            // The paths of the volumes, which start with a slash after a blank or a quote.
            string[] here =
            [
                .. command.Select(w =>
                    w.Replace("/dataset", _scene.At("dataset"), StringComparison.Ordinal)
                        .Replace("\"/parts", $"\"{_scene.At("parts")}", StringComparison.Ordinal)
                ),
            ];
            var ended = Tool.Execute(_scene.Folder, environment, "", here);
            Assert.True(ended.ExitCode == 0, ended.ToString());
        }

        Assert.Equal(pods, Directory.GetFileSystemEntries(_scene.At("parts")).Length);
        string[] parts = [.. Directory.GetFiles(_scene.At("parts"), "part-*")];
        foreach (var output in new[] { "text", "json" })
        {
            Assert.Equal(
                _scene.Require("hash", "dataset", "--output", output).Output,
                _scene.Require(["hash", "--output", output, "--merge", .. parts]).Output
            );
        }
    }

    [Fact]
    public void A_pod_is_no_root_and_has_a_place_for_temporary_files_and_a_bound_of_memory()
    {
        var pod = _job["spec"]["template"]["spec"];
        var container = pod["containers"][0];

        Assert.Equal("true", Text(pod["securityContext"]["runAsNonRoot"]));
        Assert.Equal("true", Text(container["securityContext"]["readOnlyRootFilesystem"]));
        Assert.NotEqual("", Text(container["resources"]["limits"]["memory"]));
        var mounts = ((YamlSequenceNode)container["volumeMounts"]).ToDictionary(m => Text(m["mountPath"]), m => Text(m["name"]));
        var volumes = ((YamlSequenceNode)pod["volumes"]).ToDictionary(v => Text(v["name"]));
        Assert.Equal(["/dataset", "/parts", "/tmp"], mounts.Keys.Order());
        Assert.All(mounts.Values, n => Assert.Contains(n, volumes));
        Assert.True(((YamlMappingNode)volumes[mounts["/tmp"]]).Children.ContainsKey("emptyDir"));
    }

    private static YamlNode Load()
    {
        var yaml = new YamlStream();
        using var text = new StringReader(File.ReadAllText(Path.Join(Repository.Root, "examples/hash-parts.yaml")));
        yaml.Load(text);
        return Assert.Single(yaml.Documents).RootNode;
    }

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    private static IEnumerable<string> Texts(YamlNode nodes) => ((YamlSequenceNode)nodes).Select(Text);
}
