#!/usr/bin/env bash
# make-image.sh DIR: write a small container image as an OCI image layout: one layer with an operating system's name, a Python
# package's metadata and a start script. The same bytes each time. It needs tar, gzip and sha256sum, and no container engine.
set -euo pipefail

dir=${1:?usage: make-image.sh DIR}
mkdir -p "$dir/blobs/sha256"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

root=$work/root
mkdir -p "$root/etc" "$root/app" "$root/usr/lib/python3/dist-packages/artifact_trust_demo_server-1.0.dist-info"
printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' > "$root/etc/os-release"
printf '12.5\n' > "$root/etc/debian_version"
printf 'Metadata-Version: 2.1\nName: artifact-trust-demo-server\nVersion: 1.0\nLicense: Apache-2.0\n' \
  > "$root/usr/lib/python3/dist-packages/artifact_trust_demo_server-1.0.dist-info/METADATA"
printf '#!/bin/sh\nexec python3 -m artifact_trust_demo_server --model /models\n' > "$root/app/start.sh"
chmod -R u=rwX,go=rX "$root"
chmod 755 "$root/app/start.sh"

blob() { # blob FILE: put a file among the blobs; prints its digest
  local hex
  hex=$(sha256sum < "$1" | cut -d' ' -f1)
  cp "$1" "$dir/blobs/sha256/$hex"
  echo "sha256:$hex"
}
size() { wc -c < "$1" | tr -d ' '; }

tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar -C "$root" -cf "$work/layer.tar" .
gzip -n -c "$work/layer.tar" > "$work/layer.tar.gz"
diff=sha256:$(sha256sum < "$work/layer.tar" | cut -d' ' -f1)
layer=$(blob "$work/layer.tar.gz")

printf '{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/app/start.sh"]},"rootfs":{"type":"layers","diff_ids":["%s"]}}' "$diff" > "$work/config.json"
config=$(blob "$work/config.json")

printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"%s","size":%s}]}' \
  "$config" "$(size "$work/config.json")" "$layer" "$(size "$work/layer.tar.gz")" > "$work/manifest.json"
manifest=$(blob "$work/manifest.json")

printf '{"imageLayoutVersion":"1.0.0"}' > "$dir/oci-layout"
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"1.0"}}]}' \
  "$manifest" "$(size "$work/manifest.json")" > "$dir/index.json"
echo "$manifest"
