#!/usr/bin/env bash
# Tries every kind of key and evidence both ways with cosign, and writes the table of docs/interop.md to standard output.
#
#   REGISTRIES="plain=localhost:5000 referrers=localhost:5001" ARTIFACT_TRUST="dotnet …/artifact-trust.dll" tests/interop-images.sh > docs/interop.md
#
# ARTIFACT_TRUST_SIGSTORE, the directory of a Sigstore instance of one's own (trusted_root.json, signing_config.json, signing_config.rekor1.json,
# ports.json), adds signing without keys. Exit code 1: ours did not verify what cosign made, or cosign refused ours and takes its own.
set -u
: "${REGISTRIES:?NAME=HOST pairs}" "${ARTIFACT_TRUST:?the command}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
export COSIGN_PASSWORD=interop ARTIFACT_TRUST_PASSWORD=interop COSIGN_YES=true HOME="$work"
failed=0
stack=${ARTIFACT_TRUST_SIGSTORE:-}

at() { $ARTIFACT_TRUST "$@" >>ours.log 2>&1; }
theirs() { timeout 120 cosign "$@" >>theirs.log 2>&1; }

echo '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}' >offline.json
echo '{"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.com/r"}}}' >slsaprovenance1.json
echo '{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[]}' >cyclonedx.json
echo '{"invocation":{"parameters":null,"uri":"","event_id":"","builder.id":""},"scanner":{"uri":"https://example.com/s","version":"1","db":{"uri":"","version":"1"},"result":{}},"metadata":{"scanStartedOn":"2026-01-01T00:00:00Z","scanFinishedOn":"2026-01-01T00:00:01Z"}}' >vuln.json

make_key() {
    case $1 in
    P-*) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$1" -out "$1.pem" ;;
    RSA-*) openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${1#RSA-}" -out "$1.pem" ;;
    Ed25519) openssl genpkey -algorithm ed25519 -out "$1.pem" ;;
    esac 2>/dev/null
    cosign import-key-pair --key "$1.pem" --output-key-prefix "$1" >/dev/null 2>&1
}

token() { curl -fsS "http://127.0.0.1:$(sed 's/.*"oidc":\([0-9]*\).*/\1/' "$stack/ports.json")/email/mint" >token; }
port() { sed "s/.*\"$1\":\([0-9]*\).*/\1/" "$stack/ports.json"; }

# sets: ourSign theirSign ourTrust theirTrust
arguments() {
    local key=$1 form=$2
    ourSign=() theirSign=() ourTrust=() theirTrust=()
    if [ "$form" = legacy ]; then
        ourSign+=(--format legacy)
        theirSign+=(--new-bundle-format=false --use-signing-config=false)
        theirTrust+=(--new-bundle-format=false)
    fi
    if [ "$key" = keyless ]; then
        token
        local root=$stack/trusted_root.json config=$stack/signing_config.json
        [ "$form" = legacy ] && config=$stack/signing_config.rekor1.json
        ourSign+=(--identity-token token --trusted-root "$root" --signing-config "$config")
        theirSign+=(--identity-token token --trusted-root "$root")
        if [ "$form" = legacy ]; then
            theirSign+=(--fulcio-url "http://127.0.0.1:$(port fulcio)" --rekor-url "http://127.0.0.1:$(port rekor1)")
        else
            theirSign+=(--signing-config "$config")
        fi
        ourTrust+=(--certificate-identity dev@example.com --certificate-oidc-issuer "http://127.0.0.1:$(port oidc)/email" --trusted-root "$root")
        theirTrust+=(--certificate-identity dev@example.com --certificate-oidc-issuer "http://127.0.0.1:$(port oidc)/email" --trusted-root "$root")
    else
        ourSign+=(--key "$key.pem")
        theirSign+=(--key "$key.key")
        [ "$form" = legacy ] && theirSign+=(--tlog-upload=false) || theirSign+=(--signing-config offline.json)
        ourTrust+=(--key "$key.pub")
        theirTrust+=(--key "$key.pub" --insecure-ignore-tlog)
    fi
}

