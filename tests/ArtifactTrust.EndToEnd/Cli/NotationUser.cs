using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;
using ArtifactTrust.Tests.Notation;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Who signs images with the real notation: an authority with its root in <c>root.pem</c>, keys, and notation's own configuration.</summary>
internal sealed class NotationUser
{
    private const string Extensions = """
        [root]
        basicConstraints=critical,CA:true
        keyUsage=critical,keyCertSign,cRLSign
        [leaf]
        basicConstraints=CA:false
        keyUsage=critical,digitalSignature
        extendedKeyUsage=codeSigning
        [revocable]
        basicConstraints=CA:false
        keyUsage=critical,digitalSignature
        crlDistributionPoints=URI:http://crl.example.invalid/ca.crl
        """;

    private readonly Scene _scene;

    internal NotationUser(Scene scene)
    {
        _scene = scene;
        scene.Write("ext.cnf", Extensions);
        scene.Shell("openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root.key");
        scene.Shell("openssl req -new -key root.key -subj '/C=DE/ST=Berlin/O=Example/CN=root' -out root.csr");
        scene.Shell("openssl x509 -req -in root.csr -key root.key -days 30 -extfile ext.cnf -extensions root -out root.pem");
        scene.Shell("mkdir -p notation/truststore/x509/ca/example && cp root.pem notation/truststore/x509/ca/example/");
    }

    internal void AddKey(string name, string kind = "P-256", string extensions = "leaf")
    {
        var options = kind.StartsWith("RSA", StringComparison.Ordinal)
            ? $"-algorithm RSA -pkeyopt rsa_keygen_bits:{kind[4..]}"
            : $"-algorithm EC -pkeyopt ec_paramgen_curve:{kind}";
        _scene.Shell($"openssl genpkey -quiet {options} -out {name}.pem.key");
        _scene.Shell($"openssl req -new -key {name}.pem.key -subj '/C=DE/ST=Berlin/O=Example/CN={name}' -out {name}.csr");
        _scene.Shell(
            $"openssl x509 -req -in {name}.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile ext.cnf -extensions {extensions} -out {name}.leaf && cat {name}.leaf root.pem > {name}.chain"
        );
    }

    /// <summary>Tells notation of keys, in place of those it knows.</summary>
    internal void UseKeys(params string[] names) =>
        _scene.Write(
            "notation/signingkeys.json",
            $$"""
            {"keys":[{{string.Join(
                ',',
                names.Select(n =>
                    $$"""{"name":"{{n}}","keyPath":"{{_scene.At($"{n}.pem.key")}}","certPath":"{{_scene.At($"{n}.chain")}}"}"""
                )
            )}}]}
            """
        );

    internal void Sign(string image, string key, string format, params string[] more) =>
        Notation(["sign", "--insecure-registry", "--signature-format", format, "--key", key, .. more, image]);

    internal void Notation(params string[] arguments)
    {
        var ended = Run(arguments);
        Assert.True(ended.ExitCode == 0, $"{string.Join(' ', arguments)}: {ended}");
    }

    /// <summary>Whether notation itself verifies the image.</summary>
    internal bool Accepts(string image) => Run("verify", "--insecure-registry", image).ExitCode == 0;

    private Ended Run(params string[] arguments) =>
        Tool.Execute(
            _scene.Folder,
            new Dictionary<string, string?> { ["XDG_CONFIG_HOME"] = _scene.Folder, ["HOME"] = _scene.Folder },
            "",
            [Peers.Find("notation"), .. arguments]
        );

    /// <summary>Pushes an image of one layer.</summary>
    /// <returns>Its name by digest.</returns>
    internal async Task<string> PushAsync(string name, string content = "the blob")
    {
        _scene.Write("blob", $"{content}\n");
        _scene.Shell("tar -cf layer.tar blob");
        await Peers.RequireAsync(_scene.Folder, "crane", "append", "-f", "layer.tar", "-t", $"{name}:1");
        return $"{name}@{await Peers.RequireAsync(_scene.Folder, "crane", "digest", $"{name}:1")}";
    }

    /// <summary>Nobody else writes at the same time.</summary>
    private static RegistryOptions Alone { get; } = new() { SettleTime = TimeSpan.Zero };

    /// <summary>Puts a signature beside an image, as notation does.</summary>
    internal static async Task AttachAsync(string image, bool jws, Func<StoredManifest, NotationDraft> sign)
    {
        using var http = RegistryClient.CreateHttpClient();
        using var client = new RegistryClient(http, Repository(image), Alone);
        var manifest = await client.GetManifestAsync(DigestOf(image));
        var envelope = sign(manifest).Build(jws);
        var signature = new ImageManifest(
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.cncf.notary.signature",
            await client.PushBlobAsync("application/vnd.oci.empty.v1+json", "{}"u8.ToArray()),
            [await client.PushBlobAsync(jws ? "application/jose+json" : "application/cose", envelope)],
            manifest.Descriptor,
            new Dictionary<string, string>()
        );
        await client.PushManifestAsync(signature.ToUtf8Bytes());
    }

    /// <summary>Puts the signatures of one image beside another one of the repository, in manifests that say they are about that one.</summary>
    internal static async Task MoveSignaturesAsync(string from, string to)
    {
        using var http = RegistryClient.CreateHttpClient();
        using var client = new RegistryClient(http, Repository(from), Alone);
        var subject = (await client.GetManifestAsync(DigestOf(to))).Descriptor;
        foreach (var referrer in await client.ListReferrersAsync(DigestOf(from)))
        {
            var manifest = (await client.GetManifestAsync(referrer.Digest)).ToImageManifest();
            await client.PushManifestAsync((manifest with { Subject = subject }).ToUtf8Bytes());
        }
    }

    private static RegistryReference Repository(string image)
    {
        var slash = image.IndexOf('/', StringComparison.Ordinal);
        return new RegistryReference(image[..slash], image[(slash + 1)..].Split('@')[0]);
    }

    private static Digest DigestOf(string image) => Digest.Parse(image.Split('@')[1]);
}
