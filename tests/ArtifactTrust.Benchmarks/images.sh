#!/usr/bin/env bash
# Images and models beside cosign, notation and oras, on a registry that this starts: wall time of each command (median of RUNS, milliseconds),
# peak memory, and the requests that a verification makes.
#
#   ARTIFACT_TRUST="…/artifact-trust" BENCHMARKS="dotnet …/ArtifactTrust.Benchmarks.dll" tests/ArtifactTrust.Benchmarks/images.sh
#
# REFERRERS is how many attestations each image has, IMAGES how many images are verified in one process, MODEL_BYTES how large the model is. Needs
# docker-registry, cosign, notation, crane, oras, openssl, GNU time, and four times the model on the disk of TMPDIR. About five minutes with
# a model of 2 GiB on two quiet cores; REFERRERS=1 IMAGES=5 MODEL_BYTES=1048576 RUNS=1 tries it out in half a minute.
set -eu
: "${ARTIFACT_TRUST:?the command}" "${BENCHMARKS:?the benchmark program}"
RUNS=${RUNS:-7} REFERRERS=${REFERRERS:-"1 10 100"} IMAGES=${IMAGES:-100} MODEL_BYTES=${MODEL_BYTES:-2147483648} PORT=${PORT:-5391}
for tool in docker-registry cosign notation crane oras openssl; do
    command -v $tool >/dev/null || { echo "$tool is not on PATH" >&2; exit 2; }
done
work=$(mktemp -d)
registry=
trap '[ -z "$registry" ] || kill "$registry" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
export COSIGN_PASSWORD=bench COSIGN_YES=true HOME="$work" XDG_CONFIG_HOME="$work/config" DOCKER_CONFIG="$work"
unset REGISTRY_AUTH_FILE
# Nobody else writes here; and the others do not look whether what they wrote stays.
export ARTIFACT_TRUST_SETTLE_TIME=0s
host=127.0.0.1:$PORT
cat >registry.yml <<TEXT
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: "$host"}
TEXT
docker-registry serve registry.yml >access.log 2>/dev/null &
registry=$!
for _ in $(seq 100); do curl -fs "http://$host/v2/" >/dev/null && break || sleep 0.1; done
curl -fsS "http://$host/v2/" >/dev/null

fail() { cat out >&2; echo "failed: $*" >&2; exit 1; }

measure() { # LABEL COMMAND…
    local label=$1
    shift
    rm -f times
    for _ in $(seq "$RUNS"); do
        [ -z "${BEFORE:-}" ] || $BEFORE
        /usr/bin/time -a -o times -f '%e %M' "$@" >out 2>&1 || fail "$label"
    done
    sort -n times | awk -v l="$label" '{ t[NR]=$1; if ($2>m) m=$2 } END { printf "| %s | %d | %d |\n", l, t[int((NR+1)/2)]*1000, m/1024 }'
}

requests() { # LABEL COMMAND…
    local label=$1 before
    shift
    # The registry writes a line when it has answered.
    sleep 0.3
    before=$(grep -c '"[A-Z]* /v2/' access.log || true)
    "$@" >out 2>&1 || fail "$label"
    sleep 0.3
    printf '| %s | %d |\n' "$label" $(($(grep -c '"[A-Z]* /v2/' access.log) - before))
}

image() { # NAME: pushes an image of its own, and prints it by digest.
    head -c 32 /dev/urandom >content && tar cf layer.tar content
    crane append --oci-empty-base -f layer.tar -t "$host/$1:v1" 2>/dev/null
}

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.pem 2>/dev/null
cosign import-key-pair --key k.pem --output-key-prefix k >/dev/null 2>&1
echo '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}' >offline.json
echo '{"a":1}' >predicate.json
notation cert generate-test --default bench >out 2>&1 || fail "notation's certificate"
cat >policy.json <<TEXT
{"version":"1.0","trustPolicies":[{"name":"bench","registryScopes":["*"],"signatureVerification":{"level":"strict"},"trustStores":["ca:bench"],"trustedIdentities":["*"]}]}
TEXT
notation policy import policy.json >out 2>&1 || fail "notation's policy"

