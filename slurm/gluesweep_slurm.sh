# shellcheck shell=bash
# Sourced by the batch scripts beside it: logs and checks the environment of a Slurm job, starts gluesweep on all
# ranks, forwards the warning before the time limit, and requeues. Nothing here needs editing; the settings are
# environment variables, listed in README.md, and the #SBATCH lines of the scripts.
set -uo pipefail

# The number of the last task of an array stands for all tasks in Slurm's commands; this form is one task's.
job_id="${SLURM_ARRAY_JOB_ID:-${SLURM_JOB_ID:-}}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"
launcher="${GLUESWEEP_LAUNCHER:-srun}"
pmi="${GLUESWEEP_SRUN_MPI:-pmix}"
mpirun="${GLUESWEEP_MPIRUN:-mpirun}"
whole_file="" # of all parts of an array
stopped_early=75 # exit code of gluesweep: unfinished, to be resumed

say() { printf '%s\n' "$*"; }
row() { printf '  %-12s %s\n' "$1" "$2"; }
warn() { printf 'warning: %s\n' "$@" >&2; }

# fail CODE PROBLEM [FURTHER LINES...]: ends the job.
fail() {
  local code="$1"
  shift
  printf 'error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
  exit "$code"
}

# --- arguments ----------------------------------------------------------------------------------------------------

# read_arguments [ARGUMENTS OF gluesweep run...]: sets arguments, job_file and output_file (of this job).
read_arguments() {
  arguments=("$@")
  job_file="" output_file=""
  local word expects=""
  for word in "$@"; do
    case "$expects$word" in
      output=*) output_file="${word}" expects="" ;;
      value=*) expects="" ;;
      -o | --output) expects="output=" ;;
      --output=*) output_file="${word#--output=}" ;;
      -o?*) output_file="${word#-o}" ;;
      --set | --device | --progress | --max-failed | --part) expects="value=" ;;
      -*) ;;
      *) job_file="$word" ;;
    esac
  done
  if [ -z "$job_file" ]; then
    fail 2 "no job file among the arguments '$*'." \
      "Submit with: sbatch SCRIPT JOB.yaml [-o FILE.h5] [options of gluesweep run], or edit the line 'arguments=' of the script."
  fi
  if [ -z "$output_file" ]; then output_file="$(basename "${job_file%.*}").h5"; fi
}

# part_of FILE I N: the file of one part, named as gluesweep names it.
part_of() { printf '%s.%d-of-%d.h5' "${1%.h5}" "$2" "$3"; }

# take_part: makes this array task compute its part of the scan.
take_part() {
  parts="${GLUESWEEP_PARTS:-}"
  local first="${SLURM_ARRAY_TASK_MIN:-}" part="${SLURM_ARRAY_TASK_ID:-}"
  if [ -z "$part" ]; then
    fail 2 "this is no array job: SLURM_ARRAY_TASK_ID is not set." "Submit with sbatch --array=1-N, N parts."
  fi
  if [ -z "$parts" ]; then
    parts="$SLURM_ARRAY_TASK_MAX"
    if [ "$first" != 1 ] || [ "${SLURM_ARRAY_TASK_COUNT:-0}" != "$parts" ]; then
      fail 2 "the array's tasks, $SLURM_ARRAY_TASK_COUNT from $first to $SLURM_ARRAY_TASK_MAX, do not say how many parts the scan has." \
        "Number them from 1 (--array=1-8), or set GLUESWEEP_PARTS to the number of parts, e.g. to run one part again:" \
        "GLUESWEEP_PARTS=8 sbatch --array=3 ..."
    fi
  fi
  if [ "$part" -lt 1 ] || [ "$part" -gt "$parts" ]; then
    fail 2 "array task $part is not one of the parts 1 to $parts (GLUESWEEP_PARTS)." "Submit with --array=1-$parts."
  fi
  whole_file="$output_file"
  output_file="$(part_of "$whole_file" "$part" "$parts")"
  # The last -o counts nothing for a program that takes one only: the user's is left out.
  local kept=() word skip=no
  for word in "${arguments[@]}"; do
    case "$skip$word" in
      yes*) skip=no ;;
      no-o | no--output) skip=yes ;;
      no--output=* | no-o?*) ;;
      *) kept+=("$word") ;;
    esac
  done
  arguments=("${kept[@]}" --part "$part/$parts" -o "$output_file")
}

