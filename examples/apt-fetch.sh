#!/usr/bin/env bash
# apt-fetch.sh STATE SUITE DIR PACKAGE...: download packages of a Debian suite into DIR, from the mirror this system already uses.
# Nothing on the system changes: apt works on a private state, and checks the suite's signature with Debian's own keys.
set -euo pipefail

state=${1:?} suite=${2:?} dir=${3:?}
shift 3
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f $keyring ] || { echo "apt-fetch.sh: this needs Debian's apt and its keyring ($keyring)" >&2; exit 1; }
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | grep -v '^[[:space:]]*#' | grep -oE 'https?://[^] ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
[ -n "$mirror" ] || { echo "apt-fetch.sh: no Debian mirror among this system's package sources" >&2; exit 1; }

mkdir -p "$state"/{lists/partial,archives/partial,parts}
echo "deb [signed-by=$keyring] $mirror $suite main" > "$state/sources.list"
cat > "$state/apt.conf" <<CONF
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "$state/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$state/parts";
Dir::State::lists "$state/lists";
Dir::State::status "/dev/null";
Dir::Cache "$state";
Dir::Cache::archives "$state/archives";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "";
CONF
export APT_CONFIG=$state/apt.conf
apt-get update -q
cd "$dir" && apt-get download -q "$@"
