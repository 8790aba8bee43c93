using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using ArtifactTrust.Formats;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Signing.Timestamping;

/// <summary>Asks one time-stamp authority.</summary>
/// <remarks>Spec: RFC 3161 §2.4, §3.4.</remarks>
internal sealed class TimestampClient(ServiceClient client, Uri service)
{
    private const SigningServiceKind Kind = SigningServiceKind.TimestampAuthority;
    private const int NonceBytes = 8;

    /// <summary>Gets a response with a token over the signature.</summary>
    /// <param name="signature">The raw signature.</param>
    /// <param name="authorities">Who is trusted; a token by anybody else would not count.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The response, DER.</returns>
    internal async Task<ReadOnlyMemory<byte>> StampAsync(
        ReadOnlyMemory<byte> signature,
        IReadOnlyList<CertificateAuthority> authorities,
        CancellationToken cancellation
    )
    {
        var request = Rfc3161TimestampRequest.CreateFromHash(
            SHA256.HashData(signature.Span),
            HashAlgorithmName.SHA256,
            nonce: RandomNumberGenerator.GetBytes(NonceBytes),
            requestSignerCertificates: true
        );
        var answer = await client
            .PostAsync(Kind, service, request.Encode(), "application/timestamp-query", null, Limits.TimestampBytes, cancellation)
            .ConfigureAwait(false);
        if (answer.Status is not (HttpStatusCode.OK or HttpStatusCode.Created))
        {
            throw ServiceClient.Refused(Kind, service, answer);
        }
        try
        {
            // Compares status, nonce and imprint with the request.
            request.ProcessResponse(answer.Body, out var consumed);
            if (consumed != answer.Body.Length)
            {
                throw new MalformedDataException("time-stamp response", $"byte {consumed}", "something follows the response");
            }
            var verdict = TimestampToken.Parse(answer.Body, "answer").Verify(signature.Span, authorities);
            return verdict.Time is not null
                ? answer.Body
                : throw new SigningServiceException(
                    Kind,
                    service,
                    $"its token does not verify: {verdict.Problem}",
                    "do the signing config and the trusted root belong to one instance?"
                );
        }
        catch (CryptographicException e)
        {
            throw new SigningServiceException(
                Kind,
                service,
                $"its answer is none to what was asked: {ServiceClient.Clean(e.Message)}",
                ServiceClient.NotTheService,
                e
            );
        }
        catch (MalformedDataException e)
        {
            throw new SigningServiceException(
                Kind,
                service,
                $"its answer cannot be read: {ServiceClient.Clean(e.Message)}",
                ServiceClient.NotTheService,
                e
            );
        }
    }
}
