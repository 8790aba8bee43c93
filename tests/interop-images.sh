#!/usr/bin/env bash
# Tries every kind of key and evidence both ways with cosign, and writes the table of docs/interop.md to standard output.
#
#   REGISTRIES="docker-registry=localhost:5000 referrers=localhost:5001" ARTIFACT_TRUST="dotnet …/artifact-trust.dll" tests/interop-images.sh > docs/interop.md
#
# ARTIFACT_TRUST_SIGSTORE, the directory of a Sigstore instance of one's own (trusted_root.json, signing_config.json, signing_config.rekor1.json,
# ports.json), adds signing without keys. KEYS names some of the rows only, JOBS says how many rows are tried at once. Exit code 1: ours did not
# verify what cosign made, or cosign refused ours and takes its own. The end-to-end tests hold the table against the committed one.
# The last table, of bundles that cosign does not write, is put below these by BundleVariantTests, with APPROVE=1.
set -u
: "${REGISTRIES:?NAME=HOST pairs}" "${ARTIFACT_TRUST:?the command}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
export COSIGN_PASSWORD=interop ARTIFACT_TRUST_PASSWORD=interop COSIGN_YES=true HOME="$work"
stack=${ARTIFACT_TRUST_SIGSTORE:-}
# Of this run only: registries may be shared.
prefix=interop-$$-$RANDOM

at() { $ARTIFACT_TRUST "$@" >>ours.log 2>&1; }
theirs() { timeout 120 cosign "$@" >>theirs.log 2>&1; }
fail() { echo "failed: $*" | tee -a "$work/failed" >&2; }

echo '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}' >offline.json
echo '{"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.com/r"}}}' >slsaprovenance1.json
echo '{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[]}' >cyclonedx.json
echo '{"invocation":{"parameters":null,"uri":"","event_id":"","builder.id":""},"scanner":{"uri":"https://example.com/s","version":"1","db":{"uri":"","version":"1"},"result":{}},"metadata":{"scanStartedOn":"2026-01-01T00:00:00Z","scanFinishedOn":"2026-01-01T00:00:01Z"}}' >vuln.json

make_key() {
    case $1 in
    P-*) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$1" -out "$1.pem" ;;
    RSA-*) openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${1#RSA-}" -out "$1.pem" ;;
    Ed25519) openssl genpkey -algorithm ed25519 -out "$1.pem" ;;
    own-CA) make_authority ;;
    esac 2>/dev/null
    cosign import-key-pair --key "$1.pem" --output-key-prefix "$1" >/dev/null 2>&1
}

# A root, and a leaf with a name. cosign compares an issuer too, so that the leaf has Fulcio's extensions for it, the old one (raw) and the new.
make_authority() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root.key
    openssl req -x509 -new -key root.key -subj "/CN=own root" -days 2 -addext keyUsage=critical,keyCertSign -out root.pem
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out own-CA.pem
    cat >extensions <<-TEXT
	subjectAltName=email:release@example.com
	extendedKeyUsage=codeSigning
	keyUsage=critical,digitalSignature
	basicConstraints=critical,CA:false
	1.3.6.1.4.1.57264.1.1=DER:$(printf https://issuer.example.com | od -An -tx1 | tr -d ' \n')
	1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:https://issuer.example.com
	TEXT
    openssl req -new -key own-CA.pem -subj "/CN=leaf" -out leaf.csr
    openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -days 1 -extfile extensions -out leaf.pem
    cosign trusted-root create --fulcio "url=https://ca.example.com,certificate-chain=root.pem" --out own_root.json
}

token() { curl -fsS "http://127.0.0.1:$(port oidc)/email/mint" >token; }
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
    case $key in
    keyless)
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
        return
        ;;
    own-CA)
        ourSign+=(--key ../own-CA.pem --certificate ../leaf.pem --ca-roots ../root.pem)
        theirSign+=(--key ../own-CA.key --certificate ../leaf.pem --certificate-chain ../root.pem)
        ourTrust+=(--certificate-identity release@example.com --certificate-oidc-issuer https://issuer.example.com --ca-roots ../root.pem)
        theirTrust+=(--certificate-identity release@example.com --certificate-oidc-issuer https://issuer.example.com --trusted-root ../own_root.json --insecure-ignore-tlog --insecure-ignore-sct)
        ;;
    *)
        ourSign+=(--key "../$key.pem")
        theirSign+=(--key "../$key.key")
        ourTrust+=(--key "../$key.pub")
        theirTrust+=(--key "../$key.pub" --insecure-ignore-tlog)
        ;;
    esac
    [ "$form" = legacy ] && theirSign+=(--tlog-upload=false) || theirSign+=(--signing-config ../offline.json)
}

# Pushes an image of its own, and prints its digest.
image() {
    head -c 32 /dev/urandom >content && tar cf layer.tar content
    crane append -f layer.tar -t "$1" 2>/dev/null | sed 's/.*@//'
}

