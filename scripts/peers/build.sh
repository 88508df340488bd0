#!/usr/bin/env bash
# Builds the peers: build.sh [outdir] (default: bin beside this script, ignored by git).
#
#   bboltpeer          bbolt 1.3.6 with a meter in its freelist
#   bboltpeer-plain    bbolt 1.3.6 as it is
#   bboltpeer-newest   the newest bbolt that can be had and built; one line says so where none can
#   etcdmvccpeer           storage of the newest etcd 3.5; likewise
#   etcdmvccpeer-newest    storage of a newer etcd; likewise
#
# The last line says what was built: PATH source=proxy|debian newest=VERSION|none etcd=VERSIONS|none.
# See prepare.sh and etcd-mvcc/prepare.sh.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
. "$PEERS/etcd-mvcc/prepare.sh"

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

etcds=()
name=etcdmvccpeer
for version in $(etcd_versions); do
  rm -f "$out/$name"
  if prepare_etcd "$version"; then
    install -m 755 "$TEMPORARY/etcdmvcc-$version" "$out/$name"
    etcds+=("$version")
  else
    echo "peers: no storage of etcd $version: $WHY_NOT" >&2
  fi
  name=etcdmvccpeer-newest
done
etcd=$(IFS=,; echo "${etcds[*]-}")
echo "$out/bboltpeer source=$SOURCE newest=$NEWEST etcd=${etcd:-none}"
