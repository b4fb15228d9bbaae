#!/bin/bash
#SBATCH --job-name=vgg19 --nodes=1 --ntasks=1 --signal=B:TERM@120
#PBS -N vgg19
#PBS -j oe
#PBS -S /bin/bash
# The pipeline as a job of Slurm, PBS or Torque, submitted in the clone; on the node nothing is installed.
# It takes a container engine, else Apptainer, if the clone has images for it (export/images.tar, or
# .sif/), else `--runner local`, whose environment is made in the clone. Variables:
#   LABEL     what the node must at least be, such as spr: checked by the CPU's flags alone
#   TASKS     what is run behind doctor, pipeline if not given
#   OPTIONS   for each of these, such as "--data beans --backbone imagenet"
#   RUNNER    docker, apptainer or local: this one, whatever the node has
#   BUNDLE    the file to pack, the last that is written
#   SUBMIT_JSON   what `invoke submit` remembers; a job that it names no more measures nothing
#   VGG19_ARTIFACTS, VGG19_CORES   where it writes, and what it pins, if not artifacts-JOB and the job's
# Flags: -d CLONE and -l nodes=1:LABEL:ppn=N, as a scheduler hands on that does not read them.
# What it leaves in the clone: artifacts-JOB/, vgg19-bundle-JOB.tar. docs/batch.md has more.
set -ufo pipefail
# By it cd would go to another folder than the one that was looked at.
unset CDPATH

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,/^[^#]/s/^# //p' "$0"
  exit 0
fi

refuse() { # CODE WORDS
  echo "run_job: error: $2" >&2
  exit "$1"
}

# What a scheduler that does not read options behind the script's name hands on, as Slurm's qsub.
read_options() {
  while [[ $# -gt 1 || ${1:-} == -[dl] ]]; do
    [[ ${2:-} ]] || refuse 2 "$1 is given nothing; give it a value, or leave it out"
    case $1 in
      -d) folder=$2 ;;
      -l) handed_on+=${handed_on:+,}$2 ;;
      *) refuse 2 "$1 is no option of this script; give the scheduler's before the script's name" ;;
    esac
    shift 2
  done
  [[ $# == 0 ]] || refuse 2 "$1 is no option of this script; give OPTIONS='$1 ...' as a variable"
  [[ ! $handed_on ]] || read_request
}

# All of it or nothing: what is passed over would be measured on a node that nobody asked for.
read_request() {
  local place places cpus='' times='(walltime|cput)=[0-9:.]+'
  [[ $handed_on =~ ^[A-Za-z0-9=:,._-]+$ ]] || not_read "signs"
  IFS=:, read -ra places < <(sed -E "s/$times//g" <<<"$handed_on")
  for place in "${places[@]}"; do
    case $place in
      nodes=1 | select=1 | mem=* | '') ;;
      ppn=[1-9]* | ncpus=[1-9]*)
        [[ ! $cpus || $cpus == "${place#*=}" ]] || not_read "two numbers of CPUs"
        cpus=${place#*=} granted=$cpus
        ;;
      *=*) not_read "$place" ;;
      *)
        [[ ! $LABEL || ${LABEL,,} == "${place,,}" ]] || refuse 2 "LABEL is $LABEL, and \`-l\` has $place; give one"
        LABEL=$place
        ;;
    esac
  done
  [[ $granted =~ ^[0-9]*$ ]] || not_read "$granted"
  echo "run_job: the scheduler did not read \`-l $handed_on\`; it goes before the script"
}

not_read() { # WORDS
  refuse 2 "\`-l $handed_on\` has $1, which this script does not read; it goes before the script's name"
}

# The one that was named, and no other. Slurm starts a job where it belongs, PBS at home.
find_clone() {
  [[ ${SLURM_JOB_ID:-} ]] || folder=${folder:-${PBS_O_INITDIR:-${PBS_O_WORKDIR:-}}}
  folder=${folder:-$PWD}
  [[ -f $folder/bootstrap.py ]] && cd -- "$folder" && return
  refuse 3 "no bootstrap.py in $folder; submit this in the clone, or give -d CLONE"
}

