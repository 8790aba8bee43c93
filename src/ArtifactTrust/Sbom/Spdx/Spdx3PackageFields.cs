using System.Text.Json;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.Sbom.Spdx;

/// <summary>Writes what SPDX 3.0.1 says of a package beyond its name: digests, references, and what the AI and dataset profiles have.</summary>
internal sealed class Spdx3PackageFields(Utf8JsonWriter json)
{
    internal void Model(SbomComponent component)
    {
        if (component.ModelCard is not { } card)
        {
            return;
        }
        json.WriteTexts("ai_typeOfModel", [.. new[] { card.ArchitectureFamily, card.Architecture }.OfType<string>().Distinct()]);
        var considerations = card.Considerations ?? new SbomConsiderations();
        json.WriteText(
            "ai_informationAboutApplication",
            Joined([.. card.Task is { } task ? [$"task: {task}"] : Array.Empty<string>(), .. considerations.UseCases])
        );
        json.WriteText("ai_informationAboutTraining", Joined([.. card.Learning is { } l ? [CycloneDxWords.Of(l)] : Array.Empty<string>()]));
        json.WriteText("ai_limitation", Joined(considerations.TechnicalLimitations));
        json.WriteEntries("ai_metric", card.Metrics.Select(m => (m.Slice is null ? m.Type : $"{m.Type} ({m.Slice})", m.Value)));
        var training = considerations.EnergyConsumptions.Where(e => e.Activity == "training").ToList();
        var tuning = considerations.EnergyConsumptions.Where(e => e.Activity == "fine-tuning").ToList();
        var inference = considerations.EnergyConsumptions.Where(e => e.Activity == "inference").ToList();
        if (training.Count + tuning.Count + inference.Count > 0)
        {
            json.WriteStartObject("ai_energyConsumption");
            json.WriteString("type", "ai_EnergyConsumption");
            Energy("ai_finetuningEnergyConsumption", tuning);
            Energy("ai_inferenceEnergyConsumption", inference);
            Energy("ai_trainingEnergyConsumption", training);
            json.WriteEndObject();
        }
    }

    private void Energy(string member, List<SbomEnergy> consumptions) =>
        json.WriteObjects(
            member,
            consumptions,
            consumption =>
            {
                json.WriteString("type", "ai_EnergyConsumptionDescription");
                json.WriteNumber("ai_energyQuantity", consumption.KilowattHours);
                json.WriteString("ai_energyUnit", "kilowattHour");
            }
        );

    internal void Dataset(SbomComponent component)
    {
        var data = component.Dataset;
        // A table is known by its columns; of other data nothing says what it is.
        var isTable = data?.Properties.Any(p => p.Name is SbomPropertyNames.Column or SbomPropertyNames.ColumnCount) == true;
        json.WriteTexts("dataset_datasetType", [isTable ? "structured" : "noAssertion"]);
        if (SpdxFacts.Bytes(component) is { } bytes)
        {
            json.WriteNumber("dataset_datasetSize", bytes);
        }
        if (data?.SensitiveData.Count > 0)
        {
            json.WriteString("dataset_hasSensitivePersonalInformation", "yes");
        }
        // The Traffic Light Protocol's words are the only ones SPDX has; other classifications are among the properties.
        if (data?.Classification?.ToLowerInvariant() is "red" or "amber" or "green" or "clear")
        {
            json.WriteString("dataset_confidentialityLevel", data.Classification.ToLowerInvariant());
        }
    }

    internal void Hashes(SbomComponent component) =>
        json.WriteObjects(
            "verifiedUsing",
            [.. CycloneDxWords.Hashes(component)],
            hash =>
            {
                json.WriteString("type", "Hash");
                json.WriteString("algorithm", Spdx3Words.Algorithm(hash.Algorithm));
                json.WriteString("hashValue", hash.Content);
            }
        );

    internal void ExternalReferences(SbomComponent component) =>
        json.WriteObjects(
            "externalRef",
            component.ExternalReferences,
            reference =>
            {
                json.WriteString("type", "ExternalRef");
                json.WriteString("externalRefType", Spdx3Words.ExternalReference(reference.Type));
                json.WriteTexts("locator", [reference.Url]);
            }
        );

    /// <summary>What the format has no field for, as properties of CycloneDX.</summary>
    internal void Properties(SbomComponent component)
    {
        var properties = SpdxFacts.Properties(component);
        json.WriteObjects<IReadOnlyList<SbomProperty>>(
            "extension",
            properties.Count > 0 ? [properties] : [],
            all =>
            {
                json.WriteString("type", "extension_CdxPropertiesExtension");
                json.WriteObjects(
                    "extension_cdxProperty",
                    all,
                    property =>
                    {
                        json.WriteString("type", "extension_CdxPropertyEntry");
                        json.WriteString("extension_cdxPropName", property.Name);
                        json.WriteString("extension_cdxPropValue", property.Value);
                    }
                );
            }
        );
    }

    private static string? Joined(IReadOnlyList<string> texts) => texts.Count == 0 ? null : string.Join("\n", texts);
}