# One cell: cosign's by us / ours by cosign.
cell() {
    local host=$1 key=$2 form=$3 what=$4 verb=sign check=verify extra=() type=()
    local name=$prefix/$(echo "$key-$form-$what" | tr 'A-Z' 'a-z')
    if [ "$what" != sign ]; then
        verb=attest check=verify-attestation extra=(--type "$what" --predicate "../$what.json") type=(--type "$what")
    fi
    arguments "$key" "$form"
    local us them own digest
    digest=$(image "$host/$name-theirs:v1")
    [ -n "$digest" ] || { fail "no push to $host"; return; }
    theirs "$verb" "${theirSign[@]}" "${extra[@]}" "$host/$name-theirs@$digest" || { printf ' cosign cannot write it |'; return; }
    at verify "$host/$name-theirs:v1" "${ourTrust[@]}" "${type[@]}" && us=yes || us=NO
    theirs "$check" "${theirTrust[@]}" "${type[@]}" "$host/$name-theirs@$digest" && own=yes || own=no
    if [ "$key" = RSA-2048 ]; then
        # Our own floor for new signatures is 3072 bits.
        [ "$us" = yes ] || fail "$host $key $form $what"
        printf ' %s / we do not sign with it |' "$us"
        return
    fi
    [ "$key" = keyless ] && token
    digest=$(image "$host/$name-ours:v1")
    at "$verb" "$host/$name-ours:v1" "${ourSign[@]}" "${extra[@]}" || us="$us, ours not made"
    at verify "$host/$name-ours:v1" "${ourTrust[@]}" "${type[@]}" || us="$us, ours not by us"
    if theirs "$check" "${theirTrust[@]}" "${type[@]}" "$host/$name-ours@$digest"; then them=yes
    elif [ $own = no ]; then them="cosign refuses its own too"
    else them=NO; fi
    case "$us$them" in yesyes | yescosign*) ;; *) fail "$host $key $form $what: $us, $them" && [ -n "${VERBOSE:-}" ] && tail -n 5 ours.log theirs.log >&2 ;; esac
    [ "$us$them" = yesyes ] && printf ' yes |' || printf ' %s / %s |' "$us" "$them"
}

row() {
    mkdir "$1" && cd "$1" || return
    printf '| %s | %s |' "$3" "$4"
    for what in sign slsaprovenance1 cyclonedx vuln; do cell "$2" "$3" "$4" "$what"; done
    printf '\n'
}

# An attestation must not pass as a signature, nor a signature as an attestation.
confused() {
    local host=$1 form=$2
    mkdir "confused-$host-$form" && cd "confused-$host-$form" || return
    arguments P-256 "$form"
    image "$host/$prefix/confused-$form:v1" >/dev/null
    at attest "$host/$prefix/confused-$form:v1" "${ourSign[@]}" --type vuln --predicate ../vuln.json
    at verify "$host/$prefix/confused-$form:v1" "${ourTrust[@]}" && fail "an attestation passed as a signature"
    image "$host/$prefix/signed-$form:v1" >/dev/null
    at sign "$host/$prefix/signed-$form:v1" "${ourSign[@]}"
    at verify "$host/$prefix/signed-$form:v1" "${ourTrust[@]}" --type vuln && fail "a signature passed as an attestation"
}

read_by_others() {
    local host=$1
    if command -v oras >/dev/null; then
        oras discover --plain-http "$host/$prefix/p-256-bundle-sign-ours:v1" 2>&1 | grep -q '── sha256:' || fail "oras does not list ours"
    fi
    crane manifest "$host/$prefix/p-256-legacy-sign-ours:$(crane digest "$host/$prefix/p-256-legacy-sign-ours:v1" | tr : -).sig" 2>/dev/null | grep -q simplesigning || fail "crane does not read ours"
}

keys=(P-256 P-384 P-521 RSA-2048 RSA-3072 Ed25519 own-CA)
[ -n "$stack" ] && keys+=(keyless)
[ -n "${KEYS:-}" ] && read -ra keys <<<"$KEYS"
for key in "${keys[@]}"; do [ "$key" = keyless ] || make_key "$key"; done

for registry in $REGISTRIES; do
    for key in "${keys[@]}"; do
        for form in bundle legacy; do
            while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-3}" ]; do wait -n; done
            name=${registry%%=*}-$key-$form
            (row "$name" "${registry#*=}" "$key" "$form") >"$name.row" &
        done
    done
    case " ${keys[*]} " in *" P-256 "*)
        for form in bundle legacy; do (confused "${registry#*=}" "$form") & done ;;
    esac
done
wait

cat <<TEXT
# Both ways with cosign

Made by \`tests/interop-images.sh\` with cosign ${COSIGN_VERSION:-$(cosign version 2>/dev/null | sed -n 's/^GitVersion: *v*//p')}. Each cell is two questions: do we
verify what cosign wrote, and does cosign verify what we wrote. "yes" answers both; else "ours / cosign's". Where cosign refuses what it wrote
itself, it cannot be asked about ours; we verify both. The legacy form is \`--format legacy\`: tags \`.sig\` and \`.att\`. "own-CA" is a P-256 key with a
certificate of an authority of one's own; "keyless" a certificate of a Sigstore instance, with its logs.
TEXT
for registry in $REGISTRIES; do
    printf '\n## Registry: %s\n\n| key | form | signature | slsaprovenance1 | cyclonedx | vuln |\n| --- | --- | --- | --- | --- | --- |\n' "${registry%%=*}"
    for key in "${keys[@]}"; do
        for form in bundle legacy; do cat "${registry%%=*}-$key-$form.row"; done
    done
    case " ${keys[*]} " in *" P-256 "*) read_by_others "${registry#*=}" ;; esac
done
[ ! -e failed ]
