#!/usr/bin/env bash
# Images and models beside cosign, notation and oras, on registries that this starts: wall time of each command (median of RUNS, milliseconds),
# peak memory, and the requests that a verification makes.
#
#   ARTIFACT_TRUST="…/artifact-trust" BENCHMARKS="dotnet …/ArtifactTrust.Benchmarks.dll" tests/ArtifactTrust.Benchmarks/images.sh
#
# docker-registry lists no referrers. REFERRERS_SERVER, the command of a registry that does, to which its address is added ("registry-mem -listen"),
# measures the images there too; it has to write a line with the path for each request. REFERRERS is how many attestations and signatures each image
# has, IMAGES how many images are verified in one process, MODEL_BYTES how large the model is. Needs docker-registry, cosign, notation, crane, oras,
# openssl, GNU time, and four times the model on the disk of TMPDIR. About five minutes with a model of 2 GiB on two quiet cores;
# REFERRERS=1 IMAGES=5 MODEL_BYTES=1048576 RUNS=1 tries it out in half a minute.
set -eu
: "${ARTIFACT_TRUST:?the command}" "${BENCHMARKS:?the benchmark program}"
RUNS=${RUNS:-7} REFERRERS=${REFERRERS:-"1 10 100"} IMAGES=${IMAGES:-100} MODEL_BYTES=${MODEL_BYTES:-2147483648} PORT=${PORT:-5391}
for tool in docker-registry cosign notation crane oras openssl; do
    command -v $tool >/dev/null || { echo "$tool is not on PATH" >&2; exit 2; }
done
work=$(mktemp -d)
servers=()
trap 'for one in "${servers[@]}"; do kill "$one" 2>/dev/null || true; done; rm -rf "$work"' EXIT
cd "$work"
export COSIGN_PASSWORD=bench COSIGN_YES=true HOME="$work" XDG_CONFIG_HOME="$work/config" DOCKER_CONFIG="$work"
unset REGISTRY_AUTH_FILE
# Nobody else writes here; and the others do not look whether what they wrote stays.
export ARTIFACT_TRUST_SETTLE_TIME=0s

serve() { # HOST LOG COMMAND…
    local host=$1 log=$2
    shift 2
    "$@" >"$log" 2>&1 &
    servers+=($!)
    for _ in $(seq 100); do curl -fs "http://$host/v2/" >/dev/null && break || sleep 0.1; done
    curl -fsS "http://$host/v2/" >/dev/null
}

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

requests() { # LOG LABEL COMMAND…
    local log=$1 label=$2 before
    shift 2
    # The registry writes a line when it has answered.
    sleep 0.3
    before=$(grep -c '[A-Z] /v2/' "$log" || true)
    "$@" >out 2>&1 || fail "$label"
    sleep 0.3
    printf '| %s | %d |\n' "$label" $(($(grep -c '[A-Z] /v2/' "$log") - before))
}

image() { # PLACE: pushes an image of its own, and prints it by digest.
    head -c 32 /dev/urandom >content && tar cf layer.tar content
    crane append --oci-empty-base -f layer.tar -t "$1:v1" 2>/dev/null
}

# Each run signs an image that nobody has signed.
fresh() { image "$place/fresh$RANDOM$RANDOM" >fresh; }
cat >on-fresh <<'SH'
#!/bin/sh
exec "$@" "$(cat fresh)"
SH
chmod +x on-fresh

