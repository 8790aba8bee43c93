#!/usr/bin/env bash
# install-peers.sh DIR: put the programs that the interop tests run against into DIR/bin. A second run returns at once.
# They come as packages of this system's Debian mirror, and Trivy as examples/install-trivy.sh has it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
dir=$(mkdir -p "${1:?usage: install-peers.sh DIR}" && cd "$1" && pwd)
[ -e "$dir/.complete-1" ] && exit 0

work=$(mktemp -d "$dir/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/debs" "$dir/bin"
"$here/../examples/install-trivy.sh" "$dir/bin"
"$here/../examples/apt-fetch.sh" "$work/sid" sid "$work/debs" cosign oras crane notation > "$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; exit 1; }
"$here/../examples/apt-fetch.sh" "$work/stable" bookworm "$work/debs" docker-registry > "$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; exit 1; }
for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
for name in cosign oras crane notation docker-registry; do
  cp "$(find "$work/root/usr/bin" -name $name)" "$dir/bin/"
done
touch "$dir/.complete-1"
