#!/usr/bin/env bash
# run.sh: everything that decides whether a change is good. Its last line is "N passed, N failed, N skipped".
# What the interop tests need is installed into .tools/; where that cannot be had, they are skipped with their reason.
set -uo pipefail

cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=true
results=$PWD/out/test-results
rm -rf "$results" && mkdir -p "$results"
passed=0 failed=0 skipped=0 failures=()

step() { # step NAME COMMAND...: one check that passes or fails as a whole
  local name=$1
  shift
  echo "== $name"
  if "$@"; then passed=$((passed + 1)); else fail "$name"; fi
}

fail() { # fail WHAT: counted now, and told again at the end, where a log that was cut still has it
  failed=$((failed + 1)) failures+=("$1")
  echo "FAILED: $1"
}

failed_tests() { # the name, the duration and the first lines of what each said
  awk '
    /<UnitTestResult .*outcome="Failed"/ {
      match($0, /testName="[^"]*"/); name = substr($0, RSTART + 10, RLENGTH - 11)
      match($0, /duration="[^"]*"/); print "FAILED: " name " after " substr($0, RSTART + 10, RLENGTH - 11)
      within = 1; lines = 0
    }
    within && /<Message>/ { message = 1 }
    within && /<StackTrace>/ { message = 1 }
    message && lines++ < 24 { print "    " substr($0, 1, 400) }
    /<\/Message>/ || /<\/StackTrace>/ { message = 0 }
    /<\/UnitTestResult>/ { within = 0 }
  ' "$@" 2> /dev/null | sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&#xD;//g; s/&#xA;/ /g; s/&amp;/\&/g'
}

finish() {
  if [ "$failed" -gt 0 ]; then
    echo '== failed'
    [ ${#failures[@]} -eq 0 ] || printf 'FAILED: %s\n' "${failures[@]}"
    failed_tests "$results"/*.trx
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
  exit
}

start_sigstore() { # from here on the instance is stopped at the end, whatever happens
  local dir=$PWD/.tools/sigstore base
  why=
  mkdir -p "$dir/run"
  STACK_DIR=$dir ../shared/sigstore-stack/down.sh > /dev/null 2>&1 # left over from a run that was killed
  for base in 18080 28080 38080; do # another instance may have the first ports
    if ! (exec 3<> "/dev/tcp/127.0.0.1/$base") 2> /dev/null; then break; fi
  done
  cat > "$dir/run/ports.json" << J
{"oidc":$base,"fulcio":$((base + 1)),"rekor2":$((base + 2)),"rekor2_grpc":$((base + 3)),"rekor1":$((base + 4)),"tsa":$((base + 5)),"ctlog":$((base + 6)),"trillian":$((base + 7)),"tuf":$((base + 8)),"registry":$((base + 9)),"registry_ref":$((base + 10)),"rekor2_http":$((base + 12))}
J
  trap 'STACK_DIR=$PWD/.tools/sigstore ../shared/sigstore-stack/down.sh > /dev/null 2>&1' EXIT
  trap 'exit 130' INT TERM HUP
  STACK_DIR=$dir timeout 900 ../shared/sigstore-stack/up.sh > "$dir/up.log" 2>&1 || { why=$(tail -n 1 "$dir/up.log"); return 1; }
}

command -v dotnet > /dev/null || { fail 'the .NET SDK 10 is needed: see global.json'; finish; }

step 'tools' dotnet tool restore --verbosity quiet
step 'layout of the sources' dotnet csharpier check .
step 'restore as locked' dotnet restore --locked-mode --verbosity quiet
step 'build without warnings' dotnet build ArtifactTrust.sln --configuration Release --no-restore --verbosity quiet
[ "$failed" -eq 0 ] || finish

if [ -z "${ARTIFACT_TRUST_PEERS:-}" ]; then
  echo '== peers for the interop tests'
  if tests/install-peers.sh .tools/peers; then export ARTIFACT_TRUST_PEERS=$PWD/.tools/peers; else echo 'not installed: the tests that need them are skipped'; fi
fi

# A whole Sigstore instance for the tests of signing without a key. Its servers are built once, into .tools/sigstore, which takes minutes.
if [ -z "${ARTIFACT_TRUST_SIGSTORE:-}" ] && [ -x ../shared/sigstore-stack/up.sh ]; then
  echo '== Sigstore instance for the keyless tests'
  if start_sigstore; then export ARTIFACT_TRUST_SIGSTORE=$PWD/.tools/sigstore; else echo "not started, so the tests that need it are skipped: $why"; fi
fi

for project in ArtifactTrust.Tests ArtifactTrust.EndToEnd; do
  echo "== $project"
  PATH=${ARTIFACT_TRUST_PEERS:+$ARTIFACT_TRUST_PEERS/bin:}$PATH dotnet test "tests/$project" --configuration Release --no-build --nologo --logger "trx;LogFileName=$project.trx" --logger 'console;verbosity=minimal' \
    --results-directory "$results" --blame-hang-timeout 15m > "$results/$project.log" 2>&1
  code=$?
  grep -vE '^\s*$|Determining projects|Attachments:|Results File' "$results/$project.log" | tail -n 120
  counters=$(grep -oE '<Counters [^>]*>' "$results/$project.trx" 2> /dev/null | head -n 1)
  count() { sed -E "s/.* $1=\"([0-9]+)\".*/\1/" <<< "$counters"; }
  if [ -z "$counters" ]; then
    fail "$project wrote no results (exit code $code)"
    continue
  fi
  ok=$(count passed) bad=$(count failed) total=$(count total)
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + total - ok - bad))
  if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then fail "$project ended with exit code $code"; fi
done

echo '== reasons of the skipped tests'
grep -h -A 6 'outcome="NotExecuted"' "$results"/*.trx 2> /dev/null | sed -nE 's/.*<Message>(.*)<\/Message>.*/\1/p' | sort | uniq -c

# The published cases of sigstore-conformance, where they are at hand: all must be judged right, and none by a crash.
if [ -f ../shared/tools/conformance.py ] && command -v python3 > /dev/null; then
  step 'sigstore conformance' python3 ../shared/tools/conformance.py --strict --client tests/conformance/sigstore
fi
step 'quickstart' examples/quickstart.sh "$results/evidence"
finish
