using ArtifactTrust.Bundles;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

/// <summary>Registries that know nothing of OCI 1.1.</summary>
public sealed class RegistryRefusalTests : RegistryTest
{
    private const string SignType = "https://sigstore.dev/cosign/sign/v1";

    [Theory]
    [InlineData("\"artifactType\"", "MANIFEST_INVALID", true)]
    [InlineData("\"artifactType\"", "UNSUPPORTED", true)]
    [InlineData("\"subject\"", "MANIFEST_INVALID", false)]
    public async Task A_registry_that_refuses_a_member_gets_evidence_without_it_and_the_user_is_told(
        string member,
        string code,
        bool keepsSubject
    )
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        Refuse(member, code);
        var told = new List<string>();
        var client = Client(
            Registry.Host,
            Own(RegistryClient.CreateHttpClient()),
            new RegistryOptions { Notice = told.Add, SettleTime = TimeSpan.Zero }
        );
        var evidence = new EvidenceStore(client, TimeProvider.System);
        var pushed = await evidence.AttachAsync(image.Descriptor, "{\"a\":1}"u8.ToArray(), SignType);
        var listing = await evidence.ListBundlesAsync(image.Descriptor.Digest);
        var found = Assert.Single(listing.Bundles);
        Assert.Equal((pushed.Digest, SignType), (found.Manifest, found.Annotations[EvidenceStore.PredicateTypeAnnotation]));
        Assert.Contains(Registry.Host, Assert.Single(told), StringComparison.Ordinal);
        var manifest = (await client.GetManifestAsync(pushed.Digest)).ToImageManifest();
        Assert.Equal(OciMediaTypes.SigstoreBundle, manifest.EffectiveArtifactType);
        Assert.Equal(keepsSubject, manifest.Subject is not null);
        var listed = Assert.Single(await client.ListReferrersAsync(image.Descriptor.Digest));
        Assert.Equal(
            (OciMediaTypes.SigstoreBundle, SignType),
            (listed.ArtifactType, listed.Annotations[EvidenceStore.PredicateTypeAnnotation])
        );
    }

    [Fact]
    public async Task A_legacy_referrer_whose_subject_is_refused_is_stored_without()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        Refuse("\"subject\"", "MANIFEST_INVALID");
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        await evidence.AttachLegacyAsync(image.Descriptor, LegacySignature.OfImage("{}"u8.ToArray(), "s"u8), asReferrer: true);
        Assert.Single((await evidence.ListBundlesAsync(image.Descriptor.Digest)).Legacy);
    }

    [Theory]
    [InlineData(400, "MANIFEST_BLOB_UNKNOWN")]
    [InlineData(400, "NAME_INVALID")]
    [InlineData(401, "UNAUTHORIZED")]
    [InlineData(403, "DENIED")]
    [InlineData(413, "SIZE_INVALID")]
    public async Task Another_refusal_is_an_error_at_once(int status, string code)
    {
        var image = Registry.AddImage("v1");
        Registry.Intercept = r =>
            r.Method == "PUT" && r.Path.Contains("/manifests/", StringComparison.Ordinal) ? TestResponse.Error(status, code) : null;
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        var e = await Assert.ThrowsAsync<RegistryException>(() => evidence.AttachAsync(image.Descriptor, "{}"u8.ToArray(), SignType));
        Assert.Equal((status, code), ((int)e.Status!, e.Code));
        Assert.Equal(1, Registry.Count("PUT", "/manifests/"));
    }

    [Fact]
    public async Task A_manifest_that_a_registry_judged_while_another_wrote_is_sent_again()
    {
        var image = Registry.AddImage("v1");
        var refused = 0;
        Registry.Intercept = r =>
            r.Method == "PUT" && r.Path.Contains("/manifests/", StringComparison.Ordinal) && refused++ < 2
                ? TestResponse.Error(400, "DIGEST_INVALID")
                : null;
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        await evidence.AttachAsync(image.Descriptor, "{}"u8.ToArray(), SignType);
        Assert.Single((await evidence.ListBundlesAsync(image.Descriptor.Digest)).Bundles);
    }

    [Fact]
    public async Task A_registry_that_refuses_every_form_is_an_error()
    {
        var image = Registry.AddImage("v1");
        Registry.Intercept = r =>
            r.Method == "PUT" && r.Path.Contains("/manifests/", StringComparison.Ordinal)
                ? TestResponse.Error(400, "MANIFEST_INVALID")
                : null;
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        var e = await Assert.ThrowsAsync<RegistryException>(() => evidence.AttachAsync(image.Descriptor, "{}"u8.ToArray(), SignType));
        Assert.Equal("MANIFEST_INVALID", e.Code);
        Assert.Equal(3, Registry.Count("PUT", "/manifests/"));
    }

    private void Refuse(string member, string code) =>
        Registry.Intercept = r =>
            r.Method == "PUT"
            && r.Path.Contains("/manifests/sha256:", StringComparison.Ordinal)
            && System.Text.Encoding.UTF8.GetString(r.Body).Contains(member, StringComparison.Ordinal)
            && !(
                member == "\"artifactType\""
                && !System.Text.Encoding.UTF8.GetString(r.Body).Contains("}],\"annotations\"", StringComparison.Ordinal)
            )
                ? TestResponse.Error(400, code)
                : null;
}
