#!/usr/bin/env bash
# scan.sh [DIR]: time `artifact-trust scan`, beside picklescan (where Python has it), and print Markdown. With --scanners model: a PyTorch archive of
# SIZE MiB (1024), a raw pickle of the same size whose tensors are skipped, one of OPCODES MiB (64) with every byte in an opcode, and FILES (10000)
# small files. With --pii: a CSV and a JSON lines file of ROWS MiB (200) each; and the CSV for secrets alone. DIR gets the data and keeps it; without
# it a new folder in TMPDIR does, and is removed. APP may name the folder of a published artifact-trust. RUNS runs (2) each after one that warms the page cache: medians, and the highest peak. The data is
# harmless and is never loaded.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
runs=${RUNS:-2}
[ -z "${APP:-}" ] || APP=$(cd "$APP" && pwd)
if [ $# -gt 0 ]; then
  mkdir -p "$1"
  cd "$1"
else
  dir=$(mktemp -d)
  trap 'cd / && rm -rf "$dir"' EXIT
  cd "$dir"
fi
app=${APP:-app}
[ -n "${APP:-}" ] ||
  dotnet publish "$root/src/ArtifactTrust.Cli" --configuration Release --runtime linux-x64 --no-self-contained --output app --verbosity quiet --nologo > log 2>&1 ||
  { tail -n 5 log >&2; exit 1; }
python3 - "${SIZE:-1024}" "${OPCODES:-64}" "${FILES:-10000}" "${ROWS:-200}" <<'PY'
import collections, json, os, pickle, random, sys, zipfile

size, opcodes, files, rows = int(sys.argv[1]) << 20, int(sys.argv[2]) << 20, int(sys.argv[3]), int(sys.argv[4]) << 20
random.seed(1)
block = os.urandom(16 << 20)
tensors = 64
each = size // tensors


def write(out, count):
    while count > 0:
        out.write(block[:count])
        count -= len(block[:count])


def piece(i):
    value = pickle.dumps({"name": i, "values": list(range(50)), "text": "x" * 30}, 4)
    return value[2 + 9 : -1] + b"0"  # without PROTO, FRAME and STOP, and thrown away


def record(i):
    text = [random.choice(words) for _ in range(8)]
    day = f"2024-0{random.randint(1, 9)}-{random.randint(10, 28)}"
    return str(i), " ".join(text[:2]), f"{random.random() * 1000:.2f}", day, " ".join(text[2:]), str(random.randint(0, 99999))


for folder in ("zip", "raw", "opcodes", "small", "csv", "jsonl"):
    os.makedirs(folder, exist_ok=True)
with zipfile.ZipFile("zip/model.pt", "w", zipfile.ZIP_STORED) as archive:
    archive.writestr("model/data.pkl", pickle.dumps(collections.OrderedDict((f"w{i}", i) for i in range(tensors)), 2))
    for i in range(tensors):
        with archive.open(f"model/data/{i}", "w", force_zip64=True) as out:
            write(out, each)
    archive.writestr("model/version", "3\n")
with open("raw/model.pkl", "wb") as out:
    out.write(b"\x80\x04]\x94(")
    for i in range(tensors):
        out.write(b"\x8e" + each.to_bytes(8, "little"))
        write(out, each)
    out.write(b"e.")
with open("opcodes/model.pkl", "wb") as out:
    out.write(b"\x80\x04")
    pieces = b"".join(piece(i) for i in range(500))
    for _ in range(max(1, opcodes // len(pieces))):
        out.write(pieces)
    out.write(b"N.")
for i in range(files):
    with open(f"small/{i}.pkl", "wb") as out:
        pickle.dump(collections.OrderedDict(a=i, b=list(range(200))), out, 4)
words = "the quick brown fox jumps over a lazy dog while winter light falls on stone river market paper window garden".split()
columns = ("id", "title", "price", "day", "comment", "count")
records = [record(i) for i in range(20000)]
for name, head, text in (
    ("csv", ",".join(columns) + "\n", "".join(",".join(r) + "\n" for r in records)),
    ("jsonl", "", "".join(json.dumps(dict(zip(columns, r))) + "\n" for r in records)),
):
    with open(f"{name}/data.{name}", "w") as out:
        out.write(head)
        for _ in range(max(1, rows // len(text))):
            out.write(text)
PY

measure() { # measure FILE COMMAND...: append "wall cpu kilobytes" to FILE; 1 and 3 are verdicts
  local file=$1 code=0
  shift
  /usr/bin/time -o time.out -f '%e %U %S %M' "$@" > log 2>&1 || code=$?
  case $code in 0 | 1 | 3) ;; *) tail -n 5 log >&2; exit 1 ;; esac
  tail -n 1 time.out | awk '{ print $1, $2 + $3, $4 }' >> "$file"
}

median() { cut -d' ' -f"$2" "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

row() { # row SET LABEL COMMAND...
  local set=$1 label=$2 i
  shift 2
  rm -f result
  measure warm "$@"
  for ((i = 0; i < runs; i++)); do measure result "$@"; done
  awk -v s="$set" -v l="$label" -v w="$(median result 1)" -v c="$(median result 2)" -v m="$(cut -d' ' -f3 result | sort -n | tail -n 1)" \
    -v b="$(find "$set" -type f -printf '%s\n' | awk '{ s += $1 } END { print s }')" \
    'BEGIN { printf "| %s | %.0f | %s | %.2f | %.0f | %.2f | %.0f |\n", s, b / 1e6, l, w, b / (w + 0.001) / 1e6, c, m / 1024 }'
}

echo "$(date -u +%Y-%m-%d): $(grep -m 1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), $(nproc) cores"
printf '\n| data | MB | command | wall s | MB/s | CPU s | peak MiB |\n|---|---|---|---|---|---|---|\n'
for set in zip raw opcodes small; do
  row $set 'artifact-trust scan' "$app/artifact-trust" scan $set --scanners model
  if python3 -m picklescan --help > /dev/null 2>&1; then row $set picklescan python3 -m picklescan --path $set; fi
done
for set in csv jsonl; do row $set 'artifact-trust scan --pii' "$app/artifact-trust" scan $set --scanners data --pii; done
row csv 'artifact-trust scan (secrets)' "$app/artifact-trust" scan csv --scanners data
