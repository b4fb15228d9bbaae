#!/bin/bash
# Runs the pipeline on a machine that was just created: once, whatever happens to the machine.
#   vgg19-run         what vgg19.service starts at each boot, as the user vgg19
#   vgg19-run ended   what it calls after that: says so, if the run could not do it itself
#   vgg19-run --help  shows these lines
# What to run is in /etc/vgg19/job: SOURCE, COMMIT or SHA256, OPTIONS, ALL_ISAS and POWER_OFF, as
# docs/cloud/README.md says. status, log, bundle.tar and source are in /var/lib/vgg19.
set -uo pipefail
JOB_FILE=${JOB_FILE:-/etc/vgg19/job} STATE_FOLDER=${STATE_FOLDER:-/var/lib/vgg19}
TRIES=${TRIES:-60} PAUSE_S=${PAUSE_S:-10} # of what needs a network, or apt's lock
KNOWN=(SOURCE COMMIT SHA256 OPTIONS ALL_ISAS POWER_OFF)
MAX_ATTEMPTS=3 LINES_SHOWN=20 step=start attempt=0 POWER_OFF=no
export GIT_TERMINAL_PROMPT=0 LC_ALL=C.UTF-8
# A server that takes a connection and sends nothing: after a minute of that another try is made.
MIN_BYTES_S=1000 SILENT_S=${SILENT_S:-60}
export GIT_HTTP_LOW_SPEED_LIMIT=$MIN_BYTES_S GIT_HTTP_LOW_SPEED_TIME=$SILENT_S

write_status() { # STATE WORDS: state, words and what was printed last, all or nothing
  {
    printf '%s\n' "$1" "$2" "step $step, attempt $attempt, $(date -u +'%F %T UTC')"
    [[ $1 == running ]] || { printf '%s\n' "the last lines of $STATE_FOLDER/log:"; last_lines; }
  } >status.new && mv status.new status
  # The console, for who can't log in; in a process of its own, which may fail if none reads it.
  (printf 'vgg19: %s, %s: %s\n' "$1" "$step" "$2" >&3)
}

last_lines() { # of this step
  local line lines=()
  while IFS= read -r line; do
    [[ $line != "== "* ]] || lines=()
    lines+=("${line:0:400}")
  done < <(tail -n "$LINES_SHOWN" log 2>/dev/null)
  printf '%s\n' "${lines[@]}"
}

finish() { # STATE CODE WORDS
  trap '' TERM INT HUP # which poweroff sends: it would say that the run was stopped
  rm -f reserve # a full disk then has room for the status
  write_status "$1" "code $2: $3"
  [[ $POWER_OFF != yes ]] || sudo poweroff ||
    write_status "$1" "code $2: $3; it can't be powered off, and costs: do so by hand"
  exit "$2"
}

fail() { finish failed "$@"; }
state() { head -n 1 status 2>/dev/null; }
project() { (cd source && exec ./bootstrap.py --yes "$@") 9>&-; } # without the lock

stop() { # a shutdown, or `systemctl stop`: the next start goes on
  write_status stopped "code 143: by a signal; it goes on when the machine, or vgg19.service, starts"
  exit 143
}

ended() { # by systemd's variables, what ended a run that could not say so
  [[ $(state) == running ]] || exit 0
  step=$(sed -n 's/^step \([a-z]*\),.*/\1/p' status) attempt=$(cat attempts)
  [[ $(systemctl is-system-running) != stopping ]] || stop
  read_job
  local words='read its log'; [[ ${SERVICE_RESULT:-} == exit-code ]] || words='was memory short?'
  fail 137 "it was ended by ${EXIT_STATUS:-a signal} (${SERVICE_RESULT:-unknown}); $words"
}

