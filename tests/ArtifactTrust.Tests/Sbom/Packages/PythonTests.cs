using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Tests.Sbom.Packages;

public sealed class PythonTests
{
    private const string Site = "usr/lib/python3.12/site-packages";

    [Fact]
    public void Installed_packages_have_their_licence_and_what_they_need()
    {
        var found = Found.Installed(
            (
                $"{Site}/Flask_Login-0.6.3.dist-info/METADATA",
                """
                Metadata-Version: 2.4
                Name: Flask_Login
                Version: 0.6.3
                License-Expression: MIT
                Author: Someone
                Requires-Dist: Werkzeug>=1.0.1
                Requires-Dist: zope.interface ; python_version >= "3.8"
                Requires-Dist: pytest ; extra == 'test'

                Name: not a header any more
                """
            ),
            ($"{Site}/werkzeug-3.0.0.dist-info/METADATA", "Name: werkzeug\nVersion: 3.0.0\nLicense: BSD-3-Clause\n"),
            (
                $"{Site}/zope.interface-6.0.egg-info/PKG-INFO",
                "Name: zope.interface\nVersion: 6.0\nLicense: ZPL 2.1\nClassifier: Programming Language :: Python\nClassifier: License :: OSI Approved :: Zope Public License\n"
            ),
            ($"{Site}/pytest-8.0.dist-info/METADATA", "Name: pytest\nVersion: 8.0\nClassifier: License :: OSI Approved :: MIT License\n"),
            ($"{Site}/distro.egg-info", "Name: distro\nVersion: 1.0\nLicense: UNKNOWN\n")
        );
        Assert.Equal(
            [
                "pkg:pypi/distro@1.0",
                "pkg:pypi/flask-login@0.6.3",
                "pkg:pypi/pytest@8.0",
                "pkg:pypi/werkzeug@3.0.0",
                "pkg:pypi/zope.interface@6.0",
            ],
            found.Urls()
        );
        Assert.Equal(["werkzeug", "zope.interface"], found.Needs("Flask_Login"));
        Assert.Equal("MIT", found.One("Flask_Login").Licenses.Single().Id);
        Assert.Equal("Someone", found.One("Flask_Login").Supplier);
        Assert.Equal("BSD-3-Clause", found.One("werkzeug").Licenses.Single().Id);
        Assert.Equal("ZPL 2.1", found.One("zope.interface").Licenses.Single().Name);
        Assert.Equal("MIT", found.One("pytest").Licenses.Single().Id);
        Assert.Empty(found.Gaps);
    }

    [Fact]
    public void Conda_records_give_build_channel_and_digests()
    {
        var found = Found.Installed(
            (
                "opt/conda/conda-meta/absl-py-0.4.1-py36h06a4308_0.json",
                """
                {"name":"absl-py","version":"0.4.1","build":"py36h06a4308_0","channel":"https://host.example/pkgs/main/linux-64","subdir":"linux-64",
                 "fn":"absl-py-0.4.1-py36h06a4308_0.tar.bz2","license":"Apache-2.0","depends":["six","python >=3.6"],"md5":"d41d8cd98f00b204e9800998ecf8427e"}
                """
            ),
            ("opt/conda/conda-meta/six-1.0-0.json", """{"name":"six","version":"1.0","build":"0","channel":"conda-forge","depends":[]}""")
        );
        Assert.Equal(
            [
                "pkg:conda/absl-py@0.4.1?build=py36h06a4308_0&channel=main&subdir=linux-64&type=tar.bz2",
                "pkg:conda/six@1.0?build=0&channel=conda-forge",
            ],
            found.Urls()
        );
        Assert.Equal(["six"], found.Needs("absl-py"));
        Assert.Equal(["MD5 d41d8cd98f00b204e9800998ecf8427e"], found.One("absl-py").Hashes());
    }

