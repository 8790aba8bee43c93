using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Cards;

/// <summary>The section <c>model</c> of a card.</summary>
internal sealed class ModelCardSection
{
    private static readonly string[] Keys =
    [
        "task",
        "learning",
        "architecture",
        "architecture-family",
        "inputs",
        "outputs",
        "training-data",
        "test-data",
        "base-models",
        "base-model-relation",
        "training",
        "hyperparameters",
        "users",
        "use-cases",
        "limitations",
        "tradeoffs",
        "risks",
        "fairness",
        "energy",
    ];

    private readonly SbomModelCard _card;
    private readonly SbomConsiderations _considerations;
    private readonly IReadOnlyList<string> _trainingData;
    private readonly IReadOnlyList<string> _testData;
    private readonly IReadOnlyList<string> _baseModels;
    private readonly string? _relation;

    internal ModelCardSection(YamlMapping section)
    {
        section.CheckKeys("'model'", Keys);
        _trainingData = CardValue.Texts(section, "training-data");
        _testData = CardValue.Texts(section, "test-data");
        _baseModels = CardValue.Texts(section, "base-models");
        _relation = CardValue.Text(section, "base-model-relation");
        _considerations = new SbomConsiderations
        {
            Users = CardValue.Texts(section, "users", lines: true),
            UseCases = CardValue.Texts(section, "use-cases", lines: true),
            TechnicalLimitations = CardValue.Texts(section, "limitations", lines: true),
            PerformanceTradeoffs = CardValue.Texts(section, "tradeoffs", lines: true),
            EthicalConsiderations = [.. CardValue.Mappings(section, "risks").Select(Risk)],
            FairnessAssessments = [.. CardValue.Mappings(section, "fairness").Select(Fairness)],
            EnergyConsumptions = [.. CardValue.Mappings(section, "energy").Select(Energy)],
        };
        _card = new SbomModelCard
        {
            Task = CardValue.Text(section, "task"),
            Learning = section["learning"] is YamlScalar learning
                ? learning.Word(
                    "'learning'",
                    ("supervised", SbomLearning.Supervised),
                    ("unsupervised", SbomLearning.Unsupervised),
                    ("reinforcement-learning", SbomLearning.ReinforcementLearning),
                    ("semi-supervised", SbomLearning.SemiSupervised),
                    ("self-supervised", SbomLearning.SelfSupervised)
                )
                : null,
            Architecture = CardValue.Text(section, "architecture"),
            ArchitectureFamily = CardValue.Text(section, "architecture-family"),
            Inputs = CardValue.Texts(section, "inputs"),
            Outputs = CardValue.Texts(section, "outputs"),
            Properties =
            [
                .. CardValue
                    .Texts(section, "training", lines: true)
                    .Select(t => new SbomProperty(SbomPropertyNames.Prefix + "training", t)),
                .. section["hyperparameters"] is { } parameters
                    ? parameters.Mapping("'hyperparameters'").Members.Select(Hyperparameter)
                    : [],
            ],
        };
    }

    internal SbomDocument ApplyTo(SbomDocument document)
    {
        var subject = document.Subject;
        var card = subject.ModelCard ?? new SbomModelCard();
        var others = document.Components.Skip(1).ToList();
        foreach (var name in _trainingData.Concat(_testData).Where(n => others.TrueForAll(o => o.Reference != Reference(n))))
        {
            others.Add(
                new SbomComponent(SbomComponentType.Data, Reference(name), name) { Dataset = new SbomDataset(name, null, null, []) }
            );
        }
        var ancestors = subject
            .Ancestors.Concat(
                _baseModels
                    .Where(b => subject.Ancestors.All(a => a.Name != b))
                    .Select(b => new SbomComponent(SbomComponentType.MachineLearningModel, $"base-model:{b}", b))
            )
            .ToList();
        var trained = card.DatasetReferences.Union(_trainingData.Select(Reference), StringComparer.Ordinal).ToList();
        var tested = card.TestDatasetReferences.Union(_testData.Select(Reference), StringComparer.Ordinal).ToList();
        subject = subject with
        {
            Ancestors = ancestors,
            AncestryNote = _relation is null ? subject.AncestryNote : $"base_model_relation: {_relation}",
            ModelCard = card with
            {
                Task = _card.Task ?? card.Task,
                Learning = _card.Learning ?? card.Learning,
                Architecture = _card.Architecture ?? card.Architecture,
                ArchitectureFamily = _card.ArchitectureFamily ?? card.ArchitectureFamily,
                Inputs = _card.Inputs.Count > 0 ? _card.Inputs : card.Inputs,
                Outputs = _card.Outputs.Count > 0 ? _card.Outputs : card.Outputs,
                DatasetReferences = trained,
                TestDatasetReferences = tested,
                Considerations = IsEmpty(_considerations) ? card.Considerations : _considerations,
                Properties = [.. card.Properties, .. _card.Properties],
            },
        };
        return document with
        {
            Components = [subject, .. others],
            Dependencies = Dependencies(document, subject, others),
            Training = document.Training is { } training
                ? training with
                {
                    Inputs = [.. trained, .. ancestors.Select(a => a.Reference!)],
                }
                : null,
        };
    }