# always_resume: a job that may start several times goes on with its file.
always_resume() {
  local word kept=() retry=no
  for word in "${arguments[@]}"; do
    case "$word" in
      --resume) continue ;;
      --retry-failed) # once: a later start goes on with what the first one left
        retry=yes
        continue
        ;;
      --overwrite) fail 2 "--overwrite would start over whenever this job is requeued." "Remove '$output_file' and submit without it." ;;
    esac
    kept+=("$word")
  done
  arguments=("${kept[@]}" --resume)
  if [ "$retry" = yes ] && [ "${SLURM_RESTART_COUNT:-0}" = 0 ]; then arguments+=(--retry-failed); fi
}

# --- what Slurm gave us -------------------------------------------------------------------------------------------

# expand "4(x2),8": 4 4 8
expand() {
  local entry count
  for entry in ${1//,/ }; do
    count=1
    [[ "$entry" =~ ^([0-9]+)\(x([0-9]+)\)$ ]] && { entry="${BASH_REMATCH[1]}" count="${BASH_REMATCH[2]}"; }
    for ((; count > 0; count--)); do printf '%s ' "$entry"; done
  done
}

# node_value KEY: of this node, from Slurm's configuration.
node_value() { scontrol show node "$SLURMD_NODENAME" 2>/dev/null | grep -oE "\b$1=[0-9]+" | head -n 1 | cut -d= -f2; }

# Slurm's CPUs may be hardware threads; ranks get a core each.
threads_per_core() {
  local cpus sockets cores boards
  cpus="$(node_value CPUTot)" sockets="$(node_value Sockets)" cores="$(node_value CoresPerSocket)" boards="$(node_value Boards)"
  local whole=$((${boards:-1} * ${sockets:-1} * ${cores:-1}))
  if [ "${cpus:-0}" -gt "$whole" ] && [ $((cpus % whole)) -eq 0 ]; then echo $((cpus / whole)); else echo 1; fi
}

# Sets nodes, cpus, gpus (per node, of this one) and, from the user's --ntasks or else GPUs or cores, ranks,
# ranks_per_node ("" if not the same everywhere) and placed_by.
read_allocation() {
  nodes="${SLURM_JOB_NUM_NODES:-1}"
  gpus="${SLURM_GPUS_ON_NODE:-0}"
  threads="$(threads_per_core)"
  read -ra cpus <<<"$(expand "$SLURM_JOB_CPUS_PER_NODE")"
  if [ -n "${GLUESWEEP_RANKS:-}" ]; then
    ranks="$GLUESWEEP_RANKS" placed_by="GLUESWEEP_RANKS"
    ranks_per_node=""
    [ $((ranks % nodes)) -ne 0 ] || ranks_per_node=$((ranks / nodes))
  elif [ -n "${SLURM_NTASKS:-}" ] || [ -n "${SLURM_NTASKS_PER_NODE:-}" ]; then
    count_ranks "the job's --ntasks" 1 "$(expand "$SLURM_TASKS_PER_NODE")"
  elif [ "$gpus" -gt 0 ] && gpus_are_used; then
    count_ranks "one a GPU" 1 "$(expand "$gpus(x$nodes)")"
  else
    count_ranks "one a core" "$threads" "${cpus[*]}"
  fi
}

# count_ranks REASON DIVISOR "COUNT ON EACH NODE..."
count_ranks() {
  local count
  placed_by="$1" ranks=0 ranks_per_node=""
  for count in $3; do
    ranks=$((ranks + count / $2))
    if [ -z "$ranks_per_node" ] || [ "$ranks_per_node" = $((count / $2)) ]; then
      ranks_per_node=$((count / $2))
    else
      ranks_per_node=uneven
    fi
  done
  [ "$ranks_per_node" != uneven ] || ranks_per_node=""
}

# Whether this build of gluesweep, with this job, computes on the GPUs that there are.
gpus_are_used() {
  local plan
  plan="$("$program" run "${arguments[@]}" --dry-run 2>/dev/null)" || return 0 # what is wrong is said later
  if ! grep -qE '^ *device +cpu' <<<"$plan"; then return 0; fi
  warn "there are $gpus GPUs a node, but the job computes on CPUs: run.device is cpu, or gluesweep was built without CUDA." \
    "Ranks are started on cores instead; submit to nodes without GPUs, or use a build with CUDA."
  return 1
}

# --- log ------------------------------------------------------------------------------------------------------------

log_environment() {
  local hosts line
  hosts="$(scontrol show hostnames "${SLURM_JOB_NODELIST:-}" 2>/dev/null | paste -sd ' ')"
  say "== gluesweep in Slurm job $job_id, start $((${SLURM_RESTART_COUNT:-0} + 1)), $(date '+%Y-%m-%d %H:%M:%S %Z')"
  row submitted "from ${SLURM_SUBMIT_HOST:-?}:${SLURM_SUBMIT_DIR:-?} by ${SLURM_JOB_USER:-?}, account ${SLURM_JOB_ACCOUNT:-none}"
  row partition "${SLURM_JOB_PARTITION:-?} of ${SLURM_CLUSTER_NAME:-?}, time left $(squeue -h -j "$job_id" -o %L 2>/dev/null)"
  row nodes "$nodes: ${hosts:-$(hostname)}"
  row CPUs "${SLURM_JOB_CPUS_PER_NODE:-?} a node, $threads a core"
  row GPUs "$gpus a node${CUDA_VISIBLE_DEVICES:+, CUDA_VISIBLE_DEVICES=$CUDA_VISIBLE_DEVICES}"
  if [ "$gpus" -gt 0 ] && command -v nvidia-smi >/dev/null; then
    while read -r line; do row "" "$line"; done < <(nvidia-smi -L)
  fi
  row ranks "$ranks ($placed_by), OMP_NUM_THREADS=$OMP_NUM_THREADS"
  row modules "${LOADEDMODULES:-none}"
  row Slurm "$(srun --version 2>&1 | head -n 1)"
  row program "$program"
  while read -r line; do row "" "$line"; done <<<"$version"
  if [ -n "${OMPI_MCA_osc:-}" ]; then row "Open MPI" "OMPI_MCA_osc=$OMPI_MCA_osc"; fi
  if [ -n "${HDF5_USE_FILE_LOCKING:-}" ]; then row locking "HDF5_USE_FILE_LOCKING=$HDF5_USE_FILE_LOCKING"; fi
  row directory "$PWD"
  if [ -n "$whole_file" ]; then
    row merge "when all parts are complete: $program merge ${whole_file%.h5}.*-of-$parts.h5 -o $whole_file"
    row "" "or now: sbatch --dependency=afterok:$SLURM_ARRAY_JOB_ID --wrap '...'"
  fi
  row command "$(printf '%q ' "${launch[@]}" "$program" run "${arguments[@]}")"
}

# --- checks -----------------------------------------------------------------------------------------------------------

# Sets program and version.
find_program() {
  program="${GLUESWEEP_PROGRAM:-gluesweep}"
  local built="$slurm_folder/../build/release/gluesweep"
  if [ -z "${GLUESWEEP_PROGRAM:-}" ] && ! command -v gluesweep >/dev/null && [ -x "$built" ]; then program="$built"; fi
  if ! program="$(command -v "$program")"; then
    fail 2 "the program '${GLUESWEEP_PROGRAM:-gluesweep}' is not there or cannot be executed on $(hostname)." \
      "Put gluesweep on PATH (module load ..., before sbatch or in the script), or set GLUESWEEP_PROGRAM to its path," \
      "on a file system that the compute nodes see."
  fi
  if ! version="$("$program" --version 2>&1)"; then
    fail 2 "'$program --version' fails on $(hostname):" "$version" \
      "A library that is not found: load the modules that gluesweep was built with, before sbatch or in the script."
  fi
}

check_files() {
  if [ ! -r "$job_file" ]; then
    fail 2 "cannot read the job file '$job_file' in '$PWD' on $(hostname)." \
      "Give a path relative to the directory from which you submit, or an absolute one that the compute nodes see."
  fi
  local folder
  folder="$(dirname "$output_file")"
  if [ ! -d "$folder" ] || [ ! -w "$folder" ]; then
    fail 2 "cannot write to the directory '$folder' of the output file '$output_file' on $(hostname)." \
      "Create it, or name another with -o."
  fi
  if [ "$nodes" -gt 1 ]; then check_shared "$folder"; fi
}

# check_shared FOLDER: all nodes must write one file.
check_shared() {
  local mark="$1/.gluesweep_job_${SLURM_JOB_ID}" blind
  : >"$mark"
  # shellcheck disable=SC2016 # expanded on the other nodes
  blind="$(srun --export=ALL --mpi=none --nodes="$nodes" --ntasks="$nodes" --ntasks-per-node=1 \
    bash -c '[ -e "$1" ] && [ -w "$(dirname "$1")" ] || echo "$SLURMD_NODENAME"' check "$mark" | sort | paste -sd ' ')"
  rm -f "$mark"
  if [ -n "$blind" ]; then
    fail 2 "the directory '$1' of the output file is not the same, or not writable, on $blind as on $(hostname)." \
      "All nodes write one file: use a directory on the parallel file system (scratch, work), not a node's own disk."
  fi
}

check_launcher() {
  case "$launcher" in
    srun)
      local kinds
      kinds="$(srun --mpi=list 2>&1)"
      if ! grep -qwF "$pmi" <<<"${kinds//,/ }"; then
        fail 2 "this Slurm cannot start MPI programs by 'srun --mpi=$pmi'; it has: $(grep -oE '\b(none|pmi2|pmix[_0-9v]*|cray_shasta)\b' <<<"$kinds" | sort -u | paste -sd ' ')." \
          "Start by Open MPI's mpirun instead, GLUESWEEP_LAUNCHER=mpirun sbatch ..., or, with MPICH or Intel MPI, set GLUESWEEP_SRUN_MPI=pmi2."
      fi
      ;;
    mpirun)
      if ! command -v "$mpirun" >/dev/null; then
        fail 2 "'$mpirun' is not there on $(hostname)." "Load the MPI module that gluesweep was built with, or set GLUESWEEP_MPIRUN to its path."
      fi
      ;;
    *) fail 2 "GLUESWEEP_LAUNCHER is '$launcher': accepted are srun and mpirun." ;;
  esac
}

