using W = ArtifactTrust.Sbom.CycloneDx.CycloneDxWords;

namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>Writes the card of a model as the element <c>modelCard</c>.</summary>
internal sealed class CycloneDxXmlModelCard(CycloneDxXmlElements x)
{
    internal void Write(SbomModelCard card)
    {
        x.Begin("modelCard");
        x.Begin("modelParameters");
        if (card.Learning is { } learning)
        {
            x.Begin("approach");
            x.Element("type", W.Of(learning));
            x.End();
        }
        x.Element("task", card.Task);
        x.Element("architectureFamily", card.ArchitectureFamily);
        x.Element("modelArchitecture", card.Architecture);
        x.Each("datasets", W.Datasets(card), reference => x.Element("ref", reference));
        x.Each("inputs", card.Inputs, input => x.Within("input", "format", input));
        x.Each("outputs", card.Outputs, output => x.Within("output", "format", output));
        x.End();
        if (card.Metrics.Count > 0)
        {
            x.Begin("quantitativeAnalysis");
            x.Each("performanceMetrics", card.Metrics, Metric);
            x.End();
        }
        if (card.Considerations is { } considerations)
        {
            Considerations(considerations);
        }
        x.Properties(card.Properties);
        x.End();
    }

    private void Metric(SbomMetric metric)
    {
        x.Begin("performanceMetric");
        x.Element("type", metric.Type);
        x.Element("value", metric.Value);
        x.Element("slice", metric.Slice);
        x.End();
    }

    private void Considerations(SbomConsiderations considerations)
    {
        x.Begin("considerations");
        x.Each("users", considerations.Users, user => x.Element("user", user));
        x.Each("useCases", considerations.UseCases, use => x.Element("useCase", use));
        x.Each("technicalLimitations", considerations.TechnicalLimitations, limit => x.Element("technicalLimitation", limit));
        x.Each("performanceTradeoffs", considerations.PerformanceTradeoffs, tradeoff => x.Element("performanceTradeoff", tradeoff));
        x.Each(
            "ethicalConsiderations",
            considerations.EthicalConsiderations,
            risk =>
            {
                x.Begin("ethicalConsideration");
                x.Element("name", risk.Name);
                x.Element("mitigationStrategy", risk.Mitigation);
                x.End();
            }
        );
        if (considerations.EnergyConsumptions.Count > 0)
        {
            x.Begin("environmentalConsiderations");
            x.Each("energyConsumptions", considerations.EnergyConsumptions, Energy);
            x.End();
        }
        x.Each(
            "fairnessAssessments",
            considerations.FairnessAssessments,
            fairness =>
            {
                x.Begin("fairnessAssessment");
                x.Element("groupAtRisk", fairness.Group);
                x.Element("benefits", fairness.Benefits);
                x.Element("harms", fairness.Harms);
                x.Element("mitigationStrategy", fairness.Mitigation);
                x.End();
            }
        );
        x.End();
    }

    private void Energy(SbomEnergy energy)
    {
        x.Begin("energyConsumption");
        x.Element("activity", energy.Activity);
        x.Begin("energyProviders");
        x.Organization("organization", energy.Provider);
        x.Element("energySource", energy.Source);
        Measure("energyProvided", energy.KilowattHours, "kWh");
        x.End();
        Measure("activityEnergyCost", energy.KilowattHours, "kWh");
        if (energy.TonnesOfCo2 is { } tonnes)
        {
            Measure("co2CostEquivalent", tonnes, "tCO2eq");
        }
        x.End();
    }

    private void Measure(string element, decimal value, string unit)
    {
        x.Begin(element);
        x.Element("value", W.Of(value));
        x.Element("unit", unit);
        x.End();
    }
}