# One cell: cosign's by us / ours by cosign.
cell() {
    local host=$1 key=$2 form=$3 what=$4 verb=sign check=verify extra=() type=()
    local name=interop/$(echo "$key-$form-$what" | tr 'A-Z' 'a-z')
    if [ "$what" != sign ]; then
        verb=attest check=verify-attestation extra=(--type "$what" --predicate "$what.json") type=(--type "$what")
    fi
    arguments "$key" "$form"
    local us them own digest side
    for side in theirs ours; do
        head -c 32 /dev/urandom >content && tar cf layer.tar content
        crane append -f layer.tar -t "$host/$name-$side:v1" >/dev/null 2>&1 || { echo "no push to $host" >&2; exit 2; }
    done
    digest=$(crane digest "$host/$name-theirs:v1")
    theirs "$verb" "${theirSign[@]}" "${extra[@]}" "$host/$name-theirs@$digest" || { printf ' cosign cannot write it |'; return; }
    at verify "$host/$name-theirs:v1" "${ourTrust[@]}" "${type[@]}" && us=yes || us=NO
    theirs "$check" "${theirTrust[@]}" "${type[@]}" "$host/$name-theirs@$digest" && own=yes || own=no
    if [ "$key" = RSA-2048 ]; then
        # Our own floor for new signatures is 3072 bits.
        [ "$us" = yes ] || { failed=1; echo "failed: $host $key $form $what" >&2; }
        printf ' %s / we do not sign with it |' "$us"
        return
    fi
    [ "$key" = keyless ] && token
    at "$verb" "$host/$name-ours:v1" "${ourSign[@]}" "${extra[@]}" || us="$us, ours not made"
    digest=$(crane digest "$host/$name-ours:v1")
    at verify "$host/$name-ours:v1" "${ourTrust[@]}" "${type[@]}" || us="$us, ours not by us"
    if theirs "$check" "${theirTrust[@]}" "${type[@]}" "$host/$name-ours@$digest"; then them=yes
    elif [ $own = no ]; then them="cosign refuses its own too"
    else them=NO; fi
    case "$us$them" in yesyes | yescosign*) ;; *) failed=1; echo "failed: $host $key $form $what: $us, $them" >&2; [ -n "${VERBOSE:-}" ] && tail -n 5 ours.log theirs.log >&2 ;; esac
    [ "$us$them" = yesyes ] && printf ' yes |' || printf ' %s / %s |' "$us" "$them"
}

# An attestation must not pass as a signature, nor a signature as an attestation.
confused() {
    local host=$1 form=$2
    arguments P-256 "$form"
    head -c 32 /dev/urandom >content && tar cf layer.tar content
    crane append -f layer.tar -t "$host/interop/confused-$form:v1" >/dev/null 2>&1
    at attest "$host/interop/confused-$form:v1" "${ourSign[@]}" --type vuln --predicate vuln.json
    at verify "$host/interop/confused-$form:v1" "${ourTrust[@]}" && { failed=1; echo "an attestation passed as a signature" >&2; }
    crane append -f layer.tar -t "$host/interop/signed-$form:v1" >/dev/null 2>&1
    at sign "$host/interop/signed-$form:v1" "${ourSign[@]}"
    at verify "$host/interop/signed-$form:v1" "${ourTrust[@]}" --type vuln && { failed=1; echo "a signature passed as an attestation" >&2; }
}

keys=(P-256 P-384 P-521 RSA-2048 RSA-3072 Ed25519)
for key in "${keys[@]}"; do make_key "$key"; done
[ -n "$stack" ] && keys+=(keyless)
[ -n "${KEYS:-}" ] && read -ra keys <<<"$KEYS"

cat <<TEXT
# Both ways with cosign

Made by \`tests/interop-images.sh\` with cosign ${COSIGN_VERSION:-$(cosign version 2>/dev/null | sed -n 's/^GitVersion: *v*//p')}. Each cell is two questions: do we
verify what cosign wrote, and does cosign verify what we wrote. "yes" answers both; else "ours / cosign's". Where cosign refuses what it wrote
itself, it cannot be asked about ours; we verify both. The legacy form is \`--format legacy\`: tags \`.sig\` and \`.att\`.
TEXT
for registry in $REGISTRIES; do
    host=${registry#*=}
    printf '\n## Registry: %s\n\n| key | form | signature | slsaprovenance1 | cyclonedx | vuln |\n| --- | --- | --- | --- | --- | --- |\n' "${registry%%=*}"
    for key in "${keys[@]}"; do
        for form in bundle legacy; do
            printf '| %s | %s |' "$key" "$form"
            for what in sign slsaprovenance1 cyclonedx vuln; do cell "$host" "$key" "$form" "$what"; done
            printf '\n'
        done
    done
    confused "$host" bundle
    confused "$host" legacy
    if command -v oras >/dev/null; then
        oras discover --plain-http "$host/interop/p-256-bundle-sign-ours:v1" 2>&1 | grep -q '── sha256:' || { failed=1; echo "oras does not list ours" >&2; }
    fi
    crane manifest "$host/interop/p-256-legacy-sign-ours:$(crane digest "$host/interop/p-256-legacy-sign-ours:v1" | tr : -).sig" 2>/dev/null | grep -q simplesigning || { failed=1; echo "crane does not read ours" >&2; }
done
exit $failed
