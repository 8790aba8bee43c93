using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Signing.Fulcio;

/// <summary>Gets a certificate for a new key from one certificate authority.</summary>
/// <remarks>Spec: Fulcio API v2, fulcio.proto, CreateSigningCertificate.</remarks>
internal sealed class FulcioClient(ServiceClient client, Uri service)
{
    private const string Format = "Fulcio answer";
    private const SigningServiceKind Kind = SigningServiceKind.CertificateAuthority;

    private readonly Uri _url = ServiceClient.Address(service, "/api/v2/signingCert");

    /// <summary>Makes a key and gets its certificate.</summary>
    /// <param name="token">The identity token, as its issuer signed it.</param>
    /// <param name="proofSubject">What the key signs to prove that whoever has the token has the key too: the e-mail address, or the subject.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal async Task<Credential> IssueAsync(string token, string proofSubject, CancellationToken cancellation)
    {
        if (service.Scheme != Uri.UriSchemeHttps && !service.IsLoopback)
        {
            throw new SigningServiceException(
                Kind,
                _url,
                "an identity token is sent over https only",
                "give an https URL in the signing config"
            );
        }
        var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        try
        {
            var body = Request(key, proofSubject);
            var response = await client
                .PostAsync(Kind, _url, body, "application/json", token, Limits.CertificateAnswerBytes, cancellation)
                .ConfigureAwait(false);
            if (response.Status is not (HttpStatusCode.OK or HttpStatusCode.Created))
            {
                throw Refusal(response, token);
            }
            var certificate = ServiceClient.Read(Kind, _url, () => Leaf(response.Body));
            try
            {
                return ServiceClient.Read(Kind, _url, () => Credential.Ephemeral(key, certificate));
            }
            catch (ArgumentException e)
            {
                throw new SigningServiceException(Kind, _url, $"it issued a certificate that is of no use: {Reason(e)}", null, e);
            }
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private static byte[] Request(SigningKey key, string proofSubject)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("publicKeyRequest");
            writer.WriteStartObject("publicKey");
            writer.WriteString("algorithm", "ECDSA");
            writer.WriteString("content", key.PublicKey.ToPem());
            writer.WriteEndObject();
            writer.WriteBase64String("proofOfPossession", key.Sign(Encoding.UTF8.GetBytes(proofSubject)));
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The signer's certificate, DER. The authority's own come from the trusted root alone.</summary>
    private static byte[] Leaf(ReadOnlyMemory<byte> body)
    {
        var json = StrictJson.Parse(body, Format, Limits.CertificateAnswerBytes);
        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("signedCertificateDetachedSct", out _))
        {
            throw new MalformedDataException(
                Format,
                "$.signedCertificateDetachedSct",
                "the certificate lacks its certificate log's timestamp, which bundles have no place for beside it"
            );
        }
        StrictJson.CheckMembers(json, Format, "$", "signedCertificateEmbeddedSct");
        var signed = StrictJson.RequiredObject(json, "signedCertificateEmbeddedSct", Format, "$");
        const string at = "$.signedCertificateEmbeddedSct";
        StrictJson.CheckMembers(signed, Format, at, "chain");
        var chain = StrictJson.RequiredObject(signed, "chain", Format, at);
        StrictJson.CheckMembers(chain, Format, $"{at}.chain", "certificates");
        var certificates = StrictJson.RequiredArray(chain, "certificates", Format, $"{at}.chain", Limits.CertificatesPerBundle);
        if (certificates.GetArrayLength() == 0 || certificates[0].ValueKind != JsonValueKind.String)
        {
            throw new MalformedDataException(Format, $"{at}.chain.certificates", "PEM certificates are expected");
        }
        var (label, der) = Pem.DecodeSingle(certificates[0].GetString()!, Format);
        return label == "CERTIFICATE"
            ? der
            : throw new MalformedDataException(Format, $"{at}.chain.certificates[0]", $"'CERTIFICATE' is expected, not '{label}'");
    }

    private SigningServiceException Refusal(BoundedResponse response, string token)
    {
        // A gateway or proxy on the way answers 403 too; only the authority itself answers with one of gRPC's codes for it.
        var isRejected =
            response.Status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
            && ServiceError.Read(response.Body) is { Code: 3 or 7 or 16 };
        return ServiceClient.Refused(Kind, _url, response, token, isRejected);
    }

    private static string Reason(ArgumentException e) => e.Message.Replace($" (Parameter '{e.ParamName}')", "", StringComparison.Ordinal);
}
