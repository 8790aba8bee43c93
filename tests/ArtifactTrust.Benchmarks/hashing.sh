#!/usr/bin/env bash
# hashing.sh [DIR]: time `artifact-trust hash` beside openssl, sha256sum and b3sum, and `sign` beside cosign, on the same files, each in its
# turn, and print Markdown: 1 file of 2 GiB, 2,000 of 1 MiB, 200,000 of 4 KiB; from the page cache on one core and on all, and from the disk
# on all. DIR (a new folder in TMPDIR) gets 5 GiB of data. Peers that are not installed are left out (b3sum: Debian's package of that name; blake3: a
# module of PYTHON, python3 otherwise).
# RUNS runs (3) of which medians are shown, after one that is not counted; COLD_RUNS (5; 0 for none) with a dropped page cache, which takes root.
# On a virtual machine whose host takes unused memory back, filling the page cache again costs as much as reading: cold runs of any program
# then have two speeds, so the fastest is shown beside the median, and `cat` stands for what reading costs.
# SCALE=64 makes all of it 64 times smaller, to try the script.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
python=${PYTHON:-python3} runs=${RUNS:-3} cold_runs=${COLD_RUNS:-5} scale=${SCALE:-1}
dir=${1:-$(mktemp -d)}
mkdir -p "$dir"
cd "$dir"
export PATH=${ARTIFACT_TRUST_PEERS:-$root/.tools/peers}/bin:$PATH COSIGN_PASSWORD=benchmark TUF_ROOT=$dir/tuf
for tool in openssl sha256sum xargs taskset /usr/bin/time; do
  command -v "$tool" > /dev/null || { echo "hashing.sh: $tool is needed" >&2; exit 1; }
done

ours=$dir/app/artifact-trust
[ -x "$ours" ] || dotnet publish "$root/src/ArtifactTrust.Cli" --configuration Release --runtime linux-x64 --no-self-contained --output "$dir/app" --verbosity quiet --nologo >&2
big=$((2147483648 / scale)) files=$((2000 / scale)) small=$((200000 / scale))
if [ "$(cat .complete 2> /dev/null)" != "$scale" ]; then
  rm -rf one many small .complete
  mkdir -p one many small
  head -c $big /dev/urandom > one/big
  head -c $((files * 1048576)) one/big | (cd many && split -b 1M -a 4 -d - file)
  # A thousand files to a directory.
  for ((i = 0; i * 1000 < small; i++)); do
    n=$((small - i * 1000 < 1000 ? small - i * 1000 : 1000))
    mkdir small/$i
    dd if=one/big bs=4096 skip=$((i * 1000)) count=$n status=none | (cd small/$i && split -b 4096 -a 3 -d - f)
  done
  [ "$(find small -type f | wc -l)" -eq "$small" ] && [ "$(find many -type f | wc -l)" -eq "$files" ] || { echo "hashing.sh: the files were not made" >&2; exit 1; }
  echo "$scale" > .complete
fi
printf benchmark > password
[ -f k.key ] || "$ours" keygen k.key --format cosign --password-file password > /dev/null
echo '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}' > signing-config.json

drop() { sync && { echo 3 > /proc/sys/vm/drop_caches; } 2> /dev/null; }

measure() { # measure FILE CPUS COMMAND: append "wall cpu kilobytes" of one run to FILE
  /usr/bin/time -o time.out -f '%e %U %S %M' taskset -c "$2" sh -c "$3" > /dev/null 2> err.out || { cat err.out >&2; echo "hashing.sh: failed: $3" >&2; exit 1; }
  tail -n 1 time.out | awk '{ print $1, $2 + $3, $4 }' >> "$1"
}

