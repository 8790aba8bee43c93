#!/usr/bin/env bash
# scan.sh [DIR]: time `artifact-trust scan --scanners model`, beside picklescan (where it is installed), and print Markdown: a PyTorch archive of
# SIZE MiB (1024), a raw pickle of the same size, one with every byte in an opcode, and FILES (10000) small files. DIR (a new folder in TMPDIR) gets
# the data. RUNS runs (3) each after one that warms the page cache, medians. The data is harmless and is never loaded.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
runs=${RUNS:-3}
size=${SIZE:-1024}
files=${FILES:-10000}
dir=${1:-$(mktemp -d)}
mkdir -p "$dir"
cd "$dir"
dotnet publish "$root/src/ArtifactTrust.Cli" --configuration Release --runtime linux-x64 --no-self-contained --output "$dir/app" --verbosity quiet --nologo
python3 - "$size" "$files" <<'PY'
import collections, os, pickle, sys, zipfile

size, files = int(sys.argv[1]) << 20, int(sys.argv[2])
block = os.urandom(16 << 20)
tensors = 64
each = size // tensors


def write(out, count):
    while count > 0:
        out.write(block[:count])
        count -= len(block[:count])


os.makedirs("zip", exist_ok=True)
with zipfile.ZipFile("zip/model.pt", "w", zipfile.ZIP_STORED) as archive:
    archive.writestr("model/data.pkl", pickle.dumps(collections.OrderedDict((f"w{i}", i) for i in range(tensors)), 2))
    for i in range(tensors):
        with archive.open(f"model/data/{i}", "w", force_zip64=True) as out:
            write(out, each)
    archive.writestr("model/version", "3\n")
os.makedirs("raw", exist_ok=True)
with open("raw/model.pkl", "wb") as out:
    out.write(b"\x80\x04]\x94(")
    for i in range(tensors):
        out.write(b"\x8e" + each.to_bytes(8, "little"))
        write(out, each)
    out.write(b"e.")
os.makedirs("opcodes", exist_ok=True)
with open("opcodes/model.pkl", "wb") as out:
    out.write(b"\x80\x04")
    piece = b"".join(pickle.dumps({"name": i, "values": list(range(50)), "text": "x" * 30}, 4)[2 + 9 : -1] + b"0" for i in range(500))
    for _ in range(size // len(piece)):
        out.write(piece)
    out.write(b"N.")
os.makedirs("small", exist_ok=True)
for i in range(files):
    with open(f"small/{i}.pkl", "wb") as out:
        pickle.dump(collections.OrderedDict(a=i, b=list(range(200))), out, 4)
PY

measure() { # measure FILE COMMAND: append "wall cpu kilobytes" to FILE
  /usr/bin/time -o time.out -f '%e %U %S %M' sh -c "$2" > /dev/null 2>&1 || true
  tail -n 1 time.out | awk '{ print $1, $2 + $3, $4 }' >> "$1"
}

median() { cut -d' ' -f"$2" "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

echo "$(date -u +%Y-%m-%d): $(grep -m 1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), $(nproc) cores"
printf '\n| data | command | wall s | MB/s | CPU s | peak MiB |\n|---|---|---|---|---|---|\n'
for set in zip raw opcodes small; do
  bytes=$(du -sb "$set" | cut -f1)
  commands=("artifact-trust scan" "app/artifact-trust scan $set --scanners model")
  if command -v picklescan > /dev/null; then commands+=("picklescan" "picklescan --path $set"); fi
  for ((a = 0; a < ${#commands[@]}; a += 2)); do
    rm -f result
    measure warm "${commands[a + 1]}"
    for ((i = 0; i < runs; i++)); do measure result "${commands[a + 1]}"; done
    awk -v s="$set" -v l="${commands[a]}" -v w="$(median result 1)" -v c="$(median result 2)" -v m="$(cut -d' ' -f3 result | sort -n | tail -n 1)" -v b="$bytes" \
      'BEGIN { printf "| %s | %s | %.2f | %.0f | %.2f | %.0f |\n", s, l, w, b / (w + 0.001) / 1e6, c, m / 1024 }'
  done
done