    [Fact]
    public void Requirements_are_pinned_or_say_what_they_ask_for()
    {
        var hex = new string('a', 64);
        var found = Found.Locked(
            "requirements.txt",
            $"""
            # a comment
            -r other.txt
            --index-url https://mirror.example/simple
            Requests[security,socks]==2.31.0 \
                --hash=sha256:{hex} \
                --hash=sha256:{new string('b', 64)}   # note
            numpy >= 1.20, < 2 ; python_version < "3.13"
            flask
            torch==2.1.0+cu118
            pip @ https://host.example/pip.zip
            ./local
            PyYAML===6.0 ; sys_platform == 'linux'
            star==1.*
            """
        );
        Assert.Equal(
            [
                "pkg:pypi/flask",
                "pkg:pypi/numpy",
                "pkg:pypi/pip",
                "pkg:pypi/pyyaml@6.0",
                "pkg:pypi/requests@2.31.0",
                "pkg:pypi/star",
                "pkg:pypi/torch@2.1.0%2Bcu118",
            ],
            found.Urls()
        );
        Assert.Equal([$"SHA-256 {hex}", $"SHA-256 {new string('b', 64)}"], found.One("Requests").Hashes());
        Assert.Contains(found.One("numpy").Properties, p => p is { Name: PackagePropertyNames.Requirement, Value: ">= 1.20, < 2" });
        Assert.Equal(
            [
                "2 of its requirements are addresses or paths, where what they bring is not read",
                "2 of its requirements have no --hash, so that pip may install others with them",
                "3 of its requirements leave the version open",
                "it includes 'other.txt', which was not read",
            ],
            found.Gaps.Select(g => g.Reason)
        );
    }

    [Fact]
    public void Requirements_with_hashes_name_all_that_pip_installs()
    {
        var hash = $"--hash=sha256:{new string('a', 64)}";
        Assert.Empty(Found.Locked("requirements.txt", $"a==1 {hash}\nb==2 \\\n  {hash}\n--require-hashes\n").Gaps);
        Assert.Single(Found.Locked("requirements.txt", $"a==1 {hash}\nb==2\n").Gaps);
    }