# Sets launch: the words in front of the program that start it on all ranks.
choose_launch() {
  case "$launcher" in
    srun) launch_by_srun ;;
    mpirun) launch_by_mpirun ;;
  esac
  if [ -n "${GLUESWEEP_LAUNCHER_OPTIONS:-}" ]; then
    local options
    read -ra options <<<"$GLUESWEEP_LAUNCHER_OPTIONS"
    launch+=("${options[@]}")
  fi
  # Open MPI 4 takes its UCX component for the block counter and then fails (MPI_ERR_WIN) on plain Ethernet.
  if [ -z "$(ls -A /sys/class/infiniband 2>/dev/null)" ]; then export OMPI_MCA_osc="${OMPI_MCA_osc:-^ucx}"; fi
}

launch_by_srun() {
  launch=(srun --export=ALL "--mpi=$pmi" "--nodes=$nodes" "--ntasks=$ranks")
  [ -z "$ranks_per_node" ] || launch+=("--ntasks-per-node=$ranks_per_node")
  if [ "$ranks" -gt "$(IFS=+ && echo "$((${cpus[*]}))")" ]; then
    launch+=(--overcommit)
  else
    launch+=("--cpus-per-task=$(cpus_per_rank)")
  fi
  # Without a request of its own a step sees no GPU of a node that was taken as a whole.
  if [ "$gpus" -gt 0 ] && [ -z "${SLURM_GPUS_PER_TASK:-}" ]; then launch+=("--gpus-per-node=$gpus"); fi
}

