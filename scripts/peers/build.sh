#!/usr/bin/env bash
# Builds the peers: build.sh [outdir] (default: bin beside this script, ignored by git).
#
#   bboltpeer          bbolt 1.3.6 with a meter in its freelist
#   bboltpeer-plain    bbolt 1.3.6 as it is
#   bboltpeer-newest   the newest bbolt that can be had and built; one line says so where none can
#
# The last line says what was built: PATH source=proxy|debian newest=VERSION|none. See prepare.sh.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

out=${1:-$PEERS/bin}
mkdir -p "$out"
out=$(cd "$out" && pwd)
prepare
cd "$PEERS"
name_source=(-trimpath -ldflags "-X main.source=$SOURCE")
go build "${GO_FLAGS[@]}" "${name_source[@]}" -o "$out/bboltpeer" .
go build "${PLAIN_FLAGS[@]}" "${name_source[@]}" -o "$out/bboltpeer-plain" .
rm -f "$out/bboltpeer-newest"
if prepare_newest; then
  install -m 755 "$TEMPORARY/newest" "$out/bboltpeer-newest"
else
  echo "peers: no newer bbolt than 1.3.6: $WHY_NOT" >&2
fi
echo "$out/bboltpeer source=$SOURCE newest=$NEWEST"
