using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.CycloneDx;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Tests.Sbom;

/// <summary>One document in every format.</summary>
public sealed class SbomWriterTests
{
    [Theory]
    [InlineData(SbomFormat.CycloneDxJson, CycloneDxVersion.V16)]
    [InlineData(SbomFormat.CycloneDxJson, CycloneDxVersion.V17)]
    [InlineData(SbomFormat.SpdxJson, CycloneDxVersion.V16)]
    [InlineData(SbomFormat.Spdx3Json, CycloneDxVersion.V16)]
    public void A_document_with_everything_in_it_is_valid(SbomFormat format, CycloneDxVersion version)
    {
        var result = SbomValidator.Validate(SbomWriter.ToBytes(Everything(), format, version));
        Assert.Empty(result.Errors);
        Assert.Empty(result.Warnings);
    }

    [Theory]
    [InlineData(SbomFormat.CycloneDxJson)]
    [InlineData(SbomFormat.CycloneDxXml)]
    [InlineData(SbomFormat.SpdxJson)]
    [InlineData(SbomFormat.Spdx3Json)]
    public void The_same_document_gives_the_same_bytes(SbomFormat format)
    {
        var bytes = SbomWriter.ToBytes(Everything(), format);
        Assert.Equal(bytes, SbomWriter.ToBytes(Everything(), format));
        Assert.Equal((byte)'\n', bytes[^1]);
    }

    [Theory]
    [InlineData(SbomFormat.CycloneDxJson)]
    [InlineData(SbomFormat.CycloneDxXml)]
    [InlineData(SbomFormat.SpdxJson)]
    [InlineData(SbomFormat.Spdx3Json)]
    public void Characters_that_hide_or_reorder_are_never_written_as_they_are(SbomFormat format)
    {
        const string Name = "a\u202Eb\u200Bc\u2028d\U000E0041e😀é\uFEFF";
        var document = Everything() with { Root = new SbomComponent(SbomComponentType.Application, "root", Name) };
        var text = Encoding.UTF8.GetString(SbomWriter.ToBytes(document, format));
        foreach (var hidden in (string[])["\u202E", "\u200B", "\u2028", "\U000E0041", "\uFEFF"])
        {
            Assert.DoesNotContain(hidden, text, StringComparison.Ordinal);
        }
        Assert.Contains("é", text, StringComparison.Ordinal);
        if (format == SbomFormat.CycloneDxXml)
        {
            Assert.Contains(XDocument.Parse(text).Descendants(), e => e.Value == Name);
        }
        else
        {
            Assert.Contains("\\u202e", text, StringComparison.Ordinal);
            using var json = JsonDocument.Parse(text);
            Assert.Contains(Name, Strings(json.RootElement));
        }
    }

    [Theory]
    [InlineData("a\u0000b")]
    [InlineData("a\uFFFFb")]
    public void What_xml_cannot_hold_is_replaced(string name) => Replaced(name);

    [Fact]
    public void Half_a_surrogate_pair_is_replaced_in_xml() => Replaced("a\uD800b");

    private static void Replaced(string name)
    {
        var document = Everything() with { Root = new SbomComponent(SbomComponentType.Application, "root", name) };
        var text = Encoding.UTF8.GetString(SbomWriter.ToBytes(document, SbomFormat.CycloneDxXml));
        Assert.Contains(XDocument.Parse(text).Descendants(), e => e.Value == "a\uFFFDb");
    }

    [Fact]
    public void Licences_and_an_expression_stand_beside_each_other_from_1_7_on()
    {
        var document = Everything();
        Assert.Contains("\"name\": \"MIT OR Apache-2.0\"", Text(CycloneDxVersion.V16), StringComparison.Ordinal);
        Assert.Contains("\"expression\": \"MIT OR Apache-2.0\"", Text(CycloneDxVersion.V17), StringComparison.Ordinal);

        string Text(CycloneDxVersion version) => Encoding.UTF8.GetString(SbomWriter.ToBytes(document, SbomFormat.CycloneDxJson, version));
    }

