# Runs cargo without the network, and takes the programs that it made.
#
# sh farm-rust/cargo.sh ROOT PROGRAMS FOLDER CARGO-ARGUMENT...: ROOT is where all sources lie below. PROGRAMS, names with `:`
# between them, are taken from FOLDER of the target folder. Started in the folder of Cargo.lock.
set -eu
export LC_ALL=C
here=$(pwd -P)
root=$(cd "$1" && pwd -P)
programs=$2 folder=$3
shift 3
own=$here/farm-rust
notes=$TMPDIR/farm-rust
stamp=
# At one place in every run: build scripts may write it down.
export CARGO_TARGET_DIR="$own/target"
export CARGO_HOME="$notes/home"
export CARGO_INCREMENTAL=0

main() {
  mkdir -p "$CARGO_HOME"
  # Where sources were fetched to, and that their place is left out of what the compiler writes.
  sed -e "s|@ROOT@|$root|" -e "s|@OWN@|$own|" farm-rust/config.toml >"$CARGO_HOME/config.toml"
  # It compiles in a server that it starts for itself, and where there are no sockets it would fail instead.
  if [ "${RUSTC_WRAPPER-}" = sccache ] && ! sccache rustc -vV >/dev/null 2>&1; then
    echo "sccache cannot start its server here: the compiler runs without it" >&2
    unset RUSTC_WRAPPER
  fi
  if prepare_kept "$@"; then
    ln -s "$kept/target" "$own/target"
  else
    stamp=
    mkdir -p "$own/target"
  fi
  cargo "$@"
  [ -z "$stamp" ] || { cp "$notes/inputs" "$stamp.new" && mv "$stamp.new" "$stamp"; }
  [ -z "$programs" ] || take_programs "$@"
  rm -rf "$own/target"
}

# Makes the target folder of an earlier run of this action ready for another one; fails where there can be none: where the
# sources lie at another place in each run, or while another build uses it.
prepare_kept() {
  [ -n "${FARM_TARGETS-}" ] && [ "$root" = /workspace ] || return 1
  command -v flock >/dev/null && command -v sha256sum >/dev/null || return 1
  kept=$FARM_TARGETS/$(echo "$here" "$@" | sha256sum | cut -c 1-32)
  mkdir -p "$kept" && exec 9>"$kept/lock" && flock -n 9 || return 1
  stamp=$kept/inputs
  around=$(surroundings) || return 1
  if [ "$(cat "$kept/around" 2>/dev/null)" != "$around" ]; then
    rm -rf "$kept/target" "$stamp" && echo "$around" >"$kept/around" || return 1
  fi
  mkdir -p "$kept/target" && date_inputs
}

# What cargo does not look at, and a result may depend on; and which packages there are: what the code of one that is gone
# has done in the target folder goes with it.
surroundings() {
  {
    cat Cargo.toml Cargo.lock
    rustc -vV && cc --version 2>&1 | head -n 1
    getconf GNU_LIBC_VERSION 2>&1
    env | grep -v -E '^(CARGO_MAKEFLAGS|FARM_TARGETS|MAKEFLAGS|MFLAGS|SCCACHE_DIR|TMPDIR)=' | sort
  } | sha256sum
}

# Cargo tells changed sources by their times, which say nothing here. So the files that are what they were in the last run
# get a time before it, and all others the time of now. The list of what they were is there only while the target folder
# holds what a whole run has made of just them.
date_inputs() {
  find "$root" -path "$own" -prune -o -type f -exec sha256sum {} + | sort >"$notes/inputs" || return 1
  paths "$notes/inputs" | touch_all || return 1
  if [ -f "$stamp" ] && ! is_any_gone; then
    comm -12 "$stamp" "$notes/inputs" >"$notes/same" && paths "$notes/same" | touch_all -t 200001010000 || return 1
  fi
  rm -f "$stamp"
}

paths() {
  cut -c 67- "$1" | sort
}

touch_all() {
  tr '\n' '\0' | xargs -0 -r touch "$@"
}

is_any_gone() {
  paths "$stamp" >"$notes/then" && paths "$notes/inputs" >"$notes/now"
  [ -n "$(comm -23 "$notes/then" "$notes/now")" ]
}

take_programs() {
  rustc --version >"$own/rustc.txt"
  tree normal,no-proc-macro "$@" >"$own/linked.txt"
  tree normal,build "$@" >"$own/used.txt"
  mkdir -p "$own/bin"
  IFS=:
  for program in $programs; do
    cp "$own/target/$folder/$program" "$own/bin/$program"
  done
}

# The packages that a build is made of, along these edges: for the same packages, features and target.
tree() {
  edges=$1 left=$(($# - 2))
  shift 2
  while [ $left -gt 0 ]; do
    case $1 in
      --bin | --profile)
        shift 2
        left=$((left - 2))
        continue
        ;;
    esac
    set -- "$@" "$1"
    shift
    left=$((left - 1))
  done
  cargo tree --edges "$edges" --prefix depth "$@" >"$notes/tree"
  # Not where a package lies, nor what else is said of it.
  sed -e 's/ (.*//' "$notes/tree"
}

main "$@"
