#!/usr/bin/env bash
# Images beside cosign on a registry of one's own: wall time of each command, median of RUNS, in milliseconds.
#
#   REGISTRY=localhost:5000 ARTIFACT_TRUST="…/artifact-trust" tests/ArtifactTrust.Benchmarks/images.sh
#
# REFERRERS is how many attestations each image has. Needs cosign, crane, oras, openssl and GNU time.
set -eu
: "${REGISTRY:?a registry}" "${ARTIFACT_TRUST:?the command}"
RUNS=${RUNS:-7} REFERRERS=${REFERRERS:-"1 10 100"} MODEL_BYTES=${MODEL_BYTES:-268435456}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export COSIGN_PASSWORD=bench COSIGN_YES=true HOME="$work"
name=bench$RANDOM

measure() { # LABEL COMMAND…
    local label=$1 i
    shift
    for i in $(seq "$RUNS"); do
        /usr/bin/time -a -o times -f '%e %M' "$@" >/dev/null 2>out || { cat out; echo "$label failed"; exit 1; }
    done
    sort -n times | awk -v l="$label" '{ t[NR]=$1; if ($2>m) m=$2 } END { printf "| %s | %d | %d |\n", l, t[int((NR+1)/2)]*1000, m/1024 }'
    rm times
}

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.pem 2>/dev/null
cosign import-key-pair --key k.pem --output-key-prefix k >/dev/null 2>&1
echo '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}' >offline.json
echo '{"a":1}' >predicate.json
printf '| command | ms, median of %s | peak MiB |\n| --- | --- | --- |\n' "$RUNS"
for count in $REFERRERS; do
    head -c 32 /dev/urandom >content && tar cf layer.tar content
    image=$REGISTRY/$name/with$count
    crane append -f layer.tar -t "$image:v1" >/dev/null 2>&1
    digest=$(crane digest "$image:v1")
    for i in $(seq 2 "$count"); do
        $ARTIFACT_TRUST attest "$image@$digest" --key k.pem --type "https://example.com/t$i" --predicate predicate.json >/dev/null
    done
    $ARTIFACT_TRUST sign "$image@$digest" --key k.pem >/dev/null
    measure "artifact-trust verify, $count referrers" $ARTIFACT_TRUST verify "$image@$digest" --key k.pub
    measure "cosign verify, $count referrers" cosign verify --key k.pub --insecure-ignore-tlog "$image@$digest"
done
measure "artifact-trust sign" $ARTIFACT_TRUST sign "$image@$digest" --key k.pem
measure "cosign sign" cosign sign --key k.key --signing-config offline.json "$image@$digest"
mkdir model && head -c "$MODEL_BYTES" /dev/urandom >model/weights.safetensors
RUNS=1
measure "artifact-trust push, $MODEL_BYTES bytes" $ARTIFACT_TRUST push model "$REGISTRY/$name/model:1"
$ARTIFACT_TRUST sign "$REGISTRY/$name/model:1" --key k.pem >/dev/null
measure "artifact-trust pull" $ARTIFACT_TRUST pull "$REGISTRY/$name/model:1" pulled --key k.pub
measure "oras pull" oras pull --plain-http "$REGISTRY/$name/model:1" -o orapulled
measure "oras push" oras push --plain-http "$REGISTRY/$name/oras:1" model/weights.safetensors
