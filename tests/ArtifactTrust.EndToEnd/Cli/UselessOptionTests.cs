namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>An option that would do nothing for what it is given with is refused: who gives one relies on it.</summary>
public sealed class UselessOptionTests : IDisposable
{
    private const string Image = "oci-layout:image:1.0";
    private const int Usage = 2;

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData("hash", "model")]
    [InlineData("hash", "data.csv")]
    [InlineData("hash", Image)]
    [InlineData("sign", "model", "--key", "ci.key", "--force")]
    [InlineData("attest", "model", "--key", "ci.key", "--type", "custom", "--predicate", "none.json")]
    [InlineData("verify", "model", "data.csv", "--key", "ci.pub")]
    [InlineData("inspect", Image)]
    [InlineData("gate", "model", "--policy", "policy.yaml", "--dry-run")]
    [InlineData("sbom", "model")]
    [InlineData("scan", "model", "--scanners", "model")]
    [InlineData("push", "model", "oci-layout:pushed:1.0")]
    [InlineData("pull", Image, "pulled", "--key", "ci.pub")]
    [InlineData("copy", Image, "oci-layout:copy")]
    [InlineData("save", Image, "image.tar")]
    [InlineData("load", "data.csv", "oci-layout:copy")]
    public void Options_about_registries_want_a_registry(params string[] command)
    {
        foreach (
            var option in (string[][])
                [
                    ["--plain-http"],
                    ["--registry-timeout", "1m"],
                    ["--registry-ca", "ca.pem"],
                    ["--registry-cert", "a"],
                    ["--registry-key", "a"],
                ]
        )
        {
            _scene.Refuses(Usage, $"{option[0]} is for registries, and none is named", [.. command, .. option]);
        }
    }

    [Theory]
    [InlineData("hash", "data.csv")]
    [InlineData("hash", Image)]
    [InlineData("attest", "data.csv", "--key", "ci.key", "--type", "custom", "--predicate", "none.json")]
    [InlineData("verify", "data.csv", Image, "--key", "ci.pub")]
    [InlineData("inspect", "data.csv")]
    [InlineData("gate", Image, "--policy", "policy.yaml", "--dry-run")]
    [InlineData("sbom", "data.csv")]
    [InlineData("sbom", Image)]
    [InlineData("scan", "data.csv", "--scanners", "model")]
    public void Paths_are_left_out_of_directories_alone(params string[] command)
    {
        _scene.Refuses(Usage, "--ignore-path is for directories", [.. command, "--ignore-path", "logs"]);
        _scene.Refuses(Usage, "--no-ignore-git-paths is for directories", [.. command, "--no-ignore-git-paths"]);
    }

    [Fact]
    public void What_is_asked_of_the_signature_of_a_model_is_asked_of_nothing_else()
    {
        string[] verify = ["verify", "model", "--key", "ci.pub", "--type", "custom"];
        foreach (var option in (string[])["--ignore-unsigned-files", "--allow-unsigned-empty-files", "--allow-legacy-oms"])
        {
            _scene.Refuses(Usage, $"{option} is for signatures of models", [.. verify, option]);
        }
        _scene.Refuses(Usage, "for directories", "verify", "data.csv", "--key", "ci.pub", "--allow-symlinks");
        _scene.Refuses(Usage, "several files", "verify", "data.csv", "--key", "ci.pub", "--ignore-unsigned-files");
        _scene.Require("verify", "data.csv", "model", "--key", "ci.pub", "--ignore-unsigned-files", "--ignore-path", "logs");
    }

    [Fact]
    public void Where_a_signature_goes_is_said_once()
    {
        _scene.Refuses(Usage, "does not go with --add", "sign", "model", "--key", "ci.key", "--add", "--signature", "other.sig");
        _scene.Refuses(Usage, "an image keeps every signature", "sign", Image, "--key", "ci.key", "--force");
    }

    [Theory]
    [InlineData("--trivy", "none")]
    [InlineData("--trivy-sha256", "none")]
    [InlineData("--trivy-cache", "none")]
    [InlineData("--vex", "none")]
    [InlineData("--max-db-age", "1d")]
    [InlineData("--trivy-scanners", "secret")]
    public void Options_about_Trivy_want_a_scan_by_Trivy(params string[] option)
    {
        _scene.Refuses(Usage, $"{option[0]} is for Trivy, which is not run here", ["scan", "model", "--scanners", "model", .. option]);
        _scene.Require("scan", "model", "--scanners", "model", "--offline");
    }

    [Theory]
    [InlineData("images only", "model", "--platform", "linux/amd64")]
    [InlineData("--source is for directories", "data.csv", "--source")]
    [InlineData("--source is for directories", Image, "--source")]
    [InlineData("does not go with --dataset", "model", "--source", "--dataset")]
    [InlineData("images and source trees", "data.csv", "--packages", "all")]
    [InlineData("images and source trees", "model", "--dataset", "--packages", "all")]
    [InlineData("--trivy is for Trivy", "model", "--trivy", "none")]
    [InlineData("of a source tree all lock files are read", "model", "--source", "--ignore-path", "logs")]
    public void An_SBOM_is_described_by_what_it_is_of(string message, params string[] arguments) =>
        _scene.Refuses(Usage, message, ["sbom", .. arguments]);

    [Theory]
    [InlineData("--every", "1m")]
    [InlineData("--until-drift")]
    public void One_check_of_a_directory_has_no_schedule(params string[] option) =>
        _scene.Refuses(Usage, $"{option[0]} is for more than the one check", ["watch", "model", "--key", "ci.pub", "--once", .. option]);

    [Fact]
    public void Only_gate_and_verify_run_a_command() =>
        _scene.Refuses(Usage, "only gate and verify take a command", "log", "verify", "audit", "--key", "gate.pub", "--", "touch", "ran");
}
