#!/bin/busybox sh
# What the machine of fs-verity.sh does in place of starting a system.
/bin/busybox mkdir -p /proc /sys /dev /tmp /mnt /work /bb
/bin/busybox --install -s /bb
export PATH=/bin:/sbin:/usr/bin:/usr/sbin:/bb DOTNET_ROOT=/dotnet HOME=/work DOTNET_EnableDiagnostics=0
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs work /work
echo 1 >/proc/sys/kernel/printk
echo /bb/modprobe >/proc/sys/kernel/modprobe
depmod -a
for module in virtio_pci virtio_blk crc32c_intel crc32c_generic ext4 xfs btrfs f2fs; do modprobe "$module" 2>/dev/null; done
cd /work

at() { timeout 120 /cli/artifact-trust "$@"; }

check() { # check NAME COMMAND...: the command succeeds
    name="$on: $1"
    shift
    if "$@" >/work/out 2>&1; then echo "PASS $name"; else
        echo "FAIL $name"
        sed 's/^/  /' /work/out
    fi
}

refused() { # refused NAME COMMAND...: the command fails
    name="$on: $1"
    shift
    if "$@" >/work/out 2>&1; then echo "FAIL $name"; else echo "PASS $name"; fi
}

counts() { # counts FILE NAME VALUE: what a run's JSON says of its copy
    grep -q "\"$2\": *$3\b" "$1" && return
    cat "$1"
    return 1
}

copy() { # copy TARGET STORE [OPTION...]: verifies, copies, keeps the JSON and the warnings
    target=$1
    store=$2
    shift 2
    at verify /work/model --key /work/k.pub --copy-to "$target" --link "$store" --output json "$@" >"/work/json" 2>/work/warnings || {
        cat /work/json /work/warnings
        return 1
    }
}

same() { diff -r /work/model "$1"; }
inode() { stat -c %i "$1"; }
stored() { sha=$(sha256sum "/work/model/$1" | cut -d' ' -f1); echo "$2/sha256/$(echo "$sha" | cut -c1-2)/$(echo "$sha" | cut -c3-)"; }
forget() { sync; echo 3 >/proc/sys/vm/drop_caches; }
not() { ! "$@"; }

all_sealed() { # by the digest that the tool of the kernel's authors computes from the original bytes
    for file in weights.bin config.json sub/vocabulary.txt empty run.sh; do
        [ "$(fsverity measure "$(stored $file "$1")" | cut -d' ' -f1)" = "$(fsverity digest /work/model/$file | cut -d' ' -f1)" ] || {
            echo "$file: $(fsverity measure "$(stored $file "$1")" 2>&1), expected $(fsverity digest /work/model/$file)"
            return 1
        }
    done
}

none_sealed() {
    for file in $(find "$1" -type f); do not fsverity measure "$file" || return 1; done
}

# The model: 5 MiB with a line by which its blocks are found on the disk, a small file, one in a directory, an empty one, a program.
mkdir -p model/sub
{ dd if=/dev/urandom bs=1M count=2; yes 'THE-BLOCK-THAT-GOES-BAD' | head -c 4096; dd if=/dev/urandom bs=1M count=3; } >model/weights.bin 2>/dev/null
echo '{"layers": 3}' >model/config.json
yes word | head -c 70000 >model/sub/vocabulary.txt
: >model/empty
printf '#!/bin/sh\n' >model/run.sh
chmod 755 model/run.sh
on=machine
check 'a key is made' at keygen k.key --no-password
check 'a model is signed' at sign model --key k.key

seals() { # seals DEVICE: a file system that seals files
    d=/mnt
    check 'a first copy is made' copy $d/v1 $d/store
    check 'it is the model' same $d/v1
    check 'stored files are sealed, each with the digest of its bytes' all_sealed $d/store
    check 'a second copy is made' copy $d/v2 $d/store
    check 'it is the model' same $d/v2
    check 'all of it is from the store' counts json fromStore 5
    check 'all but the program is linked' counts json linked 4
    check 'a linked file is the stored inode' [ "$(inode $d/v2/weights.bin)" = "$(inode "$(stored weights.bin $d/store)")" ]
    refused 'nobody appends to a sealed file' sh -c "chmod 644 $d/v2/weights.bin && echo x >>$d/v2/weights.bin"
    refused 'nobody writes to it by its name in the store' sh -c "echo x >$(stored config.json $d/store)"
    refused 'nobody cuts it short' truncate -s 1 $d/v2/weights.bin
    check 'the copy still verifies' at verify $d/v2 --signature /work/model.sig --key k.pub
    check 'a third copy is linked though its mode was changed' copy $d/v3 $d/store
    check 'all but the program is linked' counts json linked 4
    check 'an unsealed file under a stored name is not linked' unsealed $d
    check 'with --hard-links too, stored files are sealed' hard_links $d
}

