#!/usr/bin/env bash
# quickstart.sh [DIR]: take a model, a dataset and a container image through every verb, let the gate allow a deploy, change one
# byte, and see it refuse. All evidence stays in DIR (./evidence) for you to look at.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
evidence=${1:-$PWD/evidence}
tools=$here/../.tools

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

# --- Build the command line -----------------------------------------------------------------------------------------------------
say 'Building artifact-trust'
dotnet publish "$here/../src/ArtifactTrust.Cli" --configuration Release --runtime linux-x64 --no-self-contained --output "$tools/artifact-trust" --verbosity quiet --nologo
PATH=$tools/artifact-trust:$PATH

# --- Find Trivy -----------------------------------------------------------------------------------------------------------------
if command -v trivy > /dev/null; then
  say "Using the Trivy on your PATH: $(command -v trivy)"
else
  say 'There is no Trivy on your PATH; installing a pinned one into .tools/'
  "$here/install-trivy.sh" "$tools/bin"
  PATH=$tools/bin:$PATH
fi

# Trivy's own database where it can be had; else one of ours, whose advisories are all invented.
cache=$tools/trivy-cache
say "Looking for Trivy's vulnerability database, for 40 seconds at most"
if [ "${QUICKSTART_DB:-}" != demo ] && timeout 40 trivy image --download-db-only --quiet --cache-dir "$cache" > /dev/null 2>&1; then
  say "Using Trivy's vulnerability database"
  database=(--offline --trivy-cache "$cache")
else
  say "Trivy's database cannot be had here: using the demonstration database, WHOSE ADVISORIES ARE ALL INVENTED"
  database=(--offline --trivy-cache "$here/trivy-db" --max-db-age 9999d)
fi

rm -rf "$evidence"
mkdir -p "$evidence"
cd "$evidence"
started=$SECONDS

# --- Keys: one for each job that signs, and one for the gate ---------------------------------------------------------------------
say 'Making keys (unencrypted, for this demonstration only)'
run artifact-trust keygen training.key --no-password
run artifact-trust keygen security.key --no-password
run artifact-trust keygen gate.key --no-password --algorithm ed25519

# --- The subjects: a model trained on the dataset, and the image that serves it --------------------------------------------------
cp -R "$here/model" "$here/dataset" .
cp "$here/policy.yaml" .
"$here/make-image.sh" image > /dev/null
image=oci-layout:image:1.0

say 'Hashing: what exactly is this?'
run artifact-trust hash model
run artifact-trust hash $image

say 'Signing: who vouches for it?'
run artifact-trust sign model --key training.key
run artifact-trust sign dataset --key training.key
run artifact-trust sign $image --key training.key

say 'Attesting: how was it made?'
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
cat > provenance.json << JSON
{
  "buildDefinition": {
    "buildType": "https://ci.example.com/train/v1",
    "externalParameters": { "script": "train.py", "dataset": "hash-timings" },
    "resolvedDependencies": [
      { "uri": "git+https://git.example.com/models/hash-time", "digest": { "gitCommit": "5a0c3b6f2e9d41787d5a31c1a6f1f5c07ae1d5b2" } }
    ]
  },
  "runDetails": {
    "builder": { "id": "https://ci.example.com/training" },
    "metadata": { "startedOn": "$now", "finishedOn": "$now" }
  }
}
JSON
run artifact-trust attest model --type slsaprovenance1 --predicate provenance.json --key training.key

say 'SBOM: what is in it?'
run artifact-trust sbom model --name hash-time --component-version 1.0 --to model.cdx.json
run artifact-trust sbom dataset --dataset --name hash-timings --component-version 1.0 --to dataset.cdx.json
run artifact-trust sbom $image --to image.cdx.json --offline
run artifact-trust attest model --type cyclonedx --predicate model.cdx.json --key training.key
run artifact-trust attest dataset --type cyclonedx --predicate dataset.cdx.json --key training.key
run artifact-trust attest $image --type cyclonedx --predicate image.cdx.json --key training.key

say 'Scanning: is it safe to load, and what is known to be wrong with it?'
run artifact-trust scan model --test-result model-scan.json "${database[@]}"
run artifact-trust attest model --type test-result --predicate model-scan.json --key security.key
run artifact-trust scan $image --report trivy.json --vulns image-vulns.json "${database[@]}"
run artifact-trust attest $image --type vulns --predicate image-vulns.json --key security.key

say 'Verifying: was it signed by whom we trust?'
run artifact-trust verify model --key training.pub
run artifact-trust verify dataset --key training.pub
run artifact-trust verify $image --key training.pub

say 'Inspecting: everything that is known about the model'
run artifact-trust inspect model --key training.pub --key security.pub

# --- The gate ---------------------------------------------------------------------------------------------------------------------
say 'The gate: may this release be deployed?'
run artifact-trust log init audit --origin example.com/quickstart --key gate.key
release=(model=model dataset=dataset image=$image)
run artifact-trust gate "${release[@]}" --policy policy.yaml --key gate.key --audit-log audit --vsa allowed.vsa.json -- echo deployed | tee deployed.txt
[ "$(cat deployed.txt)" = deployed ] || [ "$(tail -n 1 deployed.txt)" = deployed ]

say 'Now one byte of the model changes'
run cp -R model model.original
run sh -c "printf '\\001' | dd of=model/model.onnx bs=1 seek=140 conv=notrunc status=none"
code=0
run artifact-trust gate "${release[@]}" --policy policy.yaml --key gate.key --audit-log audit --vsa denied.vsa.json -- echo deployed | tee refused.txt || code=$?
[ $code -eq 1 ] || { echo "quickstart: the gate was to refuse with exit code 1, and ended with $code" >&2; exit 1; }
! grep -qx deployed refused.txt || { echo 'quickstart: the command ran though the gate refused' >&2; exit 1; }
say "Refused, with exit code $code: the command did not run"

say 'The audit log holds both decisions, and anyone with the public key can check it'
run artifact-trust log show audit --key gate.pub
run artifact-trust log verify audit --key gate.pub
run artifact-trust log prove audit 1 --key gate.pub --to refused.tlog-proof

say "Done in $((SECONDS - started)) seconds. The evidence is in $evidence:"
ls
