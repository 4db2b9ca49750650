#!/bin/bash
#SBATCH --job-name=fovea
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=12:00:00
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log

# Trains on all nodes, and is queued again until the run is finished.
#
#   sbatch deploy/slurm.sh RUN [options of 'fovea train']
#
# RUN lies on a file system that all nodes see. Two minutes before the end of the time, SIGUSR1 goes to the ranks (not
# to this script): they save and end with 138. What pre-empts the job sends SIGTERM: 143.
run=${1:?"usage: sbatch slurm.sh RUN [options of 'fovea train']"}
shift
here=${FOVEA_DEPLOY:-$SLURM_SUBMIT_DIR/deploy}

# From Slurm 22.05 on a step does not take the job's number of processors over.
srun --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" --mpi=pmix --kill-on-bad-exit=1 "$here/fovea-run.sh" "$run" "$@"
code=$?

case $code in
138 | 143) scontrol requeue "$SLURM_JOB_ID" ;;
esac
exit "$code"
