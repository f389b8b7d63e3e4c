#!/usr/bin/env bash
# A run on a Slurm cluster that goes on until it is done, over any number of jobs: sbatch examples/slurm.sh
#
# Three minutes before the time of a job is over, Slurm sends SIGUSR1 to this script, which asks torchrun to end. Every
# process saves its state and ends with code 75. The job is then queued again, and the same command goes on by its --name.
# The folder of the run must be one that all nodes share. The number of nodes may be another one each time.
#SBATCH --job-name=one
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=32
#SBATCH --time=04:00:00
#SBATCH --signal=B:USR1@180
#SBATCH --requeue
#SBATCH --open-mode=append
set -u

MODEL=${MODEL:-examples/lenet5_digits.nn}
NAME=${NAME:-one}
STRATEGY=${STRATEGY:-ddp}
HEAD=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)

ending=""
end() {
  ending=yes
  kill -TERM "$training"  # srun passes it on to torchrun, and torchrun to its processes
}
trap end USR1 TERM

# --max-restarts: where a process is lost, torchrun starts all of them again, and the run goes on from its last state.
srun torchrun \
  --nnodes "$SLURM_NNODES" --nproc-per-node "${SLURM_GPUS_ON_NODE:-1}" --max-restarts 3 \
  --rdzv-id "$SLURM_JOB_ID" --rdzv-backend c10d --rdzv-endpoint "$HEAD:29500" \
  -m nnspec train "$MODEL" --strategy "$STRATEGY" --name "$NAME" &
training=$!

wait "$training"
code=$?
if [ -n "$ending" ]; then
  wait "$training"  # the first wait ended with the signal
  scontrol requeue "$SLURM_JOB_ID"
  exit 0
fi
exit "$code"