median() { cut -d' ' -f"$2" "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

table() { # table TITLE BYTES CPUS warm|cold RUNS LABEL COMMAND ...
  local title=$1 bytes=$2 cpus=$3 cache=$4 count=$5 i a n
  shift 5
  printf '\n### %s, %s\n\n| command | wall s | fastest s | GB/s | CPU s | peak MiB |\n|---|---|---|---|---|---|\n' "$title" "$cache"
  rm -f result.*
  for ((i = $([ "$cache" = warm ] && echo 0 || echo 1); i <= count; i++)); do
    for ((a = 1; a < $#; a += 2)); do
      n=$((a + 1))
      [ "$cache" = warm ] || drop
      measure "result.$([ $i -eq 0 ] && echo first || echo $a)" "$cpus" "${!n}"
    done
  done
  for ((a = 1; a < $#; a += 2)); do
    awk -v l="${!a}" -v w="$(median result.$a 1)" -v f="$(sort -n result.$a | head -n 1 | cut -d' ' -f1)" -v c="$(median result.$a 2)" -v m="$(cut -d' ' -f3 result.$a | sort -n | tail -n 1)" -v b="$bytes" \
      'BEGIN { printf "| %s | %.2f | %.2f | %.2f | %.2f | %.0f |\n", l, w, f, (w > 0 ? b / w / 1e9 : 0), c, m / 1024 }'
  done
}

hashes() { # hashes SET TITLE BYTES CPUS CORES warm|cold RUNS
  local set=$1 n=$5 list
  # What others need to use several cores: one process each, with many files at a time.
  list="find $set -type f -print0 | xargs -0 -P $n -n $([ "$set" = small ] && echo 2000 || echo 50)"
  local commands=("artifact-trust hash" "$ours hash $set" "openssl dgst -sha256, $n at once" "$list openssl dgst -sha256" "sha256sum, $n at once" "$list sha256sum")
  if command -v b3sum > /dev/null; then commands+=("b3sum (BLAKE3)" "find $set -type f -print0 | xargs -0 -n 2000 b3sum --num-threads $n"); fi
  if [ "$6" = cold ]; then commands+=("cat, $n at once" "$list cat"); fi
  table "Hash $2, $([ "$n" = 1 ] && echo '1 core' || echo "$n cores")" "$3" "$4" "$6" "$7" "${commands[@]}"
}

all=$(nproc)
echo "$(date -u +%Y-%m-%d), $all cores: $(grep -m 1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), $(openssl version | cut -d' ' -f1,2), .NET $(dotnet --version), medians of $runs"
for n in $(printf '1\n%s\n' "$all" | sort -nu); do
  cpus=0-$((n - 1))
  echo
  echo "\`openssl speed\` without any file, $n at once: $(taskset -c "$cpus" openssl speed -multi "$n" -bytes 65536 -seconds 3 -evp sha256 2> /dev/null | tail -n 1 | awk '{ printf "%.2f GB/s", $NF / 1e6 }')"
  hashes one 'one file' "$big" "$cpus" "$n" warm "$runs"
  hashes many "$files files of 1 MiB" $((files * 1048576)) "$cpus" "$n" warm "$runs"
  hashes small "$small files of 4 KiB" $((small * 4096)) "$cpus" "$n" warm "$runs"
done
cpus=0-$((all - 1))
signing=('artifact-trust sign' "$ours sign one/big --key k.key --password-file password --signature ours.sig --force")
if command -v cosign > /dev/null; then
  signing+=('cosign sign-blob' 'cosign sign-blob --key k.key --signing-config signing-config.json --bundle cosign.json --yes one/big')
fi
table "Sign one file by the same key, $all cores" "$big" "$cpus" warm 1 "${signing[@]}"
# A password costs a tenth of a second by intention; what is left of the program's start is in the second row.
[ -f plain.key ] || "$ours" keygen plain.key --no-password > /dev/null
head -c 1 one/big > byte
blake=('artifact-trust sign --hash blake3' "$ours sign one/big --format oms --hash blake3 --key plain.key --signature blake3.sig --force")
blake+=('the same, of one byte' "$ours sign byte --format oms --hash blake3 --key plain.key --signature blake3.sig --force")
if command -v b3sum > /dev/null; then blake+=('b3sum' "b3sum --num-threads $all one/big"); fi
# As the Python client of OpenSSF Model Signing calls it.
if "$python" -c 'import blake3' 2> /dev/null; then
  blake+=('Python with blake3' "$python -c \"import blake3; h = blake3.blake3(max_threads=blake3.blake3.AUTO); h.update_mmap('one/big'); h.digest()\"")
fi
table "BLAKE3 of one file, $all cores" "$big" "$cpus" warm "$runs" "${blake[@]}"
if [ "$cold_runs" -gt 0 ] && drop; then
  hashes one 'one file' "$big" "$cpus" "$all" cold "$cold_runs"
  hashes many "$files files of 1 MiB" $((files * 1048576)) "$cpus" "$all" cold "$cold_runs"
  hashes small "$small files of 4 KiB" $((small * 4096)) "$cpus" "$all" cold "$cold_runs"
else
  printf '\nNot measured: reading from the disk, as the page cache was not to be dropped, or could not be.\n'
fi