    [Fact]
    public void Xml_has_the_namespace_of_its_version()
    {
        var xml = XDocument.Parse(Encoding.UTF8.GetString(SbomWriter.ToBytes(Everything(), SbomFormat.CycloneDxXml, CycloneDxVersion.V17)));
        XNamespace space = "http://cyclonedx.org/schema/bom/1.7";
        Assert.Equal(space + "bom", xml.Root!.Name);
        Assert.Equal("detector", xml.Root.Element(space + "metadata")!.Element(space + "component")!.Element(space + "name")!.Value);
    }

    [Fact]
    public void Spdx_3_relates_a_model_to_its_data_its_base_and_its_code()
    {
        using var json = JsonDocument.Parse(SbomWriter.ToBytes(Everything(), SbomFormat.Spdx3Json));
        var types = json
            .RootElement.GetProperty("@graph")
            .EnumerateArray()
            .Where(e => e.GetProperty("type").GetString() == "Relationship")
            .Select(e => e.GetProperty("relationshipType").GetString())
            .ToList();
        foreach (
            var type in (string[])
                ["trainedOn", "testedOn", "descendantOf", "generates", "contains", "hasDeclaredLicense", "hasConcludedLicense"]
        )
        {
            Assert.Contains(type, types);
        }
    }

    [Fact]
    public void Spdx_3_claims_the_profile_ai_only_where_what_it_requires_is_known()
    {
        Assert.Contains("\"ai\"", Text(Everything()), StringComparison.Ordinal);
        var document = Everything();
        var model = document.Subject with { Supplier = null };
        Assert.DoesNotContain(
            "\"ai\"",
            Text(document with { Components = [model, .. document.Components.Skip(1)] }),
            StringComparison.Ordinal
        );

        static string Text(SbomDocument document) => Encoding.UTF8.GetString(SbomWriter.ToBytes(document, SbomFormat.Spdx3Json));
    }

