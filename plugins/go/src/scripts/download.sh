# Fetches the modules of a module or workspace into $GOMODCACHE, and leaves there just what a build reads of them: the same
# bytes, wherever they come from.
#
# $FARM_GO_MODULES, where there is one, keeps what was fetched for any lock file, laid out as a module proxy.
set -eu
export LC_ALL=C
kept=${FARM_GO_MODULES-}
downloads=$GOMODCACHE/cache/download

main() {
  mkdir -p "$downloads"
  if [ -n "$kept" ]; then
    # Without the go.mod of each module that is required anywhere, go would take nothing else either.
    from_kept graph || from_anywhere graph >/dev/null
    from_kept download || :
  fi
  from_anywhere download
  leave_what_is_read
}

# Runs a command of `go mod` with what is kept and nothing else. go takes from a proxy only what has the hash that go.sum
# says, so something damaged counts as missing. Modules that go.sum does not fix are never taken: the sum database that
# would be asked about them does not exist.
from_kept() {
  GOPROXY="file://$(as_url "$kept"),off" GONOPROXY=none GOSUMDB=nobody GONOSUMDB=none \
    go mod "$1" >/dev/null 2>&1
}

# Runs it as if nothing were kept, and keeps what it fetched.
from_anywhere() {
  files >"$TMPDIR/farm-go-before"
  go mod "$1"
  [ -z "$kept" ] || keep 2>/dev/null || :
}

as_url() {
  printf '%s' "$1" | sed -e 's/%/%25/g' -e 's/ /%20/g' -e 's/#/%23/g' -e 's/?/%3F/g' -e 's/,/%2C/g' -e 's/|/%7C/g'
}

# What was fetched of modules.
files() {
  find "$downloads" -name '*.zip' -o -name '*.mod' | sort
}

# Keeps what was not there, or was damaged. Each file gets its name when it is whole: neither a kill nor another build at
# the same time leaves half of one.
keep() {
  find "$kept" -maxdepth 1 -name '.new-*' -mmin +1440 -exec rm -rf {} +
  new=$(mktemp -d "$kept/.new-XXXXXX") || return 1
  files | comm -13 "$TMPDIR/farm-go-before" - | while IFS= read -r file; do
    place=$kept${file#"$downloads"}
    mkdir -p "${place%/*}"
    put "$file" "$place"
    [ ! -f "${file%.*}.info" ] || put "${file%.*}.info" "${place%.*}.info"
  done
  rm -rf "$new"
}

put() {
  cp "$1" "$new/file" && mv -f "$new/file" "$2"
}

# A build reads the unpacked modules, and neither zips nor repositories. Lists of versions, what the sum database said and
# half files depend on how it went; and what a proxy says of a version beside its name is fixed by no hash.
leave_what_is_read() {
  find "$downloads" -type f \( -name '*.zip' -o -name '*.tmp' -o -name list \) -exec rm -f {} +
  rm -rf "$downloads/sumdb" "$GOMODCACHE/cache/vcs"
  find "$downloads" -name '*.info' -exec sed -i.farm -e 's/^{"Version":"\([^"]*\)".*$/{"Version":"\1"}/' {} +
  find "$downloads" -name '*.info.farm' -exec rm -f {} +
}

main "$@"
