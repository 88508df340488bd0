#!/usr/bin/env bash
# Everything that must hold here: formatting, vet, and the tests against the metered bbolt, then
# against the newest one; then with the storage of each etcd. Arguments go to go test. The last line
# is as in build.sh.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
. "$PEERS/etcd-mvcc/prepare.sh"

unformatted=$(gofmt -l "$PEERS")
[ -z "$unformatted" ] || fail "gofmt: $unformatted"
prepare

# A name that is missing, or there twice, must stop the build.
printf 'one\ntwo two\n' > "$TEMPORARY/names"
(replace_once "$TEMPORARY/names" one 1) && grep -qx 1 "$TEMPORARY/names" || fail "rename self-test"
for name in two three; do
  if (replace_once "$TEMPORARY/names" "$name" 2) 2> /dev/null; then fail "renamed '$name'"; fi
done

cd "$PEERS"
go vet "${GO_FLAGS[@]}" ./...
KVTUNE_REQUIRE_METER=1 go test "${GO_FLAGS[@]}" "$@" ./...
if prepare_newest; then
  go vet "${NEWEST_FLAGS[@]}" ./...
  go test "${NEWEST_FLAGS[@]}" "${NEWEST_NAME[@]}" "$@" .
else
  echo "peers: not tested with a newer bbolt than 1.3.6: $WHY_NOT" >&2
fi

etcds=()
cd "$ETCD_MVCC"
for version in $(etcd_versions); do
  if prepare_etcd "$version"; then
    go vet "${ETCD_FLAGS[@]}" ./...
    go test "${ETCD_FLAGS[@]}" "$@" .
    etcds+=("$version")
  else
    echo "peers: not tested with the storage of etcd $version: $WHY_NOT" >&2
  fi
done
etcd=$(IFS=,; echo "${etcds[*]-}")
echo "tested source=$SOURCE newest=$NEWEST etcd=${etcd:-none}"