launch_by_mpirun() {
  local map="slot:OVERSUBSCRIBE"
  [ -z "$ranks_per_node" ] || map="ppr:$ranks_per_node:node:OVERSUBSCRIBE"
  # Binding by mpirun would put jobs that share a node on the same cores.
  launch=("$mpirun" -n "$ranks" --map-by "$map" --bind-to none)
  # mpirun starts one helper a node as a task of Slurm, whose GPUs are those of all ranks there.
  if [ "$gpus" -gt 0 ]; then
    unset SLURM_GPUS_PER_TASK SLURM_TRES_PER_TASK
    export SLURM_GPUS_PER_NODE="$gpus"
  fi
}

# CPUs that each rank of an srun step may use: its share of the smallest node.
cpus_per_rank() {
  local fewest="${cpus[0]}" count
  for count in "${cpus[@]}"; do ((count >= fewest)) || fewest=$count; done
  local share=$((fewest / ${ranks_per_node:-$fewest}))
  echo "${SLURM_CPUS_PER_TASK:-$((share < 1 ? 1 : share))}"
}

# Starts the ranks once without computing anything: MPI must connect them all, and the job must be good.
check_ranks() {
  local report code found
  report="$(mktemp)" || fail 1 "cannot create a temporary file on $(hostname)."
  # shellcheck disable=SC2016 # expanded by each rank
  run_and_wait "${launch[@]}" bash -c '
    rank="${OMPI_COMM_WORLD_RANK:-${PMIX_RANK:-${PMI_RANK:-${SLURM_PROCID:-?}}}}"
    echo "  rank $rank on ${SLURMD_NODENAME:-$(hostname)}${CUDA_VISIBLE_DEVICES:+, GPUs $CUDA_VISIBLE_DEVICES}" >&2
    exec "$@"' bash "$program" run "${arguments[@]}" --dry-run >"$report"
  code=$?
  found="$(sed -nE 's/.*, on ([0-9,]+) ranks?$/\1/p' "$report" | tr -d ,)"
  rm -f "$report"
  if [ "$warned" = yes ]; then return; fi
  if [ "$code" -eq 2 ]; then exit 2; fi
  if [ "$code" -ne 0 ]; then
    fail "$code" "starting $ranks ranks by '${launch[*]}' failed with exit code $code, see above." \
      "If MPI is the reason: gluesweep's MPI must fit this Slurm. Load the modules it was built with, try the other launcher" \
      "(GLUESWEEP_LAUNCHER=srun or mpirun), and see 'Common failures' in slurm/README.md."
  fi
  if [ "$found" != "$ranks" ]; then
    fail 1 "wanted one run on $ranks ranks, but '${launch[*]}' gives $(grep -c . <<<"$found") run(s) on $(sort -u <<<"$found" | paste -sd ' ') rank(s):" \
      "MPI does not connect the ranks, because gluesweep's MPI library does not belong to this launcher." \
      "Load the modules it was built with, or try the other launcher (GLUESWEEP_LAUNCHER=srun or mpirun)."
  fi
  row checked "MPI connects $ranks ranks; the job is good"
}

