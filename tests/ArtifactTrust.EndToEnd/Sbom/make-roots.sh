#!/usr/bin/env bash
# make-roots.sh SCRIPTS DIR: roots of three images in DIR, one folder for each layer, from packages of this system's Debian mirror.
# Packages are unpacked as dpkg does it, and entered into its database; nothing of them runs.
set -euo pipefail

scripts=${1:?} dir=${2:?}
mkdir -p "$dir/debs"
system=(base-files libc6 libgcc-s1 gcc-12-base zlib1g libssl3 openssl libtinfo6 python3-six python3-attr)
python=(python3-rich python3-markdown-it python3-mdurl python3-pygments)
node=(node-semver node-chalk node-debug node-ms node-lru-cache node-yallist node-supports-color)
"$scripts/apt-fetch.sh" "$dir/apt" bookworm "$dir/debs" "${system[@]}" "${python[@]}" "${node[@]}" > "$dir/log" 2>&1 \
  || { tail -n 5 "$dir/log" >&2; exit 1; }

deb() { echo "$dir"/debs/"$1"_*.deb; }

# unpack ROOT PACKAGE...: the packages with their entries in dpkg's database.
unpack() {
  local root=$1 database=$1/var/lib/dpkg name deb
  shift
  mkdir -p "$database/info"
  for name; do
    deb=$(deb "$name")
    dpkg-deb -x "$deb" "$root"
    { dpkg-deb -f "$deb" | sed '1a Status: install ok unpacked'; echo; } >> "$database/status"
    dpkg-deb --fsys-tarfile "$deb" | tar -t | sed -e 's|^\.||' -e 's|\(.\)/$|\1|' > "$database/info/$name.list"
  done
}

# A system, and a layer that takes a package away and upgrades another.
unpack "$dir/system/0" "${system[@]}"
mkdir -p "$dir/system/1/var/lib/dpkg/info" "$dir/system/1/usr/bin"
awk 'BEGIN { RS = ""; ORS = "\n\n" } !/^Package: openssl\n/' "$dir/system/0/var/lib/dpkg/status" \
  | sed 's/^Version: \(1:1\.2\.13.*\)$/Version: \1+local1/' > "$dir/system/1/var/lib/dpkg/status"
touch "$dir/system/1/usr/bin/.wh.openssl" "$dir/system/1/var/lib/dpkg/info/.wh.openssl.list"

# The same with an application of Python's that dpkg knows nothing of.
mkdir -p "$dir/python/1/opt/app"
cp -r "$dir/system/0" "$dir/python/0"
for name in "${python[@]}"; do dpkg-deb -x "$(deb "$name")" "$dir/unpacked-python"; done
cp -r "$dir/unpacked-python/usr/lib/python3/dist-packages" "$dir/python/1/opt/app/site-packages"

# The same with an application of Node.js.
mkdir -p "$dir/node/1/app"
cp -r "$dir/system/0" "$dir/node/0"
for name in "${node[@]}"; do dpkg-deb -x "$(deb "$name")" "$dir/unpacked-node"; done
cp -r "$dir/unpacked-node/usr/share/nodejs" "$dir/node/1/app/node_modules"
echo '{"name":"app","version":"1.0.0","dependencies":{"semver":"*","chalk":"*","debug":"*"}}' > "$dir/node/1/app/package.json"
