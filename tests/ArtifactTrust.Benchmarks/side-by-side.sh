#!/usr/bin/env bash
# side-by-side.sh [DIR]: time hash, sign and verify beside openssl, sha256sum and cosign on the same files in one run, and print a
# Markdown table: median wall seconds, GB/s, CPU seconds and peak memory. DIR (a new folder in TMPDIR) gets 4 GiB of data.
# Each command runs RUNS times (5), ours and the peer's in turn, after one run that is not counted and warms the page cache.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
runs=${RUNS:-5}
dir=${1:-$(mktemp -d)}
mkdir -p "$dir"
cd "$dir"
export PATH=${ARTIFACT_TRUST_PEERS:-$root/.tools/peers}/bin:$PATH
for tool in openssl sha256sum xargs /usr/bin/time; do
  command -v "$tool" > /dev/null || { echo "side-by-side.sh: $tool is needed" >&2; exit 1; }
done

dotnet publish "$root/src/ArtifactTrust.Cli" --configuration Release --runtime linux-x64 --no-self-contained --output "$dir/app" --verbosity quiet --nologo
ours=$dir/app/artifact-trust

[ -f big ] || head -c 2147483648 /dev/urandom > big
if [ ! -d many ]; then
  mkdir many
  head -c 2097152000 big | (cd many && split -b 1M -a 4 -d - file)
fi
[ -f k.key ] || "$ours" keygen k.key --no-password > /dev/null
cores=$(nproc)

measure() { # measure FILE COMMAND...: append "wall user+sys kilobytes" of one run to FILE
  local file=$1
  shift
  /usr/bin/time -o time.out -f '%e %U %S %M' "$@" > /dev/null 2> err.out || { cat err.out >&2; echo "side-by-side.sh: failed: $*" >&2; exit 1; }
  tail -n 1 time.out | awk '{ print $1, $2 + $3, $4 }' >> "$file"
}

median() { cut -d' ' -f"$2" "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

row() { # row LABEL FILE BYTES
  local wall cpu memory
  wall=$(median "$2" 1) cpu=$(median "$2" 2) memory=$(cut -d' ' -f3 "$2" | sort -n | tail -n 1)
  awk -v l="$1" -v w="$wall" -v c="$cpu" -v m="$memory" -v b="$3" 'BEGIN { printf "| %s | %.2f | %.2f | %.2f | %.0f |\n", l, w, b / w / 1e9, c, m / 1024 }'
}

compare() { # compare TITLE BYTES LABEL COMMAND LABEL COMMAND ...: commands are run by sh, in turn
  local title=$1 bytes=$2 i n
  shift 2
  printf '\n%s\n\n| command | wall s | GB/s | CPU s | peak MiB |\n|---|---|---|---|---|\n' "### $title"
  rm -f result.*
  for ((i = 0; i <= runs; i++)); do
    n=0
    for ((a = 2; a <= $#; a += 2)); do
      n=$((n + 1))
      measure "$([ $i -eq 0 ] && echo warm.$n || echo result.$n)" sh -c "exec ${!a}"
    done
  done
  n=0
  for ((a = 1; a <= $#; a += 2)); do
    n=$((n + 1))
    row "${!a}" result.$n "$bytes"
  done
  rm -f warm.*
}

echo "$(date -u +%Y-%m-%d), $cores cores: $(grep -m 1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), $(openssl version | cut -d' ' -f1,2), .NET $(dotnet --version), medians of $runs"
echo
echo "\`openssl speed\` without any file: $(openssl speed -multi "$cores" -bytes 262144 -seconds 3 sha256 2> /dev/null | tail -n 1 | awk '{ printf "%.2f GB/s", $2 / 1e6 }') on all cores, $(openssl speed -bytes 262144 -seconds 3 sha256 2> /dev/null | tail -n 1 | awk '{ printf "%.2f GB/s", $2 / 1e6 }') on one"

compare 'Hash one file of 2 GiB' 2147483648 \
  'artifact-trust hash' "$ours hash big" \
  'openssl dgst -sha256' 'openssl dgst -sha256 big' \
  'sha256sum' 'sha256sum big'

compare 'Hash 2000 files of 1 MiB' 2097152000 \
  'artifact-trust hash' "$ours hash many" \
  "openssl dgst, $cores at once" "sh -c 'find many -type f | xargs -P $cores -n 125 openssl dgst -sha256'" \
  "sha256sum, $cores at once" "sh -c 'find many -type f | xargs -P $cores -n 125 sha256sum'"

compare 'Sign one file of 2 GiB' 2147483648 \
  'artifact-trust sign' "$ours sign big --key k.key --force" \
  'openssl dgst -sign' 'openssl dgst -sha256 -sign k.key -out big.openssl.sig big'

"$ours" sign big --key k.key --force > /dev/null
compare 'Verify one file of 2 GiB' 2147483648 \
  'artifact-trust verify' "$ours verify big --key k.pub" \
  'openssl dgst -verify' 'openssl dgst -sha256 -verify k.pub -signature big.openssl.sig big'

compare 'Sign and verify 2000 files of 1 MiB as a model' 2097152000 \
  'artifact-trust sign' "$ours sign many --key k.key --force" \
  'artifact-trust verify' "$ours verify many --key k.pub"

printf hello > small
"$ours" sign small --key k.key --force > /dev/null
if command -v cosign > /dev/null; then
  echo '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}' > signing-config.json
  compare 'Verify a signature over 5 bytes (cold start)' 5 \
    'artifact-trust verify' "$ours verify small --key k.pub" \
    'cosign verify-blob' 'cosign verify-blob --key k.pub --bundle small.sig --insecure-ignore-tlog small'
  rm -f c.key c.pub
  printf benchmark > password
  "$ours" keygen c.key --format cosign --password-file password > /dev/null
  export COSIGN_PASSWORD=benchmark
  compare 'Sign one file of 2 GiB beside cosign, same key' 2147483648 \
    'artifact-trust sign' "$ours sign big --key c.key --password-file password --signature big.c.sig --force" \
    'cosign sign-blob' 'cosign sign-blob --key c.key --signing-config signing-config.json --bundle big.cosign.json --yes big'
  compare 'Verify one file of 2 GiB beside cosign, same bundle' 2147483648 \
    'artifact-trust verify' "$ours verify big --signature big.c.sig --key c.pub" \
    'cosign verify-blob' 'cosign verify-blob --key c.pub --bundle big.c.sig --insecure-ignore-tlog big'
fi
