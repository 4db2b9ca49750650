#!/bin/sh
# Trains into a run directory, or goes on there: the same command for the first start and for every one after it.
#
#   fovea-run DIR [options of 'fovea train']
#
# Of several ranks one looks into the directory, so that all do the same. FOVEA_COMMAND is the command itself, 'fovea'
# unless set.
set -eu
if [ $# -lt 1 ]; then
  echo "usage: fovea-run DIR [options of 'fovea train']" >&2
  exit 2
fi

run=$1
shift
exec ${FOVEA_COMMAND:-fovea} train --continue --out "$run" --checkpoint-minutes 10 --keep-checkpoints 3 --quiet "$@"
