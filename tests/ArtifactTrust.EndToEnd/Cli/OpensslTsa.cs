using System.Net;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>A time-stamp authority on loopback, below an intermediate authority and a root: the certificates and the answers are OpenSSL's.</summary>
internal sealed class OpensslTsa : IDisposable
{
    private const string Configuration = """
        [root]
        basicConstraints=critical,CA:true
        keyUsage=critical,keyCertSign,cRLSign
        [tsa]
        basicConstraints=CA:false
        keyUsage=critical,digitalSignature
        extendedKeyUsage=critical,timeStamping
        [own]
        serial=tsa.serial
        default_policy=1.2.3.4.1
        digests=sha256,sha384,sha512
        signer_digest=sha256
        ess_cert_id_alg=sha256
        """;

    private readonly HttpListener _listener = new();
    private readonly Scene _scene;

    internal OpensslTsa(Scene scene)
    {
        _scene = scene;
        scene.Write("tsa.cnf", Configuration);
        scene.Write("tsa.serial", "01\n");
        foreach (var name in (string[])["tsa-root", "tsa-between", "tsa"])
        {
            scene.Shell($"openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {name}.key");
            scene.Shell($"openssl req -new -key {name}.key -subj '/C=DE/ST=Berlin/O=Stamps/CN={name}' -out {name}.csr");
        }
        scene.Shell("openssl x509 -req -in tsa-root.csr -key tsa-root.key -days 30 -extfile tsa.cnf -extensions root -out tsa-root.pem");
        Issue("tsa-between", "tsa-root", "root");
        Issue("tsa", "tsa-between", "tsa");
        Url = $"http://127.0.0.1:{LoopbackPort.Free()}/";
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _ = ServeAsync();
    }

    internal string Url { get; }

    public void Dispose() => _listener.Close();

    private void Issue(string name, string by, string extensions) =>
        _scene.Shell(
            $"openssl x509 -req -in {name}.csr -CA {by}.pem -CAkey {by}.key -CAcreateserial -days 20 -extfile tsa.cnf -extensions {extensions} -out {name}.pem"
        );

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using (var query = File.Create(_scene.At("query.tsq")))
                {
                    await context.Request.InputStream.CopyToAsync(query);
                }
                _scene.Shell(
                    "openssl ts -reply -config tsa.cnf -section own -queryfile query.tsq -signer tsa.pem -inkey tsa.key -chain tsa-between.pem -out reply.tsr"
                );
                context.Response.ContentType = "application/timestamp-reply";
                await context.Response.OutputStream.WriteAsync(await File.ReadAllBytesAsync(_scene.At("reply.tsr")));
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