# A busy Slurm takes a job at times when it is given up, and another was sent in its place.
require_place() {
  [[ ! ${SUBMIT_JSON:-} ]] || grep -qsF "\"${SLURM_JOB_NAME:-none}\"" "$SUBMIT_JSON" ||
    refuse 25 "$SUBMIT_JSON has no job ${SLURM_JOB_NAME:-} any more: another may be in its place, \
or it was removed; nothing is measured"
}

require_label() {
  local flag needed
  case ${LABEL,,} in
    '') return ;;
    spr | emr | gnr | amx) needed='amx_tile amx_int8 amx_bf16' ;;
    cpx) needed='avx512_bf16' ;;
    icx | clx) needed='avx512_vnni' ;;
    skx) needed='avx512f avx512bw avx512vl avx512dq' ;;
    *) refuse 2 "LABEL $(printf %q "$LABEL") is none of spr, emr, gnr, amx, cpx, icx, clx, skx" ;;
  esac
  grep -qsm1 '^flags' "$CPUINFO" ||
    refuse 3 "$CPUINFO of this node, $(uname -n), shows no flags of its CPU; leave LABEL out to measure on any"
  for flag in $needed; do
    grep -qm1 "^flags.* $flag\( \|\$\)" "$CPUINFO" ||
      refuse 17 "this node, $(uname -n), is no $LABEL: its CPU has no $flag; ask the scheduler for another"
  done
}

# The CPUs that this job may use, one thread of each core: an engine's containers do not inherit
# the job's limits, so the pinning must.
job_cores() {
  local cpu siblings seen=' '
  for cpu in $(allowed_cpus); do
    siblings=$(cat "/sys/devices/system/cpu/cpu$cpu/topology/thread_siblings_list" 2>/dev/null)
    [[ $seen == *" ${siblings:-$cpu} "* ]] || { seen+="${siblings:-$cpu} " && echo "$cpu"; }
  done | paste -sd,
}