{
    printf '| command | ms, median of %s | peak MiB |\n| --- | --- | --- |\n' "$RUNS"
    for count in $REFERRERS; do
        signed=$(image "with$count")
        for i in $(seq 2 "$count"); do
            $ARTIFACT_TRUST attest "$signed" --key k.pem --type "https://example.com/t$i" --predicate predicate.json >out 2>&1 || fail attest
        done
        $ARTIFACT_TRUST sign "$signed" --key k.pem >out 2>&1 || fail sign
        measure "artifact-trust verify, $count referrers" $ARTIFACT_TRUST verify "$signed" --key k.pub
        measure "cosign verify, $count referrers" cosign verify --key k.pub --insecure-ignore-tlog "$signed"
        [ "$count" != "${REFERRERS%% *}" ] || first=$signed
    done
    noted=$(image notation)
    notation sign --insecure-registry "$noted" >out 2>&1 || fail "notation sign"
    measure "notation verify, 1 referrer" notation verify --insecure-registry "$noted"
    # Each run signs an image that nobody has signed.
    fresh() { image "fresh$RANDOM$RANDOM" >fresh; }
    cat >on-fresh <<'SH'
#!/bin/sh
exec "$@" "$(cat fresh)"
SH
    chmod +x on-fresh
    BEFORE=fresh measure "artifact-trust sign" ./on-fresh $ARTIFACT_TRUST sign --key k.pem
    BEFORE=fresh measure "cosign sign" ./on-fresh cosign sign --key k.key --signing-config offline.json
    BEFORE=fresh measure "notation sign" ./on-fresh notation sign --insecure-registry

    printf '\n| one verification | requests |\n| --- | --- |\n'
    requests "artifact-trust verify" $ARTIFACT_TRUST verify "$first" --key k.pub
    requests "cosign verify" cosign verify --key k.pub --insecure-ignore-tlog "$first"
    requests "notation verify" notation verify --insecure-registry "$noted"

    names=()
    for i in $(seq "$IMAGES"); do
        one=$(image "many/$i")
        names+=("$one")
        $ARTIFACT_TRUST sign "$one" --key k.pem >out 2>&1 || fail sign
        $ARTIFACT_TRUST sign "$one" --key k.pem --annotation n=2 >out 2>&1 || fail sign
    done
    printf '\n| %s images with two signatures each, in one process | ms | peak MiB |\n| --- | --- | --- |\n' "$IMAGES"
    /usr/bin/time -o times -f %M $BENCHMARKS images k.pub "${names[@]}" >out 2>&1 || fail "images"
    awk -v m="$(cat times)" 'NR<=2 { printf "| the library, %s | %d | %d |\n", NR==1 ? "cold" : "warm (the same connections)", $1, m/1024 }' out
    RUNS=1 measure "cosign verify" cosign verify --key k.pub --insecure-ignore-tlog "${names[@]}"

    RUNS=1
    mkdir model && head -c "$MODEL_BYTES" /dev/urandom >model/weights.safetensors
    printf '\n| a model of %s MiB | ms | peak MiB |\n| --- | --- | --- |\n' $((MODEL_BYTES >> 20))
    measure "artifact-trust push" $ARTIFACT_TRUST push model "$host/model/ours:1"
    measure "oras push" oras push --plain-http --disable-path-validation "$host/model/oras:1" model/weights.safetensors
    $ARTIFACT_TRUST sign "$host/model/ours:1" --key k.pem >out 2>&1 || fail "sign the model"
    rm -r model
    measure "artifact-trust pull, verified" $ARTIFACT_TRUST pull "$host/model/ours:1" pulled --key k.pub
    rm -r pulled
    measure "oras pull" oras pull --plain-http "$host/model/ours:1" -o pulled
}
