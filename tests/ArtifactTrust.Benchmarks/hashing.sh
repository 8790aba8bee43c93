#!/usr/bin/env bash
# hashing.sh [DIR]: time `artifact-trust hash` beside openssl, sha256sum and b3sum (where it is installed) on the same files, in turn, and
# print Markdown: 1 file of 2 GiB, 2,000 of 1 MiB, 200,000 of 4 KiB; on all cores and on one (taskset); warm, and cold where the page
# cache may be dropped. DIR (a new folder in TMPDIR) gets 5 GiB of data. RUNS runs (5) each, medians.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
runs=${RUNS:-5}
dir=${1:-$(mktemp -d)}
mkdir -p "$dir"
cd "$dir"
dotnet publish "$root/src/ArtifactTrust.Cli" --configuration Release --runtime linux-x64 --no-self-contained --output "$dir/app" --verbosity quiet --nologo
ours=$dir/app/artifact-trust
if [ ! -e .complete ]; then
  rm -rf one many small
  mkdir -p one many small
  head -c 2147483648 /dev/urandom > one/big
  head -c 2097152000 one/big | (cd many && split -b 1M -a 4 -d - file)
  for i in $(seq 0 199); do
    mkdir small/$i
    tail -c +$((i * 4096000 + 1)) one/big | head -c 4096000 | (cd small/$i && split -b 4096 -a 4 -d - f) || true
  done
  touch .complete
fi

cold() { sync && { echo 3 > /proc/sys/vm/drop_caches; } 2> /dev/null; }

measure() { # measure FILE CPUS COMMAND: append "wall cpu kilobytes" to FILE
  /usr/bin/time -o time.out -f '%e %U %S %M' taskset -c "$2" sh -c "$3" > /dev/null
  tail -n 1 time.out | awk '{ print $1, $2 + $3, $4 }' >> "$1"
}

median() { cut -d' ' -f"$2" "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

table() { # table TITLE BYTES CPUS warm|cold LABEL COMMAND ...
  local title=$1 bytes=$2 cpus=$3 cache=$4 i a
  shift 4
  if [ "$cache" = cold ] && ! cold; then return; fi
  printf '\n### %s, cores %s, %s\n\n| command | wall s | GB/s | CPU s | peak MiB |\n|---|---|---|---|---|\n' "$title" "$cpus" "$cache"
  rm -f result.*
  for ((i = 0; i <= runs; i++)); do
    for ((a = 1; a < $#; a += 2)); do
      n=$((a + 1))
      [ "$cache" = warm ] || cold
      measure "$([ $i -eq 0 ] && echo result.warm || echo result.$a)" "$cpus" "${!n}"
    done
  done
  for ((a = 1; a < $#; a += 2)); do
    awk -v l="${!a}" -v w="$(median result.$a 1)" -v c="$(median result.$a 2)" -v m="$(cut -d' ' -f3 result.$a | sort -n | tail -n 1)" -v b="$bytes" \
      'BEGIN { printf "| %s | %.2f | %.2f | %.2f | %.0f |\n", l, w, b / w / 1e9, c, m / 1024 }'
  done
}

last=$(($(nproc) - 1))
echo "$(date -u +%Y-%m-%d): $(grep -m 1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), $(nproc) cores, $(openssl version | cut -d' ' -f1,2)"
for cpus in 0 "0-$last"; do
  n=$([ "$cpus" = 0 ] && echo 1 || nproc)
  echo
  echo "\`openssl speed\`, cores $cpus: $(taskset -c "$cpus" openssl speed -multi "$n" -bytes 65536 -seconds 3 -evp sha256 2> /dev/null | tail -n 1 | awk '{ printf "%.2f GB/s", $NF / 1e6 }')"
  for cache in warm cold; do
    for set in one many small; do
      bytes=$([ $set = one ] && echo 2147483648 || { [ $set = many ] && echo 2097152000 || echo 819200000; })
      commands=("artifact-trust hash" "$ours hash $set" "openssl, $n at once" "find $set -type f | xargs -P $n -n 125 openssl dgst -sha256" "sha256sum, $n at once" "find $set -type f | xargs -P $n -n 125 sha256sum")
      if command -v b3sum > /dev/null; then commands+=("b3sum" "find $set -type f | xargs -n 1000 b3sum --num-threads $n"); fi
      table "$set" "$bytes" "$cpus" $cache "${commands[@]}"
    done
  done
  [ "$last" -gt 0 ] || break
done