    private static List<SbomDependency> Dependencies(SbomDocument document, SbomComponent subject, List<SbomComponent> others)
    {
        var needed = others.Select(o => o.Reference!).ToList();
        return
        [
            .. document.Dependencies.Select(d =>
                d.Reference == subject.Reference ? d with { DependsOn = [.. d.DependsOn.Union(needed, StringComparer.Ordinal)] } : d
            ),
            .. needed.Except(document.Dependencies.Select(d => d.Reference), StringComparer.Ordinal).Select(n => new SbomDependency(n, [])),
        ];
    }

    private static SbomRisk Risk(YamlMapping risk)
    {
        risk.CheckKeys("a risk", ["name", "mitigation"]);
        return new SbomRisk(CardValue.Required(risk, "name", "a risk"), CardValue.Lines(risk, "mitigation"));
    }

    private static SbomFairness Fairness(YamlMapping fairness)
    {
        fairness.CheckKeys("an assessment of fairness", ["group", "benefits", "harms", "mitigation"]);
        return new SbomFairness(
            CardValue.Required(fairness, "group", "an assessment of fairness"),
            CardValue.Lines(fairness, "benefits"),
            CardValue.Lines(fairness, "harms"),
            CardValue.Lines(fairness, "mitigation")
        );
    }

    private static SbomEnergy Energy(YamlMapping energy)
    {
        energy.CheckKeys("an element of 'energy'", ["activity", "kwh", "provider", "source", "co2-tonnes"]);
        return new SbomEnergy(
            Word(
                energy,
                "activity",
                "design",
                "data-collection",
                "data-preparation",
                "training",
                "fine-tuning",
                "validation",
                "deployment",
                "inference",
                "other"
            ) ?? throw energy.Malformed("an element of 'energy' needs 'activity'"),
            CardValue.Number(energy, "kwh") ?? throw energy.Malformed("an element of 'energy' needs 'kwh'"),
            CardValue.Required(energy, "provider", "an element of 'energy'"),
            Word(
                energy,
                "source",
                "coal",
                "oil",
                "natural-gas",
                "nuclear",
                "wind",
                "solar",
                "geothermal",
                "hydropower",
                "biofuel",
                "unknown",
                "other"
            ) ?? "unknown",
            CardValue.Number(energy, "co2-tonnes")
        );
    }

    private static string? Word(YamlMapping mapping, string key, params string[] words) =>
        mapping[key] switch
        {
            null => null,
            YamlScalar scalar => scalar.Word($"'{key}'", [.. words.Select(w => (w, w))]),
            var value => throw value.Malformed($"'{key}' is to be a single value, not {value.Kind}"),
        };

    /// <summary>A name and a value as written: numbers are kept as text, since nothing is computed with them.</summary>
    private static SbomProperty Hyperparameter(YamlMember member) =>
        member.Value is YamlScalar { Text.Length: > 0 and <= 256 } scalar && !scalar.Text.Any(char.IsControl) && member.Key.Length <= 256
            ? new SbomProperty($"{SbomPropertyNames.Prefix}hyperparameter:{member.Key}", scalar.Text)
            : throw member.Place.Malformed($"the hyperparameter '{member.Key}' is to be one short value");

    private static bool IsEmpty(SbomConsiderations c) =>
        c.Users.Count
            + c.UseCases.Count
            + c.TechnicalLimitations.Count
            + c.PerformanceTradeoffs.Count
            + c.EthicalConsiderations.Count
            + c.FairnessAssessments.Count
            + c.EnergyConsumptions.Count
        == 0;

    private static string Reference(string name) => $"dataset:{name}";
}
