#!/usr/bin/env bash
# memory.sh [DIR]: the highest memory of the process, as the kernel counts it, of what goes through very many files and shards, as Markdown.
# DIR (a new folder in TMPDIR) gets FILES (1000000) files of four bytes, in one directory and once more, as hard links, in a thousand, and one
# file of 8 GiB without blocks. All of it is removed at the end. GNU time is needed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
files=${FILES:-1000000}
dir=${1:-$(mktemp -d)}
mkdir -p "$dir"
cd "$dir"
trap 'rm -rf one many big part.* signature.* cache' EXIT
ours=$dir/app/artifact-trust
[ -x "$ours" ] || dotnet publish "$here/../../src/ArtifactTrust.Cli" --configuration Release --runtime linux-x64 --no-self-contained --output "$dir/app" --verbosity quiet --nologo >&2
mkdir -p one many big
truncate -s 8G big/sparse.bin
seq -f '%07.0f' "$files" | awk '{ printf "%04d", $1 % 10000 > ("one/file-" $1 ".txt"); close("one/file-" $1 ".txt") }'
(cd one && printf '%s\n' *) | split -l $(((files + 999) / 1000)) -a 3 -d - list.
for list in list.*; do
  mkdir "many/${list#list.}"
  (cd one && xargs ln -t "../many/${list#list.}") < "$list"
done
rm list.*
[ -f k.key ] || "$ours" keygen k.key --no-password > /dev/null

measure() { # measure TITLE ARGUMENT...
  /usr/bin/time -o time.out -f '%M %e' "$ours" "${@:2}" > "${out:-/dev/null}" 2> err.out || { cat err.out >&2; exit 1; }
  tail -n 1 time.out | awk -v t="$1" '{ printf "| %s | %.0f | %.0f |\n", t, $1 / 1024, $2 }'
}

echo "$(date -u +%Y-%m-%d), $(nproc) cores"
printf '\n| %s files of 4 bytes | peak MiB | seconds |\n|---|---|---|\n' "$files"
measure '`hash`, in up to 1,000 directories' hash many
measure '`hash`, in one directory' hash one
for i in 1 2; do out=part.$i measure "\`hash --part $i/2\`, in one directory" hash one --part $i/2; done
measure '`hash --merge`' hash --merge part.1 part.2
measure '`sign`' sign many --key k.key --signature signature.1
measure '`verify`' verify many --key k.pub --signature signature.1
measure '`sign --hash-cache`, a new one' sign many --key k.key --signature signature.2 --hash-cache cache
measure '`sign --hash-cache`' sign many --key k.key --signature signature.3 --hash-cache cache
measure '`sign --shards 1MiB`' sign many --key k.key --signature signature.4 --shards 1MiB
measure '`verify` of shards' verify many --key k.pub --signature signature.4
printf '\n| one file of 8 GiB | peak MiB | seconds |\n|---|---|---|\n'
measure '`sign --shards 128KiB`, 65,536 shards' sign big --key k.key --signature signature.5 --shards 128KiB
measure '`verify` of them' verify big --key k.pub --signature signature.5
