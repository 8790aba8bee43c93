#!/usr/bin/env bash
# slow-media.sh [DIR]: time `artifact-trust hash` beside one stream (`cat` and `sha256sum` of the files in the order of their names) on a disk that
# seeks and on a network, each in its turn, and print Markdown: 1 file of 1 GB, 50 of 20 MB, 5,000 of 16 KB. slow-medium.py says what the media are.
# DIR (a new folder in TMPDIR) gets 2 GB of data. RUNS runs (3), of which medians are shown. SCALE=8 makes all of it 8 times smaller.
# Needs root or fusermount, and Debian's python3-fusepy.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
runs=${RUNS:-3} scale=${SCALE:-1}
dir=${1:-$(mktemp -d)}
mkdir -p "$dir/mount"
cd "$dir"
ours=$dir/app/artifact-trust
[ -x "$ours" ] || dotnet publish "$here/../../src/ArtifactTrust.Cli" --configuration Release --runtime linux-x64 --no-self-contained --output "$dir/app" --verbosity quiet --nologo >&2
if [ "$(cat .complete 2> /dev/null)" != "$scale" ]; then
  rm -rf data
  mkdir -p data/one data/some data/many
  head -c $((1000000000 / scale)) /dev/urandom > data/one/big
  head -c $((1000000000 / scale)) data/one/big | (cd data/some && split -b 20MB -a 2 -d - file)
  head -c $((80000000 / scale)) data/one/big | (cd data/many && split -b 16KB -a 4 -d - file)
  echo "$scale" > .complete
fi
cat data/*/* > /dev/null # what is slow is the medium, not what it is made of

server=
stop() {
  [ -n "$server" ] || return 0
  fusermount -u mount
  wait "$server"
  server=
}
trap stop EXIT

start() { # start MEDIUM: mounts a folder as if it were new to this machine
  /usr/bin/python3 "$here/slow-medium.py" "$1" data mount 2>> server.out &
  server=$!
  for _ in $(seq 100); do
    mountpoint -q mount && return
    sleep 0.1
  done
  echo "slow-media.sh: nothing was mounted" >&2
  exit 1
}

seconds() { # seconds MEDIUM COMMAND: the time of one run on a fresh mount
  start "$1"
  local from=$EPOCHREALTIME
  sh -c "$2" > /dev/null
  local to=$EPOCHREALTIME
  stop
  awk -v a="$from" -v b="$to" -v s="$(tail -n 1 server.out | cut -d' ' -f1)" 'BEGIN { print b - a, s }'
}

median() { cut -d' ' -f"${2:-1}" "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

echo "$(date -u +%Y-%m-%d), $(nproc) cores, medians of $runs, seconds"
printf '\n| medium | files | `cat` | `sha256sum` | `hash` | of the faster | seeks of `cat` and `hash` |\n|---|---|---|---|---|---|---|\n'
for medium in disk network; do
  for set in one some many; do
    stream="find mount/$set -type f | LC_ALL=C sort | xargs"
    rm -f times.*
    for _ in $(seq "$runs"); do
      seconds $medium "$stream cat" >> times.cat
      seconds $medium "$stream sha256sum" >> times.sum
      seconds $medium "$ours hash mount/$set" >> times.ours
    done
    awk -v m=$medium -v n="$(find data/$set -type f | wc -l)" -v c="$(median times.cat)" -v s="$(median times.sum)" -v o="$(median times.ours)" \
      -v k="$(median times.cat 2)" -v l="$(median times.ours 2)" \
      'BEGIN { printf "| %s | %d | %.1f | %.1f | %.1f | %.2f | %s |\n", m, n, c, s, o, o / (c < s ? c : s), m == "disk" ? k ", " l : "" }'
  done
done
