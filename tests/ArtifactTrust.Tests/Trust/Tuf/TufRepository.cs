using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Trust.Tuf;

/// <summary>A TUF repository in memory that can also do what no honest one does.</summary>
internal sealed class TufRepository
{
    internal static readonly string[] TopLevel = ["root", "timestamp", "snapshot", "targets"];

    private readonly Dictionary<string, JsonObject> _roles = new(StringComparer.Ordinal);

    internal TufRepository(SignatureAlgorithm? algorithm = null)
    {
        foreach (var role in TopLevel)
        {
            Signers[role] = [SigningKey.Generate(algorithm ?? SignatureAlgorithm.EcdsaP256)];
            _roles[role] = Body(role);
        }
        Root["consistent_snapshot"] = true;
        Timestamp["meta"] = new JsonObject { ["snapshot.json"] = new JsonObject { ["version"] = 1 } };
        Snapshot["meta"] = new JsonObject { ["targets.json"] = new JsonObject { ["version"] = 1 } };
        WriteKeys();
        Publish(TopLevel);
        InitialRoot = Files["1.root.json"];
    }

    /// <summary>The files as the server has them, by URL path; tests change them.</summary>
    internal Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>The distributed files, by URL path.</summary>
    internal Dictionary<string, byte[]> TargetFiles { get; } = new(StringComparer.Ordinal);

    /// <summary>Who signs each role.</summary>
    internal Dictionary<string, List<SigningKey>> Signers { get; } = new(StringComparer.Ordinal);

    /// <summary>What was asked for, in order.</summary>
    internal List<string> Requests { get; } = [];

    /// <summary>Called before each request.</summary>
    internal Action<string>? OnRequest { get; set; }

    /// <summary>Whether lengths and hashes of metadata are listed.</summary>
    internal bool ListsHashes { get; set; }

    internal byte[] InitialRoot { get; }

    internal JsonObject Root => _roles["root"];

    internal JsonObject Timestamp => _roles["timestamp"];

    internal JsonObject Snapshot => _roles["snapshot"];

    internal JsonObject Targets => _roles["targets"];

    internal JsonObject this[string role] => _roles[role];

    internal Task<byte[]?> FetchMetadata(string path, long maximumBytes, CancellationToken cancellation) =>
        Fetch(Files, path, maximumBytes, cancellation);

    internal Task<byte[]?> FetchTarget(string path, long maximumBytes, CancellationToken cancellation) =>
        Fetch(TargetFiles, path, maximumBytes, cancellation);

    /// <summary>Writes the keys that sign into the root, with their thresholds as they are or 1.</summary>
    internal void WriteKeys()
    {
        var keys = new JsonObject();
        var roles = new JsonObject();
        foreach (var role in TopLevel)
        {
            foreach (var key in Signers[role])
            {
                keys[KeyId(key)] = KeyJson(key);
            }
            roles[role] = RoleJson(Signers[role], (int?)Root["roles"]?[role]?["threshold"] ?? 1);
        }
        Root["keys"] = keys;
        Root["roles"] = roles;
    }

    /// <summary>Raises the versions of the roles but for the first time, in the order given.</summary>
    internal void Update(params ReadOnlySpan<string> roles)
    {
        foreach (var role in roles)
        {
            _roles[role]["version"] = Version(role) + 1;
        }
        foreach (var role in roles)
        {
            if (role is not ("root" or "timestamp" or "snapshot"))
            {
                Publish(role);
            }
        }
        foreach (var role in (string[])["root", "snapshot", "timestamp"])
        {
            if (roles.Contains(role))
            {
                Publish(role);
            }
        }
    }

    /// <summary>Signs the roles and puts them on the server, listed by the snapshot or timestamp.</summary>
    internal void Publish(params ReadOnlySpan<string> roles)
    {
        foreach (var role in roles)
        {
            var bytes = Sign(role, _roles[role]);
            var version = Version(role);
            var name = Uri.EscapeDataString(role);
            Files[role == "timestamp" ? "timestamp.json" : $"{version}.{name}.json"] = bytes;
            Files[$"{name}.json"] = bytes;
            if (role is not ("root" or "timestamp"))
            {
                List(role, version, bytes);
            }
        }
    }

    internal void List(string role, long version, byte[] bytes)
    {
        var entry = new JsonObject { ["version"] = version };
        if (ListsHashes)
        {
            entry["length"] = bytes.Length;
            entry["hashes"] = new JsonObject { ["sha256"] = DigestAlgorithm.Sha256.Hash(bytes).Hex };
        }
        (role == "snapshot" ? Timestamp : Snapshot)["meta"]![$"{role}.json"] = entry;
    }

