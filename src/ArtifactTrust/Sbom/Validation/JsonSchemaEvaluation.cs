using System.Globalization;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Holds one document against a schema.</summary>
/// <param name="onElementName">Told each string that names an element of the document, and where it is; possibly more than once.</param>
internal sealed class JsonSchemaEvaluation(Action<JsonPointer, string>? onElementName = null)
{
    private const int TextShown = 80;

    private long _steps;

    /// <summary>What is wrong with the document, the first <see cref="Limits.SbomErrors"/>.</summary>
    /// <exception cref="MalformedDataException">The document would take more steps than <see cref="Limits.SchemaSteps"/>.</exception>
    internal List<SbomError> Evaluate(JsonSchema schema, JsonElement document)
    {
        var errors = new List<SbomError>();
        Check(schema, document, JsonPointer.Root, errors);
        return errors.Count > Limits.SbomErrors ? errors[..Limits.SbomErrors] : errors;
    }

    /// <summary>Checks one value. Where nobody wants the errors (<paramref name="errors"/> is null), it stops at the first.</summary>
    private bool Check(JsonSchema schema, JsonElement value, JsonPointer at, List<SbomError>? errors)
    {
        if (++_steps > Limits.SchemaSteps)
        {
            throw new MalformedDataException("SBOM", "$", $"checking it takes more than {Limits.SchemaSteps} steps");
        }
        if (schema.Always is { } always)
        {
            return always || Fail(errors, at, "nothing is allowed here");
        }
        if (schema.IsElementName && value.ValueKind == JsonValueKind.String)
        {
            onElementName?.Invoke(at, value.GetString()!);
        }
        var ok =
            schema.Types is not { } types
            || types.Any(t => IsOfType(value, t))
            || Fail(errors, at, $"{string.Join(" or ", types)} is expected, not {Kind(value)}");
        if (!ok)
        {
            // What else the schema asks is about values of its type.
            return false;
        }
        ok &= schema.Reference is null || Check(schema.Reference, value, at, errors);
        if (!ok && errors is null)
        {
            return false;
        }
        ok &= Values(schema, value, at, errors);
        ok = (ok || errors is not null) && ok & Combined(schema, value, at, errors);
        if (!ok && errors is null)
        {
            return false;
        }
        return value.ValueKind switch
        {
            JsonValueKind.Object => Members(schema, value, at, errors) & NoOthers(schema, value, at, errors) && ok,
            JsonValueKind.Array => Elements(schema, value, at, errors) && ok,
            JsonValueKind.String => Text(schema, value.GetString()!, at, errors) && ok,
            JsonValueKind.Number => Number(schema, value, at, errors) && ok,
            _ => ok,
        };
    }

    private static bool Values(JsonSchema schema, JsonElement value, JsonPointer at, List<SbomError>? errors)
    {
        if (schema.Const is { } expected && !JsonElement.DeepEquals(expected, value))
        {
            return Fail(errors, at, $"{expected.GetRawText()} is expected");
        }
        if (schema.EnumTexts is { } texts)
        {
            return value.ValueKind == JsonValueKind.String && texts.Contains(value.GetString()!)
                || Fail(errors, at, NotOneOf(schema, value));
        }
        return schema.Enum is not { } values
            || values.Any(v => JsonElement.DeepEquals(v, value))
            || Fail(errors, at, NotOneOf(schema, value));
    }

    private bool Combined(JsonSchema schema, JsonElement value, JsonPointer at, List<SbomError>? errors)
    {
        var ok = true;
        foreach (var part in schema.AllOf ?? [])
        {
            ok &= Check(part, value, at, errors);
            if (!ok && errors is null)
            {
                return false;
            }
        }
        if (schema.AnyOf is { } any && !any.For(value).Any(a => Check(a, value, at, null)))
        {
            ok = Closest(any, value, at, errors);
        }
        if (schema.OneOf is { } one)
        {
            var matching = one.For(value).Count(o => Check(o, value, at, null));
            ok &=
                matching == 1
                || (
                    matching == 0
                        ? Closest(one, value, at, errors)
                        : Fail(
                            errors,
                            at,
                            string.Create(CultureInfo.InvariantCulture, $"{matching} of the alternatives fit, where one may")
                        )
                );
        }
        if (schema.Not is { } not && Check(not, value, at, null))
        {
            ok = Fail(
                errors,
                at,
                not.Required.Count > 0
                    ? $"not allowed together: {string.Join(", ", not.Required)}"
                    : "the value is of a kind that is not allowed here"
            );
        }
        if (schema.If is { } condition)
        {
            var branch = Check(condition, value, at, null) ? schema.Then : schema.Else;
            ok &= branch is null || Check(branch, value, at, errors);
        }
        return ok;
    }

