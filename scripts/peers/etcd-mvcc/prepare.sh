# Finds the etcds whose storage builds here, for build.sh and test.sh of the folder above, which
# source this file after their prepare.sh (PEERS, TEMPORARY and fail are theirs).
#
# go.mod names the newest etcd 3.5, modules/ one go.mod with its sums for each newer one, which
# needs the build tag of its names (store35.go, store36.go). All come through the Go module proxy;
# nothing fetched enters the project. prepare_etcd VERSION sets ETCD_FLAGS and leaves the program in
# TEMPORARY/etcdmvcc-VERSION, or fails with WHY_NOT set. These peers are extra: without them the
# bbolt peers are still built, and one line says what is missing.

ETCD_MVCC=$PEERS/etcd-mvcc

# The version that go.mod names, and the newest of modules/.
etcd_versions() {
  (cd "$ETCD_MVCC" && sed -n 's|^\tgo.etcd.io/etcd/server/v3 v||p' go.mod)
  (cd "$ETCD_MVCC/modules" && printf '%s\n' etcd-*.mod | sort -V | tail -n 1 |
    sed 's/^etcd-//; s/\.mod$//')
}

prepare_etcd() {
  local version=$1
  case $version in
    3.5.*) ETCD_FLAGS=(-mod=readonly) ;;
    *) ETCD_FLAGS=(-mod=readonly -tags=etcd36 "-modfile=$ETCD_MVCC/modules/etcd-$version.mod") ;;
  esac
  # The first build compiles all that the store needs. A dead proxy must not hang it.
  (
    cd "$ETCD_MVCC"
    timeout 300 go build "${ETCD_FLAGS[@]}" -trimpath -o "$TEMPORARY/etcdmvcc-$version" .
  ) > "$TEMPORARY/etcdmvcc.log" 2>&1 && return 0
  WHY_NOT="needs the Go module proxy and the Go of its go.mod: $(tail -n 1 "$TEMPORARY/etcdmvcc.log")"
  return 1
}
