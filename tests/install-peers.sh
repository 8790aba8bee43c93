#!/usr/bin/env bash
# install-peers.sh DIR: put the programs that the interop tests run against into DIR/bin. A second run returns at once.
# They come as packages of this system's Debian mirror, and Trivy as examples/install-trivy.sh has it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
dir=$(mkdir -p "${1:?usage: install-peers.sh DIR}" && cd "$1" && pwd)
[ -e "$dir/.complete-4" ] && exit 0

work=$(mktemp -d "$dir/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/debs" "$dir/bin"
"$here/../examples/install-trivy.sh" "$dir/bin"
"$here/../examples/apt-fetch.sh" "$work/sid" sid "$work/debs" cosign oras crane notation sigstore-go > "$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; exit 1; }
"$here/../examples/apt-fetch.sh" "$work/stable" bookworm "$work/debs" docker-registry zstd > "$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; exit 1; }
# A token and a TPM in software, and their tools.
"$here/../examples/apt-fetch.sh" "$work/stable" bookworm "$work/debs" softhsm2-common libsofthsm2 softhsm2 opensc opensc-pkcs11 \
  swtpm swtpm-libs libtpms0 tpm2-openssl tpm2-tools libtpm2-pkcs11-1 libtss2-mu0 libtss2-sys1 libtss2-esys-3.0.2-0 libtss2-rc0 libtss2-fapi1 \
  libtss2-tctildr0 libtss2-tcti-cmd0 libtss2-tcti-device0 libtss2-tcti-mssim0 libtss2-tcti-swtpm0 > "$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; exit 1; }
# rpm, to build packages and install them, and what writes the database that it had before.
"$here/../examples/apt-fetch.sh" "$work/stable" bookworm "$work/debs" rpm rpm-common librpm9 librpmbuild9 librpmio9 librpmsign9 liblua5.3-0 libpopt0 \
  libsqlite3-0 libmagic1 libmagic-mgc libarchive13 libfsverity0 libdw1 libelf1 db5.3-util libdb5.3 > "$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; exit 1; }
for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
for name in cosign oras crane notation docker-registry zstd sigstore-go-verification; do
  cp "$(find "$work/root/usr/bin" -name $name)" "$dir/bin/"
done
# These need libraries and modules beside them.
mkdir -p "$dir/lib/softhsm" "$dir/lib/ossl-modules" "$dir/libexec"
cp "$work/root/usr/lib/softhsm/libsofthsm2.so" "$dir/lib/softhsm/"
arch=$(dirname "$(find "$work/root/usr/lib" -name tpm2.so -path '*ossl-modules*')")
cp "$arch/tpm2.so" "$dir/lib/ossl-modules/"
cp -P "$arch"/../lib{tss2,tpms,opensc,tpm2_pkcs11}*.so* "$arch"/../swtpm/*.so* "$dir/lib/"
cp -P "$arch"/../lib{rpm,lua5.3,popt,sqlite3,magic,archive,fsverity,dw,elf,db-5.3}*.so* "$dir/lib/"
cp -r "$work/root/usr/lib/rpm" "$dir/lib/"
cp "$work/root/usr/lib/file/magic.mgc" "$dir/lib/"
for name in softhsm2-util pkcs11-tool swtpm tpm2 rpm rpmbuild db5.3_load; do
  cp "$work/root/usr/bin/$name" "$dir/libexec/"
  extra=''
  [ $name != softhsm2-util ] || extra=' --module "$here/lib/softhsm/libsofthsm2.so"'
  cat > "$dir/bin/$name" << WRAPPER
#!/bin/sh
here=\$(cd "\$(dirname "\$0")/.." && pwd)
export RPM_CONFIGDIR="\$here/lib/rpm" MAGIC="\$here/lib/magic.mgc"
LD_LIBRARY_PATH=\$here/lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH} exec "\$here/libexec/$name" "\$@"$extra
WRAPPER
  chmod +x "$dir/bin/$name"
done
touch "$dir/.complete-4"
