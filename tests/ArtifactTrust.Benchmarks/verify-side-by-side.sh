#!/usr/bin/env bash
# verify-side-by-side.sh BUNDLE TRUSTED-ROOT ARTIFACT IDENTITY ISSUER: time the verification of one keyless bundle beside cosign, sigstore-go and
# @sigstore/verify, and print two Markdown tables: whole processes (median milliseconds of RUNS, 21, each command in its turn after one
# run that is not counted), and verifications a second in one process that has the trusted root loaded.
set -euo pipefail

[ $# -eq 5 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
bundle=$(realpath "$1") trusted=$(realpath "$2") artifact=$(realpath "$3") identity=$4 issuer=$5
runs=${RUNS:-21}
export PATH=${ARTIFACT_TRUST_PEERS:-$root/.tools/peers}/bin:$PATH
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

dotnet publish "$root/src/ArtifactTrust.Cli" --configuration Release --runtime linux-x64 --no-self-contained --output "$dir/app" --verbosity quiet --nologo
dotnet build "$here" --configuration Release --output "$dir/warm" --verbosity quiet --nologo
(cd "$dir" && npm install --silent --no-audit --no-fund --ignore-scripts @sigstore/verify@3.1.1 @sigstore/bundle@4.0.0 @sigstore/protobuf-specs@0.5.0)
cat > "$dir/verify.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';
const [bundle, root, artifact, subjectAlternativeName, issuer, seconds] = process.argv.slice(2);
const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(readFileSync(root)))));
const [text, data] = [readFileSync(bundle, 'utf8'), readFileSync(artifact)];
const once = () => verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(text)), data), { subjectAlternativeName, extensions: { issuer } });
once();
if (seconds) {
  const start = performance.now();
  let n = 0;
  for (; performance.now() - start < seconds * 1000; n++) once();
  console.log(`${Math.round(n / seconds)}`);
}
JS

names=('artifact-trust verify' 'cosign verify-blob' 'sigstore-go' '@sigstore/verify')
run() {
  case $1 in
    0) "$dir/app/artifact-trust" verify "$artifact" --signature "$bundle" --trusted-root "$trusted" --certificate-identity "$identity" --certificate-oidc-issuer "$issuer" ;;
    1) cosign verify-blob --bundle "$bundle" --trusted-root "$trusted" --certificate-identity "$identity" --certificate-oidc-issuer "$issuer" "$artifact" ;;
    2) sigstore-go-verification -artifact "$artifact" -trustedrootJSONpath "$trusted" -expectedSAN "$identity" -expectedIssuer "$issuer" "$bundle" ;;
    3) node "$dir/verify.mjs" "$bundle" "$trusted" "$artifact" "$identity" "$issuer" ;;
  esac
}

echo "$(date -u +%Y-%m-%d), $(nproc) cores: $(grep -m 1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), medians of $runs"
for ((i = 0; i <= runs; i++)); do
  for n in 0 1 2 3; do
    TIMEFORMAT='%R %U %S'
    { time run $n > "$dir/out" 2>&1 || { cat "$dir/out" >&2; echo "verify-side-by-side.sh: failed: ${names[n]}" >&2; exit 1; }; } 2> "$dir/time"
    [ $i -eq 0 ] || tail -n 1 "$dir/time" | awk '{ print $1 * 1000, ($2 + $3) * 1000 }' >> "$dir/result.$n"
  done
done
median() { cut -d' ' -f"$2" "$dir/result.$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
printf '\n| one verification, cold | wall ms | CPU ms |\n|---|---|---|\n'
for n in 0 1 2 3; do
  printf '| %s | %s | %s |\n' "${names[n]}" "$(median $n 1)" "$(median $n 2)"
done
printf '\n| warm, one process | verifications/s |\n|---|---|\n'
for threads in 1 2; do
  printf '| artifact-trust, threads: %s | %s |\n' $threads "$("$dir/warm/ArtifactTrust.Benchmarks" warm $threads "$bundle" "$trusted" "$artifact" "$identity" "$issuer")"
done
printf '| @sigstore/verify | %s |\n' "$(node "$dir/verify.mjs" "$bundle" "$trusted" "$artifact" "$identity" "$issuer" 5)"
