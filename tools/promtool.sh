#!/usr/bin/env bash
# Brings promtool, which judges the metrics pages in the tests, into .venv/bin. Out of Debian's package, but not installed: with the
# package would come a Prometheus server that starts by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=.venv/bin/promtool
[ -x "$wanted" ] && exit 0
if found=$(command -v promtool); then
  ln -s "$found" "$wanted"
  exit 0
fi
command -v apt-get >/dev/null || { echo "promtool: put promtool on the PATH, or into $wanted" >&2; exit 1; }
echo "promtool: taking it out of Debian's package prometheus"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
(cd "$folder" && apt-get download prometheus >/dev/null 2>&1 && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool) ||
  { echo "promtool: cannot take it out of Debian's package prometheus: apt-get download failed; put promtool on the PATH" >&2; exit 1; }
mv "$folder/usr/bin/promtool" "$wanted"
