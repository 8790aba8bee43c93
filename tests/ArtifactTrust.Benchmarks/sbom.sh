#!/usr/bin/env bash
# sbom.sh [DIR]: the SBOM of a directory's installed packages (/usr) by artifact-trust and by Trivy, with wall time, CPU time and peak memory.
# Needs trivy and GNU time in PATH; TRIVY_JAVA_DB_CACHE may name a cache with Trivy's Java database, else Trivy is told to skip Java archives.
set -euo pipefail

dir=${1:-/usr}
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tool=$work/artifact-trust
dotnet publish "$here/src/ArtifactTrust.Cli" -c Release -r linux-x64 --self-contained false -o "$tool" -v q > "$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; exit 1; }

trivy=(trivy rootfs --format cyclonedx --offline-scan --skip-db-update --skip-java-db-update -q --cache-dir "${TRIVY_JAVA_DB_CACHE:-$work/cache}")
[ -n "${TRIVY_JAVA_DB_CACHE:-}" ] || trivy+=(--skip-files '**/*.jar' --skip-files '**/*.war')

# run NAME COMMAND...: three times, the first to warm the page cache.
run() {
  local name=$1 i
  shift
  for i in warm 1 2; do
    /usr/bin/time -f '%e %U %S %M' -o "$work/time" "$@" > "$work/log" 2>&1 || { tail -n 3 "$work/log" >&2; exit 1; }
    [ $i = warm ] || awk -v n="$name" '{ printf "%-40s %6.2f s wall  %6.2f s CPU  %5.0f MiB\n", n, $1, $2 + $3, $4 / 1024 }' "$work/time"
  done
}

count() { jq '[.components[] | select(.purl)] | length' "$1"; }

export ARTIFACT_TRUST_TRIVY=/nowhere
run 'artifact-trust' "$tool/artifact-trust" sbom "$dir" --packages installed --to "$work/ours.json"
run 'trivy' "${trivy[@]}" -o "$work/trivy.json" "$dir"
unset ARTIFACT_TRUST_TRIVY
run 'artifact-trust with trivy for the rest' "$tool/artifact-trust" sbom "$dir" --packages installed --offline --trivy-cache "${TRIVY_JAVA_DB_CACHE:-$work/cache}" --to "$work/both.json"
echo "packages: artifact-trust $(count "$work/ours.json"), trivy $(count "$work/trivy.json"), together $(count "$work/both.json")"
