#!/usr/bin/env bash
# Feeds each reader of untrusted input near misses of good ones, and tells inputs a second and which lines of the library were reached.
# usage: tests/fuzz.sh [SECONDS-FOR-EACH-TARGET]
set -euo pipefail
cd "$(dirname "$0")/.."
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
ARTIFACT_TRUST_FUZZ_SECONDS=${1:-60} dotnet test tests/ArtifactTrust.Tests -c Release --filter FullyQualifiedName~.Fuzzing. \
  --logger "console;verbosity=detailed" --collect "XPlat Code Coverage" --results-directory "$results" | grep -E "inputs,|fails on|allocates|Passed:|Failed:|error"
python3 - "$results" <<'PY'
import collections, glob, sys, xml.etree.ElementTree as tree

[report] = glob.glob(sys.argv[1] + "/*/coverage.cobertura.xml")
lines = collections.defaultdict(dict)
for cls in tree.parse(report).iter("class"):
    name = cls.get("filename").split("src/")[-1]
    for line in cls.iter("line"):
        lines[name][line.get("number")] = max(lines[name].get(line.get("number"), 0), int(line.get("hits")))
folders = collections.defaultdict(lambda: [0, 0])
for name, hits in lines.items():
    reached = sum(1 for h in hits.values() if h)
    if reached:  # files that no target touches are not what is fuzzed
        folder = folders[name.rsplit("/", 1)[0]]
        folder[0] += reached
        folder[1] += len(hits)
for folder, (reached, total) in sorted(folders.items()):
    print(f"{folder}: {reached} of {total} lines ({100 * reached // total} %)")
PY