    [Fact]
    public void A_format_or_version_that_there_is_not_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SbomWriter.ToBytes(Everything(), SbomFormat.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => SbomWriter.ToBytes(Everything(), SbomFormat.CycloneDxXml, CycloneDxVersion.None));
    }

    /// <summary>A document that has every member there is.</summary>
    internal static SbomDocument Everything()
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        var digest = DigestAlgorithm.Sha256.Hash("x"u8);
        var file = new SbomComponent(SbomComponentType.File, "file", "weights.bin")
        {
            Digest = digest,
            MediaType = "application/octet-stream",
            Properties = [new SbomProperty(SbomPropertyNames.Size, "1")],
        };
        var package = new SbomComponent(SbomComponentType.Library, "package", "requests")
        {
            Version = "2.0",
            PackageUrl = "pkg:pypi/requests@2.0",
            DeclaredHashes = [new SbomHash("SHA-512", new string('a', 128)), new SbomHash("MD5", new string('b', 32))],
            Licenses = [SbomLicense.OfExpression("Apache-2.0 WITH LLVM-exception")],
            Occurrences = [new SbomOccurrence("requirements.txt", "sha256:" + new string('c', 64)), new SbomOccurrence("usr/lib")],
        };
        var model = new SbomComponent(SbomComponentType.MachineLearningModel, "model", "detector")
        {
            Version = "1.0",
            Description = "Finds\nthings.",
            Supplier = "Acme",
            PackageUrl = "pkg:huggingface/acme/detector@1",
            Built = time,
            Released = time,
            Licenses =
            [
                SbomLicense.OfId("MIT", "https://example.org/mit"),
                SbomLicense.OfName("ours & theirs"),
                SbomLicense.OfExpression("MIT OR Apache-2.0"),
            ],
            Ancestors = [new SbomComponent(SbomComponentType.MachineLearningModel, "base", "acme/base")],
            AncestryNote = "finetune",
            ExternalReferences =
            [
                new SbomExternalReference("distribution", "https://example.org/model", digest),
                new SbomExternalReference("website", "https://example.org/"),
            ],
            ModelCard = new SbomModelCard
            {
                Task = "detection",
                Learning = SbomLearning.SelfSupervised,
                ArchitectureFamily = "cnn",
                Architecture = "ResNet",
                DatasetReferences = ["train"],
                TestDatasetReferences = ["test", "train"],
                Inputs = ["x: float32[1]"],
                Outputs = ["y: float32[1]"],
                Metrics = [new SbomMetric("f1", "0.9", "test"), new SbomMetric("loss", "0.1", null)],
                Considerations = new SbomConsiderations
                {
                    Users = ["all"],
                    UseCases = ["finding"],
                    TechnicalLimitations = ["by day only"],
                    PerformanceTradeoffs = ["fast, not exact"],
                    EthicalConsiderations = [new SbomRisk("bias", "review"), new SbomRisk("misuse", null)],
                    FairnessAssessments = [new SbomFairness("children", "b", "h", "m")],
                    EnergyConsumptions =
                    [
                        new SbomEnergy("training", 12.5m, "Stadtwerke", "wind", 0.1m),
                        new SbomEnergy("inference", 1m, "x", "unknown", null),
                    ],
                },
                Properties = [new SbomProperty("a:b", "c")],
            },
            Components = [file],
        };
        var data = new SbomComponent(SbomComponentType.Data, "train", "train")
        {
            Supplier = "Acme",
            Built = time,
            Released = time,
            ExternalReferences = [new SbomExternalReference("distribution", "https://example.org/data")],
            Properties = [new SbomProperty(SbomPropertyNames.TotalSize, "12")],
            Dataset = new SbomDataset(
                "train",
                "https://example.org/data",
                "Rows.",
                [new SbomProperty(SbomPropertyNames.Rows, "3"), new SbomProperty(SbomPropertyNames.Column, "a")]
            )
            {
                Classification = "amber",
                SensitiveData = ["names"],
                Owners = ["Jane"],
                Stewards = ["Joe"],
                Custodians = ["Ops"],
            },
        };
        var test = data with { Reference = "test", Name = "test", Dataset = new SbomDataset("test", null, null, []) };
        return new SbomDocument(
            Guid.Parse("3e671687-395b-81f5-a30f-a58921a69b79"),
            time,
            "1.2.3",
            new SbomComponent(SbomComponentType.Application, "root", "detector") { Version = "1.0", Supplier = "Acme" },
            [
                model with
                {
                    Ancestors =
                    [
                        model.Ancestors[0] with
                        {
                            Supplier = "Acme",
                            Version = "0",
                            Released = time,
                            ExternalReferences = data.ExternalReferences,
                        },
                    ],
                },
                data,
                test,
                package,
            ],
            [
                new SbomDependency("root", ["model"]),
                new SbomDependency("model", ["train", "test", "package"]),
                new SbomDependency("train", []),
            ],
            ["model"]
        )
        {
            Authors = [new SbomContact("Jane Doe", "jane@example.org"), new SbomContact("Joe", null)],
            Supplier = "Acme",
            Properties = [new SbomProperty("p", "v")],
            IncompleteAssemblies = ["root"],
            Training = new SbomTraining(
                SbomTrainingCode.Parse("https://github.com/Acme/train.git@0123456789012345678901234567890123456789").Component(),
                ["train", "base"],
                "model"
            ),
        };
    }

    private static IEnumerable<string> Strings(JsonElement json) =>
        json.ValueKind switch
        {
            JsonValueKind.Object => json.EnumerateObject().SelectMany(m => Strings(m.Value)),
            JsonValueKind.Array => json.EnumerateArray().SelectMany(Strings),
            JsonValueKind.String => [json.GetString()!],
            _ => [],
        };
}