    /// <summary>Tells the errors of the alternative that fails latest: the one that was most likely meant.</summary>
    private bool Closest(JsonAlternatives all, JsonElement value, JsonPointer at, List<SbomError>? errors)
    {
        if (errors is null)
        {
            return false;
        }
        var alternatives = all.For(value);
        if (all.TypesExpected(value) is { } types)
        {
            var type = value.GetProperty("type").GetString()!;
            return Fail(
                errors,
                at.Member("type"),
                $"'{Shown(type)}' is not one of the {types.Count} types known{Spelling.Hint(type, types)}"
            );
        }
        List<SbomError>? best = null;
        foreach (var alternative in alternatives)
        {
            var own = new List<SbomError>();
            Check(alternative, value, at, own);
            // Errors deeper in the value mean that the alternative fitted further.
            if (best is null || Depth(own) > Depth(best) || Depth(own) == Depth(best) && own.Count < best.Count)
            {
                best = own;
            }
        }
        if (best is null || best.TrueForAll(e => e.Location == at.ToString()))
        {
            return Fail(
                errors,
                at,
                $"none of the {alternatives.Count} alternatives fits: {string.Join("; or ", alternatives.Select(a => Reasons(a, value, at)).Distinct())}"
            );
        }
        errors.AddRange(best.Take(Limits.SbomErrors));
        return false;
    }

    private string Reasons(JsonSchema alternative, JsonElement value, JsonPointer at)
    {
        var own = new List<SbomError>();
        Check(alternative, value, at, own);
        return own.Count == 0 ? alternative.Name : own[0].Reason;
    }

    private static int Depth(List<SbomError> errors) => errors.Count == 0 ? 0 : errors.Min(e => e.Location.Count(c => c == '/'));

    private bool Members(JsonSchema schema, JsonElement value, JsonPointer at, List<SbomError>? errors)
    {
        var ok = true;
        foreach (var required in schema.Required)
        {
            if (!value.TryGetProperty(required, out _))
            {
                ok = Fail(errors, at, $"'{required}' is required");
            }
        }
        if (schema.Properties is null && schema.AdditionalProperties is null)
        {
            return ok;
        }
        foreach (var member in value.EnumerateObject())
        {
            if (!ok && errors is null)
            {
                return false;
            }
            if (schema.Properties?.GetValueOrDefault(member.Name) is { } known)
            {
                ok &= Check(known, member.Value, at.Member(member.Name), errors);
            }
            else if (schema.AdditionalProperties is { Always: false })
            {
                ok = Fail(
                    errors,
                    at.Member(member.Name),
                    $"there is no member of this name here{Spelling.Hint(member.Name, [.. schema.Properties?.Keys ?? []])}"
                );
            }
            else if (schema.AdditionalProperties is { } other)
            {
                ok &= Check(other, member.Value, at.Member(member.Name), errors);
            }
        }
        return ok;
    }

    /// <summary>Refuses members that no part of the schema speaks of, where the schema asks that.</summary>
    private bool NoOthers(JsonSchema schema, JsonElement value, JsonPointer at, List<SbomError>? errors)
    {
        if (schema.UnevaluatedProperties is not false)
        {
            return true;
        }
        var known = new HashSet<string>(StringComparer.Ordinal);
        if (!Known(schema, value, at, known))
        {
            return true;
        }
        var ok = true;
        foreach (var member in value.EnumerateObject().Where(m => !known.Contains(m.Name)))
        {
            ok = Fail(errors, at.Member(member.Name), $"there is no member of this name here{Spelling.Hint(member.Name, known)}");
        }
        return ok;
    }

    /// <summary>Collects the members that the parts of a schema speak of which fit the value; false where that is every member.</summary>
    /// <remarks>No schema here has <c>if</c> where it asks for this, and it is not looked into.</remarks>
    private bool Known(JsonSchema schema, JsonElement value, JsonPointer at, HashSet<string> known)
    {
        if (schema.AdditionalProperties is not null || schema.UnevaluatedProperties is true)
        {
            return false;
        }
        known.UnionWith(schema.Properties?.Keys ?? []);
        if (schema.Reference is { } reference && !Known(reference, value, at, known))
        {
            return false;
        }
        foreach (var part in schema.AllOf ?? [])
        {
            if (!Known(part, value, at, known))
            {
                return false;
            }
        }
        foreach (var alternatives in (ReadOnlySpan<JsonAlternatives?>)[schema.AnyOf, schema.OneOf])
        {
            if (alternatives is null)
            {
                continue;
            }
            var fitting = alternatives.For(value);
            // The only one of a type is the one that was meant, even where the value does not fit it: its errors are told elsewhere.
            if (fitting.Count > 1 || alternatives.TypesExpected(value) is not null)
            {
                fitting = [.. fitting.Where(a => Check(a, value, at, null))];
            }
            if (fitting.Count == 0)
            {
                // Why none fits is told already.
                return false;
            }
            foreach (var alternative in fitting)
            {
                if (!Known(alternative, value, at, known))
                {
                    return false;
                }
            }
        }
        return true;
    }