    internal byte[] Sign(string role, JsonObject body) => Sign(body, [.. Signers[role]]);

    internal static byte[] Sign(JsonObject body, params SigningKey[] signers)
    {
        var canonical = Canonical(body);
        var signatures = new JsonArray();
        foreach (var key in signers)
        {
            signatures.Add(new JsonObject { ["keyid"] = KeyId(key), ["sig"] = Convert.ToHexStringLower(key.Sign(canonical)) });
        }
        return Encoding.UTF8.GetBytes(new JsonObject { ["signatures"] = signatures, ["signed"] = body.DeepClone() }.ToJsonString());
    }

    /// <summary>Adds a file to a role's metadata and to the server.</summary>
    internal void AddTarget(string role, string path, string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        var hash = DigestAlgorithm.Sha256.Hash(bytes).Hex;
        _roles[role]["targets"]![path] = new JsonObject
        {
            ["length"] = bytes.Length,
            ["hashes"] = new JsonObject { ["sha256"] = hash },
        };
        var slash = path.LastIndexOf('/') + 1;
        TargetFiles[$"{path[..slash]}{hash}.{path[slash..]}"] = bytes;
    }

    /// <summary>Makes a role that another trusts for paths, and publishes neither.</summary>
    internal JsonObject Delegate(string from, string role, string[] paths, bool terminating = false)
    {
        if (!_roles.ContainsKey(role))
        {
            _roles[role] = Body(role);
            Signers[role] = [SigningKey.Generate(SignatureAlgorithm.EcdsaP256)];
        }
        _roles[from]["delegations"] ??= new JsonObject { ["keys"] = new JsonObject(), ["roles"] = new JsonArray() };
        var delegations = _roles[from]["delegations"]!;
        foreach (var key in Signers[role])
        {
            delegations["keys"]![KeyId(key)] = KeyJson(key);
        }
        var json = RoleJson(Signers[role], 1);
        json["name"] = role;
        json["terminating"] = terminating;
        json["paths"] = new JsonArray([.. paths.Select(p => (JsonNode)p)]);
        delegations["roles"]!.AsArray().Add(json);
        return json;
    }

    internal SigningKey AddSigner(string role)
    {
        var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        Signers[role].Add(key);
        return key;
    }

    /// <summary>Replaces a role's key.</summary>
    internal void Rotate(string role)
    {
        Signers[role] = [SigningKey.Generate(SignatureAlgorithm.EcdsaP256)];
        WriteKeys();
    }

    internal static string KeyId(SigningKey key) => DigestAlgorithm.Sha256.Hash(Canonical(KeyJson(key))).Hex;

    internal static JsonObject KeyJson(SigningKey key)
    {
        var (type, scheme) =
            key.Algorithm == SignatureAlgorithm.Ed25519 ? ("ed25519", "ed25519")
            : key.Algorithm == SignatureAlgorithm.RsaPss ? ("rsa", "rsassa-pss-sha256")
            : ("ecdsa", "ecdsa-sha2-nistp256");
        var value = type == "ed25519" ? Convert.ToHexStringLower(key.PublicKey.SubjectPublicKeyInfo.Span[^32..]) : key.PublicKey.ToPem();
        return new JsonObject
        {
            ["keytype"] = type,
            ["scheme"] = scheme,
            ["keyval"] = new JsonObject { ["public"] = value },
        };
    }

    private long Version(string role) => long.Parse(_roles[role]["version"]!.ToJsonString(), CultureInfo.InvariantCulture);

    private static JsonObject Body(string role)
    {
        var body = new JsonObject
        {
            ["_type"] = TopLevel.Contains(role) ? role : "targets",
            ["spec_version"] = "1.0.31",
            ["version"] = 1,
            ["expires"] = "2030-01-01T00:00:00Z",
        };
        if ((string)body["_type"]! == "targets")
        {
            body["targets"] = new JsonObject();
        }
        return body;
    }

    private static JsonObject RoleJson(List<SigningKey> keys, int threshold) =>
        new() { ["keyids"] = new JsonArray([.. keys.Select(k => (JsonNode)KeyId(k))]), ["threshold"] = threshold };

    private static byte[] Canonical(JsonObject body)
    {
        using var document = JsonDocument.Parse(body.ToJsonString());
        return CanonicalJson.Encode(document.RootElement, "test");
    }

    private Task<byte[]?> Fetch(Dictionary<string, byte[]> files, string path, long maximumBytes, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Requests.Add(path);
        OnRequest?.Invoke(path);
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(files.TryGetValue(path, out var bytes) ? bytes[..(int)Math.Min(bytes.Length, maximumBytes + 1)] : null);
    }
}
