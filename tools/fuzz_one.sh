#!/usr/bin/env bash
# Runs one fuzz target from its seeds, for HEARTH_FUZZ_SECONDS (20); its output comes in one piece, since others run beside it.
#
#   tools/fuzz_one.sh build/fuzz/fuzz/fuzz_json
set -euo pipefail
target=$1
name=$(basename "$target")
seeds=fuzz/corpus/${name#fuzz_}
corpus=build/fuzz/corpus/$name
mkdir -p "$corpus"
arguments=(-max_total_time="${HEARTH_FUZZ_SECONDS:-20}" -timeout=10 -rss_limit_mb=4096 -verbosity=0 -seed="${HEARTH_FUZZ_SEED:-1}"
  -artifact_prefix=build/fuzz/ "$corpus")
[ -d "$seeds" ] && arguments+=("$seeds")
rc=0
output=$("$target" "${arguments[@]}" 2>&1) || rc=$?
if [ "$rc" -eq 0 ]; then
  echo "$name: ${HEARTH_FUZZ_SECONDS:-20} s, nothing found"
else
  printf '%s: FAILED\n%s\n' "$name" "$output"
fi
exit "$rc"