    [Theory]
    [InlineData("git+https://user:secret@host.example/a/b@v1")]
    [InlineData("-e ./local")]
    [InlineData("--editable=git+https://user:secret@host.example/a#egg=a")]
    [InlineData("./pkg.whl")]
    [InlineData("pkg-1.0-py3-none-any.whl")]
    [InlineData("libs/pkg")]
    [InlineData("thing @ https://user:secret@host.example/thing.zip")]
    public void What_comes_from_an_address_or_a_path_is_a_gap_and_its_password_is_not_shown(string line)
    {
        var found = Found.Locked("requirements.txt", $"{line}\n");
        Assert.StartsWith("1 of its requirements are addresses or paths", found.Gaps.Single().Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(found.Packages.SelectMany(p => p.Properties), p => p.Value.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("-r base.txt", "app/requirements.txt", "app/base.txt")]
    [InlineData("--requirement ./requirements-base.txt", "requirements.txt", "requirements-base.txt")]
    [InlineData("--requirement=../requirements-x.txt", "app/requirements.txt", "requirements-x.txt")]
    public void What_is_included_and_not_there_is_a_gap(string line, string file, string included)
    {
        var found = Found.Locked(file, $"{line}\n");
        Assert.Equal($"it includes '{included}', which was not read", found.Gaps.Single().Reason);
    }

    [Theory]
    [InlineData("-r ../../x.txt")]
    [InlineData("-r /etc/x.txt")]
    [InlineData("-r https://user:secret@host.example/x.txt")]
    public void What_is_included_from_elsewhere_is_a_gap(string line)
    {
        var found = Found.Locked("app/requirements.txt", $"{line}\n");
        Assert.Equal("it includes a file outside of the subject", found.Gaps.Single().Reason);
    }

    [Fact]
    public void What_is_included_and_read_is_none()
    {
        var hash = $"--hash=sha256:{new string('a', 64)}";
        var found = Found.In(
            PackageSearch.Locked,
            ("app/requirements.txt", $"-r ../requirements-base.txt\na==1 {hash}\n"),
            ("requirements-base.txt", $"b==2 {hash}\n")
        );
        Assert.Empty(found.Gaps);
        Assert.Equal(["pkg:pypi/a@1", "pkg:pypi/b@2"], found.Urls());
    }

    [Theory]
    [InlineData("=1.0")]
    [InlineData("!!!")]
    [InlineData("a b c")]
    public void A_requirement_that_is_not_understood_is_named(string line)
    {
        var found = Found.Locked("requirements-dev.txt", $"{line}\ngood==1\n");
        Assert.Equal(["pkg:pypi/good@1"], found.Urls());
        Assert.Contains(found.Gaps, g => g.Reason.Contains("not understood", StringComparison.Ordinal));
    }

    [Fact]
    public void Poetrys_lock_has_hashes_in_either_place()
    {
        var hex = new string('c', 64);
        var found = Found.Locked(
            "app/poetry.lock",
            $$"""
            # This file is automatically @generated by Poetry
            [[package]]
            name = "Django"
            version = "4.2"
            description = 'it''s "quoted"'
            optional = false
            python-versions = ">=3.8"
            files = [
                {file = "Django-4.2-py3-none-any.whl", hash = "sha256:{{hex}}"},
                {file = "Django-4.2.tar.gz", hash = "sha256:{{hex}}"}, # same
            ]

            [package.dependencies]
            asgiref = {version = ">=3.6", markers = "x == \"y\""}
            sqlparse = ">=0.3.1"

            [package.extras]
            argon2 = ["argon2-cffi (>=19.1.0)"]

            [[package]]
            name = "asgiref"
            version = "3.7.2"
            category = "dev"

            [metadata]
            lock-version = "2.0"

            [metadata.files]
            asgiref = [ {file = "a.whl", hash = "sha256:{{hex}}"} ]
            """.Replace("'it''s \"quoted\"'", "'it is \"quoted\"'", StringComparison.Ordinal)
        );
        Assert.Equal(["pkg:pypi/asgiref@3.7.2", "pkg:pypi/django@4.2"], found.Urls());
        Assert.Equal(["asgiref"], found.Needs("Django"));
        Assert.Equal([$"SHA-256 {hex}"], found.One("Django").Hashes());
        Assert.Equal([$"SHA-256 {hex}"], found.One("asgiref").Hashes());
        Assert.Contains(found.One("asgiref").Properties, p => p is { Name: PackagePropertyNames.Scope, Value: "development" });
        Assert.Empty(found.Gaps);
    }

    [Fact]
    public void Uvs_lock_leaves_out_the_project_itself()
    {
        var hex = new string('d', 64);
        var found = Found.Locked(
            "uv.lock",
            $$"""
            version = 1
            requires-python = ">=3.12"

            [[package]]
            name = "my-app"
            version = "0.1.0"
            source = { editable = "." }
            dependencies = [{ name = "idna" }]

            [[package]]
            name = "idna"
            version = "3.6"
            source = { registry = "https://mirror.example/simple" }
            sdist = { url = "https://x/idna.tar.gz", hash = "sha256:{{hex}}", size = 175426 }
            wheels = [
                { url = "https://x/idna.whl", hash = "sha256:{{new string('e', 64)}}", size = 61567 },
            ]

            [[package]]
            name = "fork"
            version = "1.0"
            source = { git = "https://host.example/fork?rev=1#abc" }
            dependencies = [
                { name = "idna", marker = "python_version > '3'" },
            ]
            """
        );
        Assert.Equal(
            ["pkg:pypi/fork@1.0?vcs_url=git%2Bhttps:%2F%2Fhost.example%2Ffork%3Frev%3D1%23abc", "pkg:pypi/idna@3.6"],
            found.Urls()
        );
        Assert.Equal(["idna"], found.Needs("fork"));
        Assert.Equal([$"SHA-256 {new string('e', 64)}", $"SHA-256 {hex}"], found.One("idna").Hashes());
    }

    [Theory]
    [InlineData("""["main", "dev"]""", false)]
    [InlineData("""["dev", "docs"]""", true)]
    [InlineData("[]", false)]
    public void A_package_of_no_main_group_of_poetry_is_for_development(string groups, bool isForDevelopment) =>
        Assert.Equal(
            isForDevelopment,
            Found
                .Locked("poetry.lock", $"[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = {groups}\n")
                .One("a")
                .Properties.Contains(new SbomProperty(PackagePropertyNames.Scope, "development"))
        );

    [Theory]
    [InlineData("uv.lock", "source = { editable = \".\" }", null)]
    [InlineData("uv.lock", "source = { virtual = \"libs/own\" }", null)]
    [InlineData("uv.lock", "source = { directory = \"libs/own\" }", "project")]
    [InlineData("uv.lock", "source = { editable = \"../own\" }", "project")]
    [InlineData("uv.lock", "source = { editable = \"/own\" }", "project")]
    [InlineData("pylock.toml", "directory = { path = \".\", editable = true }", null)]
    [InlineData("pylock.toml", "directory = { path = \"libs/own\" }", "project")]
    [InlineData("poetry.lock", "[package.source]\ntype = \"directory\"\nurl = \"../own\"", "project")]
    [InlineData("uv.lock", "source = { registry = \"https://mirror.example/simple\" }", "")]
    public void The_project_is_no_package_and_other_sources_are_not_said_to_be_fetched(string file, string source, string? origin)
    {
        var table = file == "pylock.toml" ? "packages" : "package";
        var found = Found.Locked(file, $"[[{table}]]\nname = \"own\"\nversion = \"1\"\n{source}\n");
        Assert.Equal(origin is null ? 0 : 1, found.Packages.Count);
        Assert.All(
            found.Packages,
            p => Assert.Equal(origin ?? "", p.Properties.SingleOrDefault(o => o.Name == PackagePropertyNames.Origin)?.Value ?? "")
        );
    }

    [Fact]
    public void Uvs_lock_says_what_the_project_asks_for_itself()
    {
        var found = Found.Locked(
            "uv.lock",
            """
            [[package]]
            name = "my-app"
            version = "0.1.0"
            source = { virtual = "." }
            dependencies = [{ name = "needed-twice" }]
            [package.optional-dependencies]
            fast = [{ name = "extra" }]
            [package.dev-dependencies]
            test = [{ name = "tester" }]
            [[package]]
            name = "extra"
            version = "1"
            dependencies = [{ name = "needed-twice" }, { name = "deep" }]
            [[package]]
            name = "needed-twice"
            version = "1"
            [[package]]
            name = "deep"
            version = "1"
            [[package]]
            name = "tester"
            version = "1"
            """
        );
        Assert.Equal(["pkg:pypi/extra@1", "pkg:pypi/needed-twice@1", "pkg:pypi/tester@1"], found.Direct.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Pdm_pylock_and_pipenv_are_read()
    {
        var hex = new string('f', 64);
        var pdm = Found.Locked(
            "pdm.lock",
            $"[metadata]\nlock_version = \"4.4\"\n[[package]]\nname = \"rich\"\nversion = \"13.7\"\ndependencies = [\"markdown-it-py>=2.2.0\"]\nfiles = [{{file = \"r.whl\", hash = \"sha256:{hex}\"}}]\n[[package]]\nname = \"markdown_it.py\"\nversion = \"3.0\"\n"
        );
        Assert.Equal(["pkg:pypi/markdown-it.py@3.0", "pkg:pypi/rich@13.7"], pdm.Urls());
        Assert.Equal(["markdown-it.py"], pdm.Needs("rich"));
        var pylock = Found.Locked(
            "pylock.toml",
            $"lock-version = '1.0'\n[[packages]]\nname = 'attrs'\nversion = '25.1.0'\nwheels = [{{name = 'a.whl', hashes = {{sha256 = '{hex}'}}}}]\n"
        );
        Assert.Equal([$"SHA-256 {hex}"], pylock.One("attrs").Hashes());
        var pipenv = Found.Locked(
            "Pipfile.lock",
            $$"""{"_meta":{"hash":{} },"default":{"certifi":{"hashes":["sha256:{{hex}}"],"version":"==2023.7.22"},"local":{"path":"."},"part":{"path":"libs/part"},"fork":{"git":"https://host.example/fork","ref":"abc"} },"develop":{"pytest":{"version":"==7.4"} } }"""
        );
        Assert.Equal(
            [
                "pkg:pypi/certifi@2023.7.22",
                "pkg:pypi/fork?vcs_url=git%2Bhttps:%2F%2Fhost.example%2Ffork%40abc",
                "pkg:pypi/part",
                "pkg:pypi/pytest@7.4",
            ],
            pipenv.Urls()
        );
        Assert.Equal([new SbomProperty(PackagePropertyNames.Origin, "project")], pipenv.One("part").Properties);
        Assert.Equal([$"SHA-256 {hex}"], pipenv.One("certifi").Hashes());
        Assert.Single(pipenv.One("pytest").Properties);
    }

    [Theory]
    [InlineData("usr/lib/python3/dist-packages/a.dist-info/METADATA", "Version: 1\n")]
    [InlineData("usr/lib/python3/dist-packages/a.dist-info/METADATA", "")]
    [InlineData("conda-meta/a.json", "{}")]
    [InlineData("conda-meta/a.json", "[")]
    public void Malformed_metadata_is_named(string path, string content)
    {
        var found = Found.Installed((path, content));
        Assert.Empty(found.Packages);
        Assert.Equal((path, false), (found.Gaps.Single().Location, found.Gaps.Single().IsForeign));
    }

    [Theory]
    [InlineData("poetry.lock", "")]
    [InlineData("poetry.lock", "[[package]\n")]
    [InlineData("uv.lock", "a = 1\na = 2\n")]
    [InlineData("uv.lock", "a = \"x\n")]
    [InlineData("uv.lock", "[a]\n[a]\n")]
    [InlineData("uv.lock", "a = [1, 2\n")]
    [InlineData("uv.lock", "a = \"\\ud800\"\n")]
    [InlineData("uv.lock", "[[package]]\nversion = '1'\n")]
    [InlineData("Pipfile.lock", "{}")]
    [InlineData("Cargo.lock", "x = 1\n")]
    public void A_malformed_lock_file_is_named(string path, string content)
    {
        var found = Found.Locked(path, content);
        Assert.Empty(found.Packages);
        Assert.Equal(path, found.Gaps.Single().Location);
    }

    [Theory]
    [InlineData("Classifier: a\n")]
    [InlineData("Requires-Dist: a\n")]
    [InlineData(" continued\n")]
    public void A_field_that_never_ends_costs_no_more_than_its_bytes(string line)
    {
        var metadata = "Name: a\nVersion: 1\nSummary: s\n" + string.Concat(Enumerable.Repeat(line, 300_000));
        Assert.InRange(Allocated(() => Found.Installed(($"{Site}/a.dist-info/METADATA", metadata))), 0, 100 * metadata.Length);
    }

    [Fact]
    public void A_requirement_that_never_ends_costs_no_more_than_its_bytes()
    {
        var lines = string.Concat(Enumerable.Repeat("\\\n", 200_000));
        Assert.InRange(Allocated(() => Found.Locked("requirements.txt", lines)), 0, 400 * lines.Length);
    }

    private static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
