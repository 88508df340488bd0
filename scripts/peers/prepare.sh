# Makes a plain and a metered copy of bbolt 1.3.6 for build.sh and test.sh, which source this file,
# and finds the newest bbolt that builds here.
#
# Owns a mktemp folder, removed at exit: bbolt as it is; a copy of it with a few names changed and our
# _bbolt/meter.go beside them; for each a go.mod that points at it. Nothing of bbolt enters the
# project. A copy, not `go build -overlay`: newer Go refuses to overlay files in its module cache.
# prepare sets PEERS, TEMPORARY, SOURCE (proxy or debian) and the arrays GO_FLAGS (metered) and
# PLAIN_FLAGS. It fails at once if the source is not 1.3.6 to the byte or if a name is not found
# exactly once. prepare_newest sets NEWEST (its version), NEWEST_FLAGS and NEWEST_NAME (flags too) and
# leaves the program in TEMPORARY/newest, or fails with WHY_NOT set.
#
# modules/ holds one go.mod with its sums for each newer bbolt, tried from the newest on: a newer
# bbolt wants a newer Go. They come through the proxy only.
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
  local bbolt
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
  copy_bbolt "$bbolt" plain
  copy_bbolt "$bbolt" metered
  rename_all "$TEMPORARY/metered"
  install -m 644 "$PEERS/_bbolt/meter.go" "$TEMPORARY/metered/meter.go"
  PLAIN_FLAGS=(-mod=mod "-modfile=$TEMPORARY/plain.mod")
  GO_FLAGS=(-mod=mod "-modfile=$TEMPORARY/metered.mod")
}

# copy_bbolt SOURCE NAME: bbolt's own files, and a go.mod of that name which points at them.
copy_bbolt() {
  local file copy="$TEMPORARY/$2"
  mkdir "$copy"
  for file in "$1"/*.go "$1/go.mod"; do
    case $file in *_test.go) continue ;; esac
    install -m 644 "$file" "$copy/"
  done
  install -m 644 "$PEERS/go.mod" "$copy.mod"
  install -m 644 "$PEERS/go.sum" "$copy.sum"
  echo "replace go.etcd.io/bbolt => $copy" >> "$copy.mod"
  if [ "$SOURCE" = debian ]; then
    echo "replace golang.org/x/sys => $GOCODE/golang.org/x/sys" >> "$copy.mod"
  fi
}

# The newest of modules/ whose source can be had and that this Go compiles.
prepare_newest() {
  local module tried=()
  NEWEST=none
  if [ "${KVTUNE_BBOLT_SOURCE:-proxy}" != proxy ]; then
    WHY_NOT="only the source $KVTUNE_BBOLT_SOURCE is allowed, which has 1.3.6"
    return 1
  fi
  for module in $(cd "$PEERS/modules" && printf '%s\n' bbolt-*.mod | sort -rV); do
    NEWEST=${module#bbolt-}
    NEWEST=${NEWEST%.mod}
    NEWEST_FLAGS=(-mod=readonly "-modfile=$PEERS/modules/$module")
    NEWEST_NAME=(-trimpath -ldflags "-X main.source=proxy -X main.bboltVersion=$NEWEST")
    if (
      cd "$PEERS"
      timeout 120 go build "${NEWEST_FLAGS[@]}" "${NEWEST_NAME[@]}" -o "$TEMPORARY/newest" .
    ) > "$TEMPORARY/newest.log" 2>&1; then
      return 0
    fi
    tried+=("$NEWEST: $(tail -n 1 "$TEMPORARY/newest.log")")
  done
  NEWEST=none
  WHY_NOT=$(printf '%s; ' "${tried[@]}")
  WHY_NOT=${WHY_NOT%; }
  return 1
}
