using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Notation;

namespace ArtifactTrust.Cli.Commands;

/// <summary>Shows what an envelope of the Notary Project claims. Nothing of it is verified.</summary>
internal static class NotationClaims
{
    /// <summary>Writes what an envelope claims as a member of a JSON object.</summary>
    internal static void Write(Utf8JsonWriter writer, NotationSignature signature)
    {
        writer.WriteStartObject("notation");
        writer.WriteString("mediaType", signature.MediaType);
        writer.WriteString("digest", signature.Digest.ToString());
        writer.WriteString("algorithm", signature.Algorithm);
        writer.WriteString("signingScheme", signature.SigningScheme);
        WriteTime(writer, "signingTime", signature.SigningTime);
        WriteTime(writer, "expiry", signature.Expiry);
        writer.WriteBoolean("timestamped", signature.HasTimestamp);
        if (signature.SigningAgent is { } agent)
        {
            writer.WriteString("signingAgent", agent);
        }
        writer.WriteStartArray("certificates");
        foreach (var certificate in signature.Certificates)
        {
            writer.WriteStartObject();
            writer.WriteString("subject", certificate.Subject);
            writer.WriteString("issuer", certificate.Issuer);
            writer.WriteString("fingerprint", certificate.Fingerprint.ToString());
            WriteTime(writer, "notBefore", certificate.NotBefore);
            WriteTime(writer, "notAfter", certificate.NotAfter);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>What an envelope claims, in lines.</summary>
    internal static IEnumerable<string> Lines(NotationSignature signature)
    {
        yield return $"claims signer {signature.Certificates[0].Subject}";
        yield return $"{signature.Algorithm}, {signature.SigningScheme}, envelope {signature.MediaType}";
        yield return $"signed {Text(signature.SigningTime)}{(signature.Expiry is { } end ? $", to be used until {Rfc3339.Format(end)}" : "")}{(signature.HasTimestamp ? ", time-stamped" : "")}";
        foreach (var certificate in signature.Certificates)
        {
            yield return $"certificate {certificate.Fingerprint} of {certificate.Subject} by {certificate.Issuer}";
        }
    }

    private static void WriteTime(Utf8JsonWriter writer, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            writer.WriteString(name, Rfc3339.Format(known));
        }
    }

    private static string Text(DateTimeOffset? time) => time is { } known ? Rfc3339.Format(known) : "at no time it says";
}
