#!/bin/sh
# Runs a launcher of ranks so that SIGTERM saves: mpirun gives its ranks no time when it is asked to end, but passes
# SIGUSR1 on, for which 'fovea' finishes its step, saves and ends.
#
#   gently mpirun -np 4 fovea train ...
set -u
"$@" &
launcher=$!
trap 'kill -USR1 "$launcher" 2> /dev/null' TERM INT HUP

# A signal ends the first wait, not the launcher.
wait "$launcher"
code=$?
while kill -0 "$launcher" 2> /dev/null; do
  wait "$launcher"
  code=$?
done
exit "$code"
