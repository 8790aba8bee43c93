using System.Text.Json;
using W = ArtifactTrust.Sbom.CycloneDx.CycloneDxWords;

namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>Writes the card of a model as the member <c>modelCard</c>.</summary>
internal sealed class CycloneDxJsonModelCard(Utf8JsonWriter json)
{
    internal void Write(SbomModelCard card)
    {
        json.WriteStartObject("modelCard");
        json.WriteStartObject("modelParameters");
        if (card.Learning is { } learning)
        {
            json.WriteStartObject("approach");
            json.WriteString("type", W.Of(learning));
            json.WriteEndObject();
        }
        json.WriteText("task", card.Task);
        json.WriteText("architectureFamily", card.ArchitectureFamily);
        json.WriteText("modelArchitecture", card.Architecture);
        json.WriteList("datasets", W.Datasets(card), reference => json.WriteMember("ref", reference));
        json.WriteList("inputs", card.Inputs, input => json.WriteMember("format", input));
        json.WriteList("outputs", card.Outputs, output => json.WriteMember("format", output));
        json.WriteEndObject();
        if (card.Metrics.Count > 0)
        {
            json.WriteStartObject("quantitativeAnalysis");
            json.WriteList("performanceMetrics", card.Metrics, Metric);
            json.WriteEndObject();
        }
        if (card.Considerations is { } considerations)
        {
            Considerations(considerations);
        }
        json.WriteProperties(card.Properties);
        json.WriteEndObject();
    }

    private void Metric(SbomMetric metric)
    {
        json.WriteStartObject();
        json.WriteString("type", metric.Type);
        json.WriteString("value", metric.Value);
        json.WriteText("slice", metric.Slice);
        json.WriteEndObject();
    }

    private void Considerations(SbomConsiderations considerations)
    {
        json.WriteStartObject("considerations");
        json.WriteList("users", considerations.Users, json.WriteStringValue);
        json.WriteList("useCases", considerations.UseCases, json.WriteStringValue);
        json.WriteList("technicalLimitations", considerations.TechnicalLimitations, json.WriteStringValue);
        json.WriteList("performanceTradeoffs", considerations.PerformanceTradeoffs, json.WriteStringValue);
        json.WriteList(
            "ethicalConsiderations",
            considerations.EthicalConsiderations,
            risk =>
            {
                json.WriteStartObject();
                json.WriteString("name", risk.Name);
                json.WriteText("mitigationStrategy", risk.Mitigation);
                json.WriteEndObject();
            }
        );
        if (considerations.EnergyConsumptions.Count > 0)
        {
            json.WriteStartObject("environmentalConsiderations");
            json.WriteList("energyConsumptions", considerations.EnergyConsumptions, Energy);
            json.WriteEndObject();
        }
        json.WriteList(
            "fairnessAssessments",
            considerations.FairnessAssessments,
            fairness =>
            {
                json.WriteStartObject();
                json.WriteString("groupAtRisk", fairness.Group);
                json.WriteText("benefits", fairness.Benefits);
                json.WriteText("harms", fairness.Harms);
                json.WriteText("mitigationStrategy", fairness.Mitigation);
                json.WriteEndObject();
            }
        );
        json.WriteEndObject();
    }

    private void Energy(SbomEnergy energy)
    {
        json.WriteStartObject();
        json.WriteString("activity", energy.Activity);
        json.WriteStartArray("energyProviders");
        json.WriteStartObject();
        json.WriteOrganization("organization", energy.Provider);
        json.WriteString("energySource", energy.Source);
        Measure("energyProvided", energy.KilowattHours, "kWh");
        json.WriteEndObject();
        json.WriteEndArray();
        Measure("activityEnergyCost", energy.KilowattHours, "kWh");
        if (energy.TonnesOfCo2 is { } tonnes)
        {
            Measure("co2CostEquivalent", tonnes, "tCO2eq");
        }
        json.WriteEndObject();
    }

    private void Measure(string member, decimal value, string unit)
    {
        json.WriteStartObject(member);
        json.WriteNumber("value", value);
        json.WriteString("unit", unit);
        json.WriteEndObject();
    }
}
