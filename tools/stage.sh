# Stages of script/test, script/check and .ci/run: each prints its minutes and counts into one tally. Sourced, not run.
#
# Sanitized for `set -euo pipefail`: a failed stage is counted and reported, the caller goes on, stage_summary exits 1 if any failed.
tally=${HEARTH_TALLY:-$(mktemp -t hearth-tally.XXXXXX)}

_stage_end() {  # NAME STARTED RC
  local seconds=$((SECONDS - $2))
  printf -- '--- %s: %s in %d.%d min\n' "$1" "$([ "$3" -eq 0 ] && echo passed || echo FAILED)" $((seconds / 60)) $((seconds % 60 / 6))
}

stage() {  # NAME COMMAND…   one check, passed or failed
  local name=$1 started=$SECONDS rc=0
  shift
  printf -- '=== %s\n' "$name"
  "$@" || rc=$?
  if [ "$rc" -eq 0 ]; then echo "1 0 0" >>"$tally"; else echo "0 1 0 $name" >>"$tally"; fi
  _stage_end "$name" "$started" "$rc"
  return "$rc"
}

stage_ctest() {  # NAME PRESET CTEST-ARGUMENTS…   counts each test
  local name=$1 preset=$2 started=$SECONDS rc=0
  shift 2
  printf -- '=== %s\n' "$name"
  local junit="$PWD/build/$preset/junit.xml"
  rm -f "$junit"
  ctest --preset "$preset" --output-junit "$junit" "$@" || rc=$?
  python3 - "$junit" "$name" "$rc" >>"$tally" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree
path, name, rc = sys.argv[1], sys.argv[2], int(sys.argv[3])
try:
    suite = tree.parse(path).getroot()
    tests, failed = int(suite.get("tests")), int(suite.get("failures"))
    skipped = int(suite.get("skipped", 0)) + int(suite.get("disabled", 0))
except (OSError, tree.ParseError):
    tests, failed, skipped = 0, 0, 0
if rc != 0 and failed == 0:
    failed = 1
print(max(0, tests - failed - skipped), failed, skipped, name)
PYTHON
  _stage_end "$name" "$started" "$rc"
  return "$rc"
}

stage_summary() {  # the closing line; fails when anything failed or nothing ran
  if [ -n "${HEARTH_TALLY:-}" ]; then  # a caller sums up
    ! awk '$2 > 0 { bad = 1 } END { exit !bad }' "$tally"
    return
  fi
  closing_line 0
}

closing_line() {  # BROKEN   of the whole tally; not 0: something ended badly, even if no count says so
  awk -v broken="$1" \
    '{ p += $1; f += $2; s += $3; if ($2 > 0) bad = bad " " $4 }
     END { if (broken > 0 && f == 0) f = 1; if (bad) print "failed:" bad; print p " passed, " f " failed, " s " skipped"; exit f > 0 || p == 0 }' \
    "$tally"
}
