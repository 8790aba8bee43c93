"""Checks a tiled log over a URL, and a proof from it, from the specifications alone: check_log.py URL VKEY PROOF.

Shares no code with the library. Spec: C2SP tlog-tiles, tlog-checkpoint, signed-note, tlog-proof; RFC 6962.
"""
import base64, hashlib, struct, subprocess, sys, tempfile, urllib.request

url, vkey, proof_file = sys.argv[1:]
sha = lambda b: hashlib.sha256(b).digest()
leaf = lambda e: sha(b"\0" + e)
b64 = lambda s: base64.b64decode(s, validate=True)


def root(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else sha(b"")
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return sha(b"\1" + root(hashes[:k]) + root(hashes[k:]))


def fetch(path):
    return urllib.request.urlopen(f"{url}/{path}").read()


def tile(level, index, width):
    name = "%03d" % (index % 1000)
    while index >= 1000:
        index //= 1000
        name = "x%03d/%s" % (index % 1000, name)
    return fetch(f"tile/{level}/{name}" + (f".p/{width}" if width < 256 else ""))


def checkpoint(note):
    """The size and root of a checkpoint that the log's Ed25519 key signed."""
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    name, key_id, key = vkey.split("+", 2)
    key = b64(key)
    assert key[0] == 1 and sha(name.encode() + b"\n" + key)[:4].hex() == key_id
    (signature,) = [b64(s.split(" ")[2]) for s in signatures.splitlines() if s.startswith(f"— {name} ")]
    assert signature[:4].hex() == key_id
    with tempfile.TemporaryDirectory() as d:
        files = {"key": bytes.fromhex("302a300506032b6570032100") + key[1:], "text": text.encode(), "signature": signature[4:]}
        for file, content in files.items():
            open(f"{d}/{file}", "wb").write(content)
        command = f"openssl pkeyutl -verify -pubin -keyform DER -inkey {d}/key -rawin -in {d}/text -sigfile {d}/signature"
        subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)
    origin, size, root_hash = text.splitlines()
    assert origin == name
    return int(size), b64(root_hash)


size, root_hash = checkpoint(fetch("checkpoint").decode())
entries = []
for start in range(0, size, 256):
    width = min(256, size - start)
    bundle = tile("entries", start // 256, width)
    for _ in range(width):
        (length,) = struct.unpack(">H", bundle[:2])
        entries.append(bundle[2 : 2 + length])
        assert len(entries[-1]) == length
        bundle = bundle[2 + length :]
    assert not bundle
hashes = [leaf(e) for e in entries]
assert root(hashes) == root_hash
level = 0
while hashes:
    tiles = [hashes[i : i + 256] for i in range(0, len(hashes), 256)]
    for index, expected in enumerate(tiles):
        assert tile(level, index, len(expected)) == b"".join(expected), (level, index)
    hashes = [root(t) for t in tiles if len(t) == 256]
    level += 1

proof, note = open(proof_file, encoding="utf-8").read().split("\n\n", 1)
header, index, *path = proof.splitlines()
assert header == "c2sp.org/tlog-proof@v1" and index.startswith("index ")
index = int(index[6:])
size, root_hash = checkpoint(note)


def climb(i, n, path):
    """The root that the path leads to, from the definition of the audit path (RFC 6962 §2.1.1)."""
    if n == 1:
        assert not path
        return leaf(entries[index])
    k = 1
    while 2 * k < n:
        k *= 2
    if i < k:
        return sha(b"\1" + climb(i, k, path[:-1]) + path[-1])
    return sha(b"\1" + path[-1] + climb(i - k, n - k, path[:-1]))


assert climb(index, size, [b64(h) for h in path]) == root_hash
print("ok", size, index)
