#!/bin/sh
# Tells a job of Slurm that AWS takes a spot instance back: two minutes before, SIGUSR1 lets all ranks save and end.
# One copy runs on each node, beside the ranks, e.g. from the job's script before srun:
#
#   srun --overlap --ntasks-per-node=1 deploy/spot-watch.sh &
set -eu
metadata=http://169.254.169.254/latest

while sleep 5; do
  token=$(curl -sf -m 2 -X PUT "$metadata/api/token" -H 'X-aws-ec2-metadata-token-ttl-seconds: 60') || continue
  if curl -sf -m 2 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/spot/instance-action"; then
    scancel --signal=USR1 "$SLURM_JOB_ID"
    exit 0
  fi
done
