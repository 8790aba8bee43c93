using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Transparency;

/// <summary>The fixed vectors of a log of 300 entries, made with other tools.</summary>
public sealed class VectorTests
{
    private static readonly ReferenceTree Tree = new(300);

    [VectorFact]
    public void Roots_are_those_of_the_vectors()
    {
        var v = Load();
        Assert.Equal(v.GetProperty("root_hex").GetString(), MerkleTree.Root(Leaves(0, 300)).Hex);
        Assert.Equal(v.GetProperty("root_256_hex").GetString(), MerkleTree.Root(Leaves(0, 256)).Hex);
        // The eight entries of the Certificate Transparency reference tests.
        string[] ct = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        var frontier = new MerkleFrontier();
        foreach (var entry in ct)
        {
            frontier.Append(MerkleTree.HashLeaf(Convert.FromHexString(entry)));
        }
        Assert.Equal(v.GetProperty("rfc6962_ct_8leaf_root").GetString(), frontier.Root().Hex);
    }

    [VectorFact]
    public void Tiles_are_those_of_the_vectors()
    {
        foreach (var tile in Load().GetProperty("tiles_sha256").EnumerateObject())
        {
            var parsed = Tile.Parse(tile.Name);
            var bytes = parsed.IsEntryBundle
                ? EntryBundle.Encode([
                    .. Tree.Entries.Skip((int)parsed.Index * 256).Take(parsed.Width).Select(e => (ReadOnlyMemory<byte>)e),
                ])
                : Tree.Tile(parsed, 300);
            Assert.Equal(tile.Value.GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
        }
    }

    [VectorFact]
    public void The_checkpoint_and_its_witness_verify_and_are_signed_to_the_byte()
    {
        var v = Load();
        var text = v.GetProperty("checkpoint").GetString()!;
        var (log, witness) = (Key(v, "log_vkey"), Key(v, "witness_vkey"));
        var note = SignedNote.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Equal(text, note.ToString());
        var verified = Checkpoint.Verify(note, v.GetProperty("origin").GetString()!, log, witness).Verified;
        Assert.NotNull(verified);
        Assert.Equal(300, verified.Checkpoint.Size);
        Assert.Equal(v.GetProperty("root_hex").GetString(), verified.Checkpoint.Root.Hex);
        Assert.Equal([null, DateTimeOffset.FromUnixTimeSeconds(1_790_000_000)], verified.Note.Signatures.Select(s => s.Time));
        Assert.Equal(NoteKeyType.Cosignature, witness.Type);

        using var key = Ed25519SigningKey.Import(Convert.FromHexString(v.GetProperty("ed25519_seed_hex").GetString()!));
        var signer = new NoteSigner(v.GetProperty("origin").GetString()!, key);
        Assert.Equal(v.GetProperty("log_vkey").GetString(), signer.Key.ToString());
        var ours = new Checkpoint(signer.Key.Name, 300, MerkleTree.Root(Leaves(0, 300))).Sign(signer).ToString();
        Assert.StartsWith(ours, text, StringComparison.Ordinal);
    }

    [VectorFact]
    public void Proofs_are_those_of_the_vectors()
    {
        var v = Load();
        var tree = Tree.Tiled(300);
        var inclusion = Hashes(v, "inclusion_137_b64");
        Assert.Equal(inclusion, tree.Prove(137).Hashes);
        Assert.True(new InclusionProof(137, 300, inclusion).Verify(Tree.Leaf(137), tree.Root));
        foreach (var old in (int[])[100, 256])
        {
            var consistency = Hashes(v, $"consistency_{old}_to_300_b64");
            Assert.Equal(consistency, tree.ProveConsistency(old).Hashes);
            Assert.True(new ConsistencyProof(old, 300, consistency).Verify(MerkleTree.Root(Leaves(0, old)), tree.Root));
        }
    }

    private static JsonElement Load() => JsonDocument.Parse(File.ReadAllBytes(Vectors.Require("tlog/vectors.json"))).RootElement.Clone();

    private static NoteKey Key(JsonElement vectors, string name)
    {
        var text = vectors.GetProperty(name).GetString()!;
        var key = NoteKey.Parse(text);
        Assert.Equal(text, key.ToString());
        return key;
    }

    private static byte[] Leaves(int start, int end) =>
        [.. Enumerable.Range(start, end - start).SelectMany(i => Tree.Leaf(i).Bytes.ToArray())];

    private static List<Digest> Hashes(JsonElement vectors, string name) =>
        [.. vectors.GetProperty(name).EnumerateArray().Select(h => Digest.FromBytes(DigestAlgorithm.Sha256, h.GetBytesFromBase64()))];
}