unsealed() { # somebody who may write to the store puts a plain file of the right bytes there
    file=$(stored sub/vocabulary.txt "$1/store")
    rm -f "$file"
    cp /work/model/sub/vocabulary.txt "$file"
    copy "$1/v4" "$1/store" && same "$1/v4" && counts json linked 3 && [ "$(inode "$file")" != "$(inode "$1/v4/sub/vocabulary.txt")" ]
}

hard_links() {
    copy "$1/h1" "$1/hard" --hard-links && same "$1/h1" && all_sealed "$1/hard" \
        && [ "$(inode "$1/h1/weights.bin")" = "$(inode "$(stored weights.bin "$1/hard")")" ] && copy "$1/h2" "$1/hard" && counts json linked 4
}

goes_bad() { # goes_bad DEVICE: the disk gives other bytes of a sealed file; the copy is on another file system, so that they are on it once
    check 'a store for a copy elsewhere is made' copy /work/elsewhere /mnt/store2
    rm -rf /work/elsewhere
    check 'a copy beside it is linked' copy /mnt/b1 /mnt/store2
    check 'all but the program is linked' counts json linked 4
    rm -rf /mnt/store /mnt/hard /mnt/v? /mnt/h?
    umount /mnt
    # What was removed is still on the disk: every place is overwritten.
    for at in $(/bin/grep -abo THE-BLOCK-THAT-GOES-BAD "$1" | cut -d: -f1); do printf X | dd of="$1" bs=1 seek="$at" conv=notrunc 2>/dev/null; done
    forget
    mount "$1" /mnt
    refused 'the file cannot be read any more' cat "$(stored weights.bin /mnt/store2)"
    at verify /mnt/b1 --signature /work/model.sig --key k.pub >/work/out 2>&1
    code=$?
    check "the copy does not verify (exit code $code)" [ $code -eq 1 -o $code -eq 3 ]
    check 'the next copy takes the file from the source' copy /mnt/b2 /mnt/store2
    check 'it is the model' same /mnt/b2
    check 'the rest is from the store' counts json fromStore 4
    check 'there is a warning' grep -q 'was not used' warnings
    check 'the stored file is mended and sealed' all_sealed /mnt/store2
    check 'it is linked again' copy /mnt/b3 /mnt/store2
    check 'all but the program is linked' counts json linked 4
}

shares() { # shares: a file system that shares blocks
    check 'a copy shares its blocks with the source' shares_with_source
    check 'a first copy with a store' copy /mnt/s1 /mnt/plain
    check 'a second copy is made' copy /mnt/s2 /mnt/plain
    check 'it is the model' same /mnt/s2
}

shares_with_source() {
    cp -r /work/model /mnt/model && sync && at verify /mnt/model --signature /work/model.sig --key k.pub --copy-to /mnt/c1 --output json >json &&
        same /mnt/c1 && counts json cloned 4 && sync && filefrag -v /mnt/c1/weights.bin | grep -q shared &&
        echo other >>/mnt/model/weights.bin && same /mnt/c1
}

on='ext4 with verity'
mkfs.ext4 -q -O verity /dev/vda && mount /dev/vda /mnt
seals
goes_bad /dev/vda
umount /mnt

on='f2fs with verity'
if mkfs.f2fs -q -O extra_attr,verity /dev/vdb >/work/out 2>&1 && mount -t f2fs /dev/vdb /mnt; then
    seals
    goes_bad /dev/vdb
    umount /mnt
else
    echo "SKIP $on"
    sed 's/^/  /' /work/out
fi

on='ext4 without verity'
mkfs.ext4 -q -O ^verity /dev/vdc && mount /dev/vdc /mnt
check 'a first copy is made' copy /mnt/v1 /mnt/store
check 'nothing is said of sealing' [ ! -s warnings ]
check 'no stored file is sealed' none_sealed /mnt/store
check 'a second copy is made' copy /mnt/v2 /mnt/store
check 'it is the model' same /mnt/v2
check 'all of it is from the store' counts json fromStore 5
check 'none of it is linked' counts json linked 0
check 'with --hard-links a copy is made' copy /mnt/v3 /mnt/store --hard-links
check 'all but the program is linked' counts json linked 4
umount /mnt

on=XFS
mkfs.xfs -q -f /dev/vdd && mount -t xfs /dev/vdd /mnt
shares
check 'all but the empty file shares blocks with the store' counts json cloned 4
check 'no stored file is sealed' none_sealed /mnt/plain
check 'a write to a copy is not seen in the store' sh -c "echo x >>/mnt/s2/weights.bin && cmp /work/model/weights.bin $(stored weights.bin /mnt/plain)"
umount /mnt

on=Btrfs
mkfs.btrfs -q -f /dev/vde >/dev/null 2>&1 && mount -t btrfs /dev/vde /mnt
shares
seals
goes_bad /dev/vde
umount /mnt

echo END
poweroff -f