# --- run --------------------------------------------------------------------------------------------------------------

child="" warned=no forwarded=no interrupted=no

# Once only: a second signal would end the ranks at once. srun and mpirun pass it on to all ranks.
forward_warning() {
  if [ "$warned" = yes ] && [ "$forwarded" = no ] && [ -n "$child" ]; then
    forwarded=yes
    kill -USR1 "$child" 2>/dev/null
  fi
}

on_signal() {
  interrupted=yes
  # When Slurm ends the job, by scancel or at its limit, it has sent SIGTERM to the ranks itself.
  if [ "$1" = TERM ] && [ "$(job_state)" != RUNNING ]; then return; fi
  if [ "$warned" = no ]; then say "== SIG$1 from Slurm, $(date '+%H:%M:%S'): the ranks finish their blocks"; fi
  warned=yes
  forward_warning
}

job_state() { squeue -h -j "$job_id" -o %T 2>/dev/null; }

# Returns the exit code of a command that is started in the background, so that traps run at once.
run_and_wait() {
  local code
  "$@" &
  child=$!
  forward_warning
  while :; do
    interrupted=no
    wait "$child"
    code=$?
    [ "$interrupted" = yes ] || break
  done
  child=""
  # SIGUSR1 that met a program which was just starting.
  if [ "$warned" = yes ] && [ "$code" -eq $((128 + 10)) ]; then code=$stopped_early; fi
  return "$code"
}