# A slip would be passed over, and what is not in quotes may be a command: both before it is read.
check_lines() {
  local line number=0
  while IFS= read -r line || [[ $line ]]; do
    number=$((number + 1))
    [[ $line =~ ^[[:blank:]]*(#.*)?$ ]] || check_line "$line" "line $number of $JOB_FILE"
  done <"$JOB_FILE"
}

check_line() { # LINE PLACE: shows no more of it than a known name, as it may hold a password
  local exports name near value="'[^']*'|\"[^\"\$\`\\\\]*\"|[A-Za-z0-9_./:@%+=,-]*"
  [[ $1 != *$'\r' ]] || fail 2 "$2 ends as lines do on Windows; save the file with Unix's ends"
  [[ $1 =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)= ]] ||
    fail 2 "$2 is no NAME=VALUE; each is on one line, without blanks around the ="
  exports=${BASH_REMATCH[1]} name=${BASH_REMATCH[2]}
  if [[ " ${KNOWN[*]} " != *" $name "* ]]; then
    near=$(nearest "$name")
    [[ ! $near ]] || fail 2 "$2 sets what is not known; did you mean $near?"
    [[ ! -v $name || ${name,,} == *_proxy ]] || fail 2 "$2 sets what is this program's; leave it out"
    [[ $exports ]] || fail 2 "$2 sets none of ${KNOWN[*]}; put export before any other variable"
    name='the variable'
  fi
  [[ $1 =~ ^[^=]*=($value)([[:space:]]+#.*)?[[:space:]]*$ ]] ||
    fail 2 "$name in $2 has a sign of the shell, or a second line; put it on one, between single quotes"
  [[ $name != ALL_ISAS && $name != POWER_OFF || ${BASH_REMATCH[1]} =~ ^[\'\"]?(yes|no)[\'\"]?$ ]] ||
    fail 2 "$name in $2 is neither yes nor no; give one of them"
}

nearest() { # NAME: the known one that is most like it, if any is; cloud-init needs Python, too
  python3 -c 'import difflib, sys
print(*difflib.get_close_matches(sys.argv[1].upper(), sys.argv[2:], 1, 0.8))' "$1" "${KNOWN[@]}"
}

read_job() {
  SOURCE='' COMMIT='' SHA256='' OPTIONS='' ALL_ISAS=no
  [[ -r $JOB_FILE ]] || fail 2 "$JOB_FILE can't be read; it is a part of the user-data"
  # A machine whose job is refused costs as much as one that works.
  ! grep -Eq "^\s*(export\s+)?POWER_OFF=['\"]?yes['\"]?\s*(#.*)?$" "$JOB_FILE" || POWER_OFF=yes
  check_lines
  # shellcheck source=/dev/null
  . "$JOB_FILE"
}

check_job() {
  [[ $SOURCE ]] || fail 2 "SOURCE is empty in $JOB_FILE; give the address of a clone or an export"
  [[ $COMMIT || $SHA256 ]] || fail 2 "neither COMMIT nor SHA256 is given in $JOB_FILE; give one"
  [[ ! $COMMIT || ! $SHA256 ]] || fail 2 "COMMIT is of a clone, SHA256 of an export; give one"
  [[ ! $COMMIT || $COMMIT =~ ^([0-9a-f]{40}|[0-9a-f]{64})$ ]] ||
    fail 2 "COMMIT is no whole hash of a commit; give all its digits, as \`git rev-parse HEAD\` does"
  [[ ! $SHA256 || $SHA256 =~ ^[0-9a-f]{64}$ ]] ||
    fail 2 "SHA256 is no sha256; give 64 digits, as \`sha256sum vgg19-export.tar.gz\` does"
  check_options
}

check_options() { # what the pipeline would take, and no bundle came of it
  local word options
  read -ra options <<<"$OPTIONS"
  for word in "${options[@]}"; do
    case $word in
      -[!-]* | --help* | --dry* | --list* | --version | --complete | --print-* | --host*)
        fail 2 "OPTIONS has ${word%%=*}, by which this machine measures nothing; leave it out" ;;
      --artifacts | --artifacts=*)
        fail 2 "OPTIONS has --artifacts; set VGG19_ARTIFACTS, as in: export VGG19_ARTIFACTS='...'" ;;
    esac
  done
}

count_attempt() {
  attempt=$(cat attempts 2>/dev/null); [[ $attempt =~ ^[0-9]$ ]] || attempt=0
  [[ $attempt -lt $MAX_ATTEMPTS ]] ||
    fail 1 "it was stopped in the middle $attempt times; remove attempts and status to try again"
  echo $((++attempt)) >attempts
}

fetch() { # source/, unless an earlier attempt did
  local what try; what=$(echo "$SOURCE $COMMIT$SHA256" | sha256sum) # an address may hold a password
  [[ $(cat source.of 2>/dev/null) != "$what" ]] || return 0
  for ((try = 1; try <= TRIES; try++)); do
    rm -rf source.new
    if [[ $COMMIT ]]; then fetch_clone; else fetch_export; fi && break
    echo "fetch: try $try of $TRIES failed; again in $PAUSE_S s"
    sleep "$PAUSE_S"
  done
  [[ $try -le $TRIES ]] || fail 9 "SOURCE can't be fetched; see to network and address"
  [[ -f source.new/bootstrap.py ]] || fail 4 "SOURCE holds no bootstrap.py; give this project's"
  { put_aside && mv source.new source && echo "$what" >source.of; } ||
    fail 8 "$STATE_FOLDER can't be written; give the machine a larger disk"
}

put_aside() { # what another commit or export made: it takes hours, and is not fetched as the new
  local name kept=before-$EPOCHSECONDS
  for name in source bundle.tar compare.log report.html; do
    [[ ! -e $name ]] || { mkdir -p "$kept" && mv "$name" "$kept/"; } || return 1
  done
}

# In a command's words no address is shown, however git writes it.
unnamed() { "$@" 2>&1 | sed -E "s#[A-Za-z+]+://[^[:space:]'\"]*#SOURCE#g"; }

fetch_clone() {
  { need git && unnamed git clone --quiet -c core.logAllRefUpdates=false -- "$SOURCE" source.new; } || return 1
  git -C source.new checkout --quiet --detach "$COMMIT" || fail 4 "SOURCE has no commit $COMMIT"
  git -C source.new remote remove origin # whose address may hold a password
}

fetch_export() {
  { need curl && unnamed curl -fsSL --globoff --connect-timeout 30 \
    --speed-limit "$MIN_BYTES_S" --speed-time "$SILENT_S" -o export.tar.gz -- "$SOURCE"; } || return 1
  echo "$SHA256  export.tar.gz" | sha256sum --check --quiet ||
    fail 4 "SOURCE has another sha256 than the one given"
  mkdir source.new
  tar -xzf export.tar.gz --no-same-owner --strip-components=1 -C source.new ||
    fail 4 "SOURCE can't be unpacked, or the disk is full; the log says which"
  rm export.tar.gz
}

need() { # PROGRAM: install it, if it is not there
  ! command -v "$1" >/dev/null || return 0
  local sudo=(sudo DEBIAN_FRONTEND=noninteractive) keep=-oDpkg::Options::=--force-conf
  "${sudo[@]}" dpkg --configure -a --force-confdef --force-confold # after a stop in the middle of this
  "${sudo[@]}" apt-get -q update # at worst another process's lock: the next try waits
  "${sudo[@]}" apt-get -q -o DPkg::Lock::Timeout=600 "${keep}def" "${keep}old" install -y \
    --no-install-recommends "$1" ca-certificates
}

quieten() { # updates in the background hold apt's lock, and would be measured, too
  local try states
  sudo systemctl stop apt-daily.timer apt-daily-upgrade.timer
  for ((try = 1; try <= TRIES; try++)); do
    # At work they are "activating", which is no activity for is-active.
    states=$(systemctl show -p ActiveState --value apt-daily.service apt-daily-upgrade.service)
    [[ ${states//inactive/} =~ active|activating ]] || return 0
    sleep "$PAUSE_S"
  done
}

enter() {
  step=$1
  echo "== $step, attempt $attempt, $(date -u +'%F %T UTC')"
  write_status running "since $(date -u +'%F %T UTC')"
}

run() {
  local code options made=${VGG19_ARTIFACTS:-artifacts}
  [[ $made == /* ]] || made=source/$made
  read -ra options <<<"$OPTIONS"
  enter fetch
  quieten # before anything is installed
  fetch
  enter plan # what the project refuses of OPTIONS and variables, before an engine is installed
  project pipeline --dry-run "${options[@]}" || fail $? "the pipeline refuses this job, as said below"
  enter doctor
  project doctor
  code=$?
  [[ $code == 0 || $code == 18 && $ALL_ISAS != yes ]] || fail $code "doctor found what is said below"
  enter pipeline
  project pipeline "${options[@]}"
  code=$?
  [[ $code == 0 || $code == 23 ]] || fail $code "the pipeline failed; what it made is kept"
  enter bundle
  project bundle --output "$PWD/bundle.tar" || fail $? "no bundle was packed"
  cp "$made"/compare/{compare.log,report.html} . # for who wants no more than these
  [[ $code == 0 ]] || finish "done" $code "all was measured, and is not to be trusted; see the log"
  finish "done" 0 "the bundle is $PWD/bundle.tar"
}

main() {
  case $* in
    '' | ended) ;;
    -h | --help) sed -n '2,/^[^#]/s/^# //p' "$0" && exit 0 ;;
    *) echo "vgg19-run: error: there is no $*; --help shows what there is" >&2 && exit 2 ;;
  esac
  exec 3>&1 </dev/null
  cd "$STATE_FOLDER" || exit 7
  exec >>log 2>&1
  exec 9>lock
  flock --timeout 2 9 || { printf 'vgg19: another run is at work\n' >&3 && exit 21; }
  trap stop TERM INT HUP
  [[ ${1:-} != ended ]] || ended
  [[ ! $(state) =~ ^(done|failed)$ ]] || exit 0 # the machine was started again
  head -c 65536 /dev/zero >reserve
  read_job # first, as it says if a failure powers off
  count_attempt
  check_job
  run
}

main "$@"