    private bool Elements(JsonSchema schema, JsonElement value, JsonPointer at, List<SbomError>? errors)
    {
        var count = value.GetArrayLength();
        var ok = count >= (schema.MinItems ?? 0) || Fail(errors, at, $"{count} elements; at least {schema.MinItems} are expected");
        ok &= count <= (schema.MaxItems ?? int.MaxValue) || Fail(errors, at, $"{count} elements; at most {schema.MaxItems} are expected");
        if (schema.UniqueItems && count > 1)
        {
            var seen = new HashSet<JsonElement>(count, JsonValueComparer.Instance);
            var index = 0;
            foreach (var element in value.EnumerateArray())
            {
                ok &= seen.Add(element) || Fail(errors, at.Element(index), "the same element is there already");
                index++;
            }
        }
        if (schema.Items is null && schema.TupleItems.Count == 0)
        {
            return ok;
        }
        var i = 0;
        foreach (var element in value.EnumerateArray())
        {
            if (!ok && errors is null || errors?.Count > Limits.SbomErrors)
            {
                return false;
            }
            var part = i < schema.TupleItems.Count ? schema.TupleItems[i] : schema.Items;
            ok &= part is null || Check(part, element, at.Element(i), errors);
            i++;
        }
        return ok;
    }

    private static bool Text(JsonSchema schema, string text, JsonPointer at, List<SbomError>? errors)
    {
        var ok = true;
        if (schema.MinLength is not null || schema.MaxLength is not null)
        {
            var length = text.EnumerateRunes().Count();
            ok &= length >= (schema.MinLength ?? 0) || Fail(errors, at, $"{length} characters; at least {schema.MinLength} are expected");
            ok &=
                length <= (schema.MaxLength ?? int.MaxValue)
                || Fail(errors, at, $"{length} characters; at most {schema.MaxLength} are expected");
        }
        ok &=
            schema.Pattern is null
            || schema.Pattern.IsMatch(text) && schema.PatternExcluded?.IsMatch(text) != true
            || Fail(errors, at, $"'{Shown(text)}' does not match {schema.PatternText}");
        return (JsonFormats.Error(schema.Format, text) is not { } error || Fail(errors, at, $"'{Shown(text)}': {error}")) && ok;
    }

    private static bool Number(JsonSchema schema, JsonElement value, JsonPointer at, List<SbomError>? errors)
    {
        if (schema.Minimum is null && schema.Maximum is null)
        {
            return true;
        }
        // A number outside of decimal is far outside of every bound there is.
        var number =
            value.TryGetDecimal(out var exact) ? exact
            : value.GetDouble() < 0 ? decimal.MinValue
            : decimal.MaxValue;
        var ok = number >= (schema.Minimum ?? decimal.MinValue) || Fail(errors, at, $"at least {schema.Minimum} is expected");
        return (number <= (schema.Maximum ?? decimal.MaxValue) || Fail(errors, at, $"at most {schema.Maximum} is expected")) && ok;
    }

    private static bool Fail(List<SbomError>? errors, JsonPointer at, string reason)
    {
        if (errors is not null && errors.Count <= Limits.SbomErrors)
        {
            errors.Add(new SbomError(at.ToString(), reason));
        }
        return false;
    }

    private static string NotOneOf(JsonSchema schema, JsonElement value)
    {
        var known = schema.EnumTexts;
        var shown = value.ValueKind == JsonValueKind.String ? $"'{Shown(value.GetString()!)}'" : Kind(value);
        return known is null || known.Count > 30
            ? $"{shown} is not one of the {schema.Enum!.Count} values known{(known is null || value.ValueKind != JsonValueKind.String ? "" : Spelling.Hint(value.GetString()!, known))}"
            : $"{shown} is not one of {string.Join(", ", known)}";
    }

    private static string Shown(string text) => Reading.FileText.Clean(text.Length <= TextShown ? text : text[..TextShown] + "…")!;

    private static bool IsOfType(JsonElement value, string type) =>
        type switch
        {
            "object" => value.ValueKind == JsonValueKind.Object,
            "array" => value.ValueKind == JsonValueKind.Array,
            "string" => value.ValueKind == JsonValueKind.String,
            "number" => value.ValueKind == JsonValueKind.Number,
            "integer" => value.ValueKind == JsonValueKind.Number && IsWhole(value),
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "null" => value.ValueKind == JsonValueKind.Null,
            _ => false,
        };

    private static bool IsWhole(JsonElement value) =>
        value.TryGetInt64(out _) || value.TryGetDouble(out var number) && double.IsFinite(number) && number == Math.Floor(number);

    private static string Kind(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            JsonValueKind.Null => "null",
            _ => "boolean",
        };
}
