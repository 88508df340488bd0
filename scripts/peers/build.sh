#!/usr/bin/env bash
# Builds bboltpeer with the metered bbolt: build.sh [outdir] (default: bin beside this script,
# ignored by git). The last line says what was built: PATH source=proxy|debian. See prepare.sh.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

out=${1:-$PEERS/bin}
mkdir -p "$out"
out=$(cd "$out" && pwd)
prepare
cd "$PEERS"
go build "${GO_FLAGS[@]}" -trimpath -ldflags "-X main.source=$SOURCE" -o "$out/bboltpeer" .
echo "$out/bboltpeer source=$SOURCE"