# prepare ARGUMENTS...: everything before the run.
prepare() {
  if [ -z "${SLURM_JOB_ID:-}" ]; then fail 2 "this script runs in a Slurm job." "Submit it: sbatch SCRIPT JOB.yaml [-o FILE.h5]"; fi
  # Only for programs that are not set up otherwise: one thread a rank is fastest.
  export OMP_NUM_THREADS="${GLUESWEEP_THREADS:-1}" OPENBLAS_NUM_THREADS="${GLUESWEEP_THREADS:-1}"
  check_launcher
  find_program
  read_allocation
  choose_launch
  log_environment
  check_files
  if [ "${GLUESWEEP_CHECK:-yes}" != no ]; then check_ranks; fi
}

# run: all ranks; returns gluesweep's exit code.
run() {
  local code=$stopped_early began=$SECONDS
  if [ "$warned" = no ]; then
    run_and_wait "${launch[@]}" "$program" run "${arguments[@]}"
    code=$?
  fi
  say "== exit code $code$(meaning "$code"), $((SECONDS - began)) s, $(date '+%Y-%m-%d %H:%M:%S %Z')"
  return "$code"
}

meaning() {
  case "$1" in
    0) echo ": complete" ;;
    2) echo ": bad input" ;;
    3) echo ": complete, but more points failed than --max-failed allows" ;;
    "$stopped_early") echo ": stopped early, --resume goes on" ;;
    *) [ "$1" -le 128 ] || echo ": ended by signal $(($1 - 128)), --resume goes on" ;;
  esac
}

# --- requeue ----------------------------------------------------------------------------------------------------------

# Finished points in the output file.
done_points() {
  local points=""
  if [ -e "$output_file" ]; then
    points="$("$program" show "$output_file" 2>/dev/null | sed -nE 's/^ *points +([0-9,]+) of .*/\1/p' | tr -d ,)"
  fi
  echo "${points:-0}"
}

# Whether a run that ended by itself did so because a node of the job is gone.
node_was_lost() {
  if [ "$nodes" -eq 1 ]; then return 1; fi
  ! timeout 120 srun --mpi=none --nodes="$nodes" --ntasks="$nodes" --ntasks-per-node=1 true 2>/dev/null
}

# run_and_requeue: ends the script; a run that stopped early is queued again, unless that is useless.
run_and_requeue() {
  local code before after
  before="$(done_points)"
  run
  code=$?
  case "$code" in
    "$stopped_early") ;;
    0 | 2 | 3) end_here "$code" ;;
    *)
      node_was_lost || end_here "$code"
      say "== a node of this job does not answer any more"
      ;;
  esac
  after="$(done_points)"
  count_useless $((after - before))
  if [ "$useless" -ge "$useless_limit" ]; then
    rm -f "$output_file.requeue"
    fail "$code" "not requeued: $useless runs in a row finished no point of '$output_file' ($after are done)." \
      "The time limit must leave room for the start and a block: raise --time, lower run.block, or warn later (--signal)."
  fi
  if [ "$(job_state)" != RUNNING ]; then
    say "not requeued: Slurm is ending job $job_id. To go on, submit it again."
    end_here "$code"
  fi
  say "== requeued with $after points done, $((after - before)) of them now"
  scontrol requeue "$job_id" || {
    rm -f "$output_file.requeue"
    fail "$code" "Slurm refuses to requeue job $job_id, see above." \
      "The job needs #SBATCH --requeue, and the site must allow it. To go on, submit the script again."
  }
  exit "$code"
}

useless_limit="${GLUESWEEP_USELESS_RUNS:-2}"

# count_useless POINTS: sets useless, the number of runs in a row, this one included, that finished none. Kept beside
# the output file, because nothing else outlives a requeued job.
count_useless() {
  useless=0
  if [ "$1" -le 0 ]; then useless=$(($(cat "$output_file.requeue" 2>/dev/null || echo 0) + 1)); fi
  echo "$useless" >"$output_file.requeue"
}

end_here() {
  rm -f "$output_file.requeue"
  exit "$1"
}

trap 'on_signal USR1' USR1
trap 'on_signal TERM' TERM