images() { # TITLE PLACE LOG: what is measured of the images of one registry
    local title=$1 place=$2 log=$3 count
    printf '%s:\n\n| command | ms, median of %s | peak MiB |\n| --- | --- | --- |\n' "$title" "$RUNS"
    for count in $REFERRERS; do
        measure "artifact-trust verify, $count referrers" $ARTIFACT_TRUST verify "$place/${with[$count]}" --key k.pub
        measure "cosign verify, $count referrers" cosign verify --key k.pub --insecure-ignore-tlog "$place/${with[$count]}"
    done
    measure "notation verify, 1 referrer" notation verify --insecure-registry "$place/$noted"
    BEFORE=fresh measure "artifact-trust sign" ./on-fresh $ARTIFACT_TRUST sign --key k.pem
    BEFORE=fresh measure "cosign sign" ./on-fresh cosign sign --key k.key --signing-config offline.json
    BEFORE=fresh measure "notation sign" ./on-fresh notation sign --insecure-registry

    printf '\n| one verification | requests |\n| --- | --- |\n'
    requests "$log" "artifact-trust verify" $ARTIFACT_TRUST verify "$place/$first" --key k.pub
    requests "$log" "cosign verify" cosign verify --key k.pub --insecure-ignore-tlog "$place/$first"
    requests "$log" "notation verify" notation verify --insecure-registry "$place/$noted"

    printf '\n| %s images with two signatures each, in one process | ms | peak MiB |\n| --- | --- | --- |\n' "$IMAGES"
    /usr/bin/time -o times -f %M $BENCHMARKS images k.pub "${many[@]/#/$place/}" >out 2>&1 || fail "images"
    awk -v m="$(cat times)" 'NR<=2 { printf "| the library, %s | %d | %d |\n", NR==1 ? "cold" : "warm (the same connections)", $1, m/1024 }' out
    RUNS=1 measure "cosign verify" cosign verify --key k.pub --insecure-ignore-tlog "${many[@]/#/$place/}"
    echo
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

host=127.0.0.1:$PORT
cat >registry.yml <<TEXT
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: "$host"}
TEXT
serve "$host" docker.log docker-registry serve registry.yml

# Named without the registry, by digest.
declare -A with
many=()
for count in $REFERRERS; do
    signed=$(image "$host/with$count")
    for i in $(seq 2 "$count"); do
        $ARTIFACT_TRUST attest "$signed" --key k.pem --type "https://example.com/t$i" --predicate predicate.json >out 2>&1 || fail attest
    done
    $ARTIFACT_TRUST sign "$signed" --key k.pem >out 2>&1 || fail sign
    with[$count]=${signed#*/}
done
first=${with[${REFERRERS%% *}]}
noted=$(image "$host/notation")
notation sign --insecure-registry "$noted" >out 2>&1 || fail "notation sign"
noted=${noted#*/}
for i in $(seq "$IMAGES"); do
    one=$(image "$host/many/$i")
    $ARTIFACT_TRUST sign "$one" --key k.pem >out 2>&1 || fail sign
    $ARTIFACT_TRUST sign "$one" --key k.pem --annotation n=2 >out 2>&1 || fail sign
    many+=("${one#*/}")
done
images "docker-registry, which lists no referrers" "$host" docker.log
if [ -n "${REFERRERS_SERVER:-}" ]; then
    other=127.0.0.1:$((PORT + 1))
    serve "$other" referrers.log $REFERRERS_SERVER "$other"
    all=("${with[@]}" "$noted" "${many[@]}")
    $ARTIFACT_TRUST save "${all[@]/#/$host/}" all.tar >out 2>&1 || fail save
    $ARTIFACT_TRUST load all.tar "$other/loaded" >out 2>&1 || fail load
    images "A registry that lists referrers" "$other/loaded" referrers.log
fi

RUNS=1
mkdir model && head -c "$MODEL_BYTES" /dev/urandom >model/weights.safetensors
printf '| a model of %s MiB | ms | peak MiB |\n| --- | --- | --- |\n' $((MODEL_BYTES >> 20))
measure "artifact-trust push" $ARTIFACT_TRUST push model "$host/model/ours:1"
measure "oras push" oras push --plain-http --disable-path-validation "$host/model/oras:1" model/weights.safetensors
$ARTIFACT_TRUST sign "$host/model/ours:1" --key k.pem >out 2>&1 || fail "sign the model"
rm -r model
measure "artifact-trust pull, verified" $ARTIFACT_TRUST pull "$host/model/ours:1" pulled --key k.pub
rm -r pulled
measure "oras pull" oras pull --plain-http "$host/model/ours:1" -o pulled