# All, if the scheduler binds the job to what it granted; else the first of as many.
allowed_cpus() {
  local all
  read -ra all < <(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)))')
  [[ $granted =~ ^[1-9][0-9]{0,5}$ && $granted -lt ${#all[@]} ]] || granted=${#all[@]}
  [[ $granted == "${#all[@]}" ]] || echo "run_job: the job has $granted CPUs and is bound to none: \
others may use the same; have the scheduler bind it, or ask for a node alone" >&2
  echo "${all[@]:0:granted}"
}

# The first of these that the node and the clone have.
choose_runner() {
  if has_engine; then
    echo docker
  elif has_images && { command -v apptainer || command -v singularity; } >/dev/null; then
    echo apptainer
  else
    echo local
  fi
}

# One that doctor takes: neither another engine by the name of docker, nor a snap, nor a silent or old
# one, nor one without what it needs beside it.
has_engine() {
  local client named
  client=$(readlink -f "$(command -v docker)") && [[ ${client##*/} != snap ]] || return 1
  named=$(ask_docker --version)
  [[ ${named,,} != *podman* && ${named,,} != *nerdctl* ]] || return 1
  answers_from 23.0 version --format '{{.Server.Version}}' &&
    answers_from 2.24 compose version && answers_from 0.10 buildx version
}

# Whether docker answers, with that version or a newer one; an answer without a version may pass.
answers_from() {
  local least=$1 answer
  answer=$(ask_docker "${@:2}") || return 1
  [[ ! $answer =~ [0-9]+\.[0-9]+ ]] || sort -CV <<<"$least"$'\n'"${BASH_REMATCH[0]}"
}

ask_docker() {
  timeout -k 2 "$ENGINE_S" docker "$@" 2>/dev/null
}

has_images() {
  [[ -f export/images.tar ]] || compgen -G '.sif/*.sif' >/dev/null
}

# The scheduler's signal goes on to the task, which ends its container.
task() {
  local code
  require_going
  ./bootstrap.py "$@" </dev/null &
  child=$!
  wait $child
  code=$?
  while kill -0 $child 2>/dev/null; do
    wait $child
    code=$?
  done
  require_going
  return $code
}

require_going() {
  [[ ! $stopped ]] || refuse 143 "the scheduler ended the job; unless it puts it back into the queue, \
submit it again with the same VGG19_ARTIFACTS, $VGG19_ARTIFACTS, to go on"
}

# shellcheck disable=SC2329 # the trap calls it
stop() {
  stopped=yes
  [[ $child == 0 ]] || kill -TERM "$child"
}

# What would run nothing, or something else, is known before anything is run.
read_what_to_run() {
  local word
  read -rd '' -a tasks <<<"${TASKS:-pipeline}"
  read -rd '' -a options <<<"${OPTIONS:-}"
  [[ ${#tasks[@]} -gt 0 ]] || refuse 2 "TASKS names no task; leave it out for pipeline"
  for word in "${tasks[@]}"; do
    [[ $word =~ ^[a-z][a-z-]*$ ]] ||
      refuse 2 "TASKS has $(printf %q "$word"), which is no task; give names, with blanks between"
  done
  for word in "${options[@]}"; do
    case $word in
      -[!-]* | --help* | --dry* | --list* | --version | --complete | --print-* | --host*)
        refuse 2 "OPTIONS has ${word%%=*}, by which this node measures nothing; try that without a job"
        ;;
      --artifacts | --artifacts=*) refuse 2 "OPTIONS has --artifacts; set VGG19_ARTIFACTS, for the bundle, too" ;;
      --runner | --runner=*) refuse 2 "OPTIONS has --runner; set RUNNER, for doctor, too" ;;
      *[\"\'\\]*)
        refuse 2 "OPTIONS has $(printf %q "$word"), and is split at blanks, also in quotes; leave them out"
        ;;
    esac
  done
}

folder='' handed_on='' stopped='' child=0 LABEL=${LABEL:-}
CPUINFO=${CPUINFO:-/proc/cpuinfo} ENGINE_S=${ENGINE_S:-20} # as docker/host/client.py asks it
granted=${SLURM_CPUS_ON_NODE:-${PBS_NUM_PPN:-${NCPUS:-}}}
trap stop TERM INT HUP
read_options "$@"
find_clone
require_place
require_label
read_what_to_run
job=${SLURM_JOB_ID:-${PBS_JOBID:-$$}} && job=${job%%.*}
export VGG19_ARTIFACTS=${VGG19_ARTIFACTS:-$PWD/artifacts-$job}
bundle=${BUNDLE:-vgg19-bundle-$job.tar}
[[ -w $(dirname -- "$bundle") ]] || refuse 7 "the bundle $bundle can't be written; give another by BUNDLE"
export VGG19_CORES=${VGG19_CORES:-$(job_cores)}
engine=() runner=() by=${RUNNER:-$(choose_runner)}
case $by in
  docker) ;;
  apptainer | local) engine=(--no-engine) runner=(--runner "$by") ;;
  *) refuse 2 "RUNNER $(printf %q "$by") is none of docker, apptainer, local" ;;
esac
echo "run_job: job $job on $(uname -n), cores $VGG19_CORES, ${runner[*]:-in containers}"
task "${engine[@]}" doctor "${runner[@]}"
code=$?
[[ $code == 0 || $code == 18 ]] || refuse $code "doctor refuses this node; its lines above say why"
worst=0
for name in "${tasks[@]}"; do
  task "${engine[@]}" "$name" "${runner[@]}" "${options[@]}"
  code=$?
  [[ $code == 0 || $code == 23 ]] || refuse $code "the $name failed; its last line above says why"
  [[ $code == 0 ]] || worst=$code
done
task --no-engine bundle --output "$bundle"
code=$?
cat "$VGG19_ARTIFACTS/compare/compare.log"
[[ $code == 0 ]] || refuse $code "no bundle was packed; the lines above the table say why"
exit $worst
