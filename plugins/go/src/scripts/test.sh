# Compiles the tests of packages in one action, and runs them in another one: what go keeps between builds is there for the
# first, which runs no code of theirs, and not for the second.
#
# sh farm/test.sh compile ARGUMENT-OF-GO-TEST...: leaves in farm/tests, in a folder for each package, the test program and
#   the arguments that go would start it with.
# sh farm/test.sh run COUNT: runs them, each in its package's folder, so many at the same time; 0 for as many as there are
#   processors.
# Started in the target's folder.
set -eu

compile() {
  FARM_ROOT=$(pwd -P)
  export FARM_ROOT
  cd "$FARM_ROOT"
  mkdir -p farm/tests
  code=0
  # go starts this in place of each test program.
  go test -exec "sh -c 'exec sh \"\$FARM_ROOT/farm/test.sh\" keep \"\$@\"' farm" "$@" >"$TMPDIR/farm-said" || code=$?
  # That a package is `ok` is not known yet.
  grep -v '^ok' "$TMPDIR/farm-said" || :
  return $code
}

keep() {
  program=$1
  shift
  here=$(pwd)
  place=$FARM_ROOT/farm/tests${here#"$FARM_ROOT"}
  mkdir -p "$place"
  cp "$program" "$place/farm.test"
  for argument; do
    case $argument in
      # A folder of this run; without it, the program makes one for itself.
      -test.gocoverdir=*) ;;
      *) printf '%s\n' "$argument" ;;
    esac
  done >"$place/farm.arguments"
}

run() {
  count=$1
  [ -d farm/tests ] || return 0
  [ "$count" != 0 ] || count=$(getconf _NPROCESSORS_ONLN) || count=1
  # Whoever has read the line in it prints.
  rm -f "$TMPDIR/farm-turn"
  mkfifo "$TMPDIR/farm-turn"
  exec 3<>"$TMPDIR/farm-turn"
  echo >&3
  find farm/tests -name farm.arguments | sort | xargs -P "$count" -n 1 sh farm/test.sh one || {
    echo FAIL
    return 1
  }
}

# Runs one program, and prints what go would: all that it says where it fails or is asked to tell, else one line.
one() {
  [ $# = 1 ] || return 0
  file=$1
  folder=${file#farm/tests}
  folder=.${folder%/farm.arguments}
  said=$TMPDIR/farm-said-$$
  program=$(pwd)/${file%arguments}test
  set --
  while IFS= read -r argument; do
    set -- "$@" "$argument"
  done <"$file"
  code=0
  (cd "$folder" && exec "$program" "$@") >"$said" 2>&1 </dev/null || code=$?
  exec 3<>"$TMPDIR/farm-turn"
  read -r _ <&3
  report "$@"
  echo >&3
  rm -f "$said"
  [ $code = 0 ]
}

report() {
  case " $* " in
    *' -test.v='* | *' -test.bench='* | *' -test.list='*) is_asked=yes ;;
    *) is_asked= ;;
  esac
  if [ $code != 0 ] || [ -n "$is_asked" ]; then
    cat "$said"
    [ -z "$(tail -c 1 "$said")" ] || echo
  fi
  if [ $code = 0 ]; then
    printf 'ok  \t%s\t%s\n' "$folder" "$(grep '^coverage: ' "$said" | tail -n 1)"
  else
    [ -s "$said" ] || echo "exit status $code"
    printf 'FAIL\t%s\n' "$folder"
  fi
}

"$@"
