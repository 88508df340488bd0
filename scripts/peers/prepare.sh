# Makes a metered copy of bbolt 1.3.6 for build.sh and test.sh, which source this file.
#
# Owns a mktemp folder, removed at exit: a copy of bbolt with a few names changed, our
# _bbolt/meter.go beside them, and a go.mod that points at the copy. Nothing of bbolt enters the
# project. A copy, not `go build -overlay`: newer Go refuses to overlay files in its module cache.
# Sets PEERS, TEMPORARY, SOURCE (proxy or debian) and the array GO_FLAGS. Fails at once if the
# source is not 1.3.6 to the byte or if a name is not found exactly once.
#
# KVTUNE_BBOLT_SOURCE=proxy|debian allows only that source. Unset: the proxy, then Debian's package.

PEERS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
GOCODE=${KVTUNE_GOCODE:-/usr/share/gocode/src}
export GOWORK=off GOTOOLCHAIN=local

fail() {
  echo "peers: $*" >&2
  exit 6
}

# replace_once FILE OLD NEW: fixed strings within one line.
replace_once() {
  local file=$1 old=$2 new=$3 count text
  count=$(grep -oF -- "$old" "$file" | wc -l) || true
  [ "$count" -eq 1 ] || fail "$(basename "$file"): '$old' found $count times, expected once"
  text=$(cat "$file")
  printf '%s\n' "${text/"$old"/"$new"}" > "$file"
}

# Prints the folder of bbolt in the module cache, or fails. A dead proxy must not hang the build.
proxy_source() {
  [ "${KVTUNE_BBOLT_SOURCE:-proxy}" = proxy ] || return 1
  (cd "$PEERS" && timeout 120 go mod download go.etcd.io/bbolt golang.org/x/sys) >&2 || return 1
  (cd "$PEERS" && go list -m -f '{{.Dir}}' go.etcd.io/bbolt)
}

debian_source() {
  [ "${KVTUNE_BBOLT_SOURCE:-debian}" = debian ] || return 1
  [ -d "$GOCODE/go.etcd.io/bbolt" ] && [ -d "$GOCODE/golang.org/x/sys" ] || return 1
  echo "$GOCODE/go.etcd.io/bbolt"
}

# The files that are changed, or decide what is measured, are exactly those of 1.3.6. Debian's
# package differs from the module in two test files only.
check_source() {
  (cd "$1" && sha256sum --quiet -c "$PEERS/_bbolt/sha256sums") >&2 ||
    fail "the source in $1 is not bbolt 1.3.6"
}

rename_all() {
  local copy=$1
  replace_once "$copy/freelist.go" ') arrayAllocate(' ') unmeteredArrayAllocate('
  replace_once "$copy/freelist_hmap.go" ') hashmapAllocate(' ') unmeteredHashmapAllocate('
  replace_once "$copy/freelist.go" ') free(' ') unmeteredFree('
  replace_once "$copy/freelist.go" ') release(' ') unmeteredRelease('
  replace_once "$copy/freelist.go" ') releaseRange(' ') unmeteredReleaseRange('
  replace_once "$copy/tx.go" 'FreeN = tx.db.freelist.free_count()' \
    'FreeN = tx.db.freelist.meteredFreeCount()'
  replace_once "$copy/tx.go" 'tx.db.freelist.pending_count()' 'tx.db.freelist.meteredPendingCount()'
  replace_once "$copy/tx.go" 'Alloc = tx.db.freelist.size()' \
    'Alloc = tx.db.freelist.meteredSize()'
  replace_once "$copy/db.go" 'writeAt = db.file.WriteAt' 'writeAt = meteredWriteAt(db.file)'
  replace_once "$copy/bolt_linux.go" 'func fdatasync(' 'func unmeteredFdatasync('
}

prepare() {
  local bbolt file
  [ "$(uname -s)" = Linux ] || fail "the metered bbolt is built on Linux only"
  command -v go > /dev/null || fail "no go on the PATH: install Go 1.19 or newer"
  if bbolt=$(proxy_source); then
    SOURCE=proxy
  elif bbolt=$(debian_source); then
    SOURCE=debian
  else
    fail "no bbolt: needs the Go module proxy or Debian's golang-github-coreos-bbolt-dev"
  fi
  check_source "$bbolt"

  TEMPORARY=$(mktemp -d)
  trap 'rm -rf "$TEMPORARY"' EXIT
  mkdir "$TEMPORARY/bbolt"
  for file in "$bbolt"/*.go "$bbolt/go.mod"; do
    case $file in *_test.go) continue ;; esac
    install -m 644 "$file" "$TEMPORARY/bbolt/"
  done
  rename_all "$TEMPORARY/bbolt"
  install -m 644 "$PEERS/_bbolt/meter.go" "$TEMPORARY/bbolt/meter.go"

  install -m 644 "$PEERS/go.mod" "$PEERS/go.sum" "$TEMPORARY/"
  echo "replace go.etcd.io/bbolt => $TEMPORARY/bbolt" >> "$TEMPORARY/go.mod"
  if [ "$SOURCE" = debian ]; then
    echo "replace golang.org/x/sys => $GOCODE/golang.org/x/sys" >> "$TEMPORARY/go.mod"
  fi
  GO_FLAGS=(-mod=mod "-modfile=$TEMPORARY/go.mod")
}
