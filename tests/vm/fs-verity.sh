#!/usr/bin/env bash
# Tries `verify --copy-to --link` on file systems that this machine's kernel may not have: sealed files (fs-verity) on ext4, f2fs and Btrfs, shared
# blocks on XFS and Btrfs, and a disk that gives other bytes than were written. A virtual machine with Debian's kernel does it.
#
#   tests/vm/fs-verity.sh [DIR]      DIR keeps the packages and the published CLI for the next run
#
# Needs Debian or Ubuntu on x86-64, qemu-system-x86_64, cpio and the .NET SDK. Nothing is installed, and no rights are needed: the machine is emulated,
# unless ACCELERATION=kvm says that this one can do better. Prints PASS and FAIL lines; exit code 1: a check failed, 3: it did not get to its end.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
for tool in qemu-system-x86_64 cpio dotnet apt-get dpkg; do
    command -v "$tool" >/dev/null || { echo "needs $tool" >&2; exit 2; }
done
dir=${1:-}
if [ -z "$dir" ]; then
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
fi
mkdir -p "$dir/packages" "$dir/machine"
cd "$dir"

packages="$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p')
    busybox-static libc6 libstdc++6 libgcc-s1 libssl3 libpcre2-8-0 grep fsverity libfsverity0
    e2fsprogs libcom-err2 libext2fs2 libblkid1 libuuid1 libss2 f2fs-tools libselinux1
    btrfs-progs liblzo2-2 libzstd1 zlib1g libudev1 xfsprogs libedit2 libinih1 liburcu8 libdevmapper1.02.1 libicu72 libbsd0 libmd0 libtinfo6"
if ! [ -e packages/complete ]; then
    # shellcheck disable=SC2086 # a list
    (cd packages && apt-get -q download $packages)
    touch packages/complete
fi
[ -x cli/artifact-trust ] || dotnet publish "$here/../../src/ArtifactTrust.Cli" -c Release -r linux-x64 -o cli -v q

# The whole system is in memory: the packages, the parts of the kernel that are needed, .NET, the CLI and the checks.
rm -rf root kernel && mkdir -p root/modules root/dotnet/host root/dotnet/shared/Microsoft.NETCore.App kernel
for package in packages/*.deb; do
    case $package in *linux-image*) dpkg -x "$package" kernel ;; *) dpkg -x "$package" root ;; esac
done
rm -rf root/usr/share
release=$(cd kernel/lib/modules && echo *)
for part in fs/ext4 fs/jbd2 fs/mbcache.ko fs/btrfs fs/xfs fs/f2fs drivers/virtio drivers/block/virtio_blk.ko lib crypto arch/x86/crypto; do
    (cd "kernel/lib/modules/$release" && find "kernel/$part" -name '*.ko*' -print0 | cpio -0 -pdm --quiet "$dir/root/lib/modules/$release")
done
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
version=$(dotnet --list-runtimes | sed -n 's/^Microsoft.NETCore.App \(10\.[^ ]*\) .*/\1/p' | tail -n 1)
cp -r "$dotnet/host/fxr" root/dotnet/host/
cp -r "$dotnet/shared/Microsoft.NETCore.App/$version" root/dotnet/shared/Microsoft.NETCore.App/
cp -r cli root/cli
cp "$here/guest.sh" root/init
chmod 755 root/init
(cd root && find . -print0 | cpio -0 -o -H newc --quiet) >machine/system

drives=()
for disk in a b c d e; do
    rm -f "machine/$disk" && truncate -s 512M "machine/$disk"
    drives+=(-drive "file=machine/$disk,if=virtio,format=raw,cache=unsafe")
done
timeout 900 qemu-system-x86_64 -accel "${ACCELERATION:-tcg}" -m 3072 -smp 2 -display none -monitor none -serial file:machine/console -no-reboot -net none \
    -kernel kernel/boot/vmlinuz-* -initrd machine/system -append 'console=ttyS0 quiet panic=-1' "${drives[@]}" || true
tr -d '\r' <machine/console | grep -aE '^(PASS|FAIL|SKIP|  )' || true
if ! grep -aq '^END' machine/console; then
    echo "the machine did not get to its end; the last it said:" >&2
    tail -n 20 machine/console >&2
    exit 3
fi
! grep -aq '^FAIL' machine/console
