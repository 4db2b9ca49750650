#!/usr/bin/env bash
# Trains the published results one after the other, with time that nothing else wants.
#
#   bench/results/queue.sh DATA STATE [COMMIT]
#
# DATA   has the folders cifar10, cifar100 and cats-and-dogs with the datasets' files
# STATE  outside the repository: keeps a published copy of COMMIT (HEAD unless given) and the studies
#
# The same command goes on after a kill or a reboot. It stands still after `kill -TSTP PID` of the `fovea compare` that
# `fovea runs list STATE/studies` tells the state of, and goes on after `kill -CONT PID`.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
data=$(realpath "$1")
mkdir -p "$2"
state=$(realpath "$2")
cd "$(dirname "$0")/../.."
commit=$(git rev-parse --short "${3:-HEAD}")
source=$state/source/$commit bin=$state/bin/$commit
if [ ! -f "$bin/fovea.dll" ]; then
  mkdir -p "$source"
  git archive "$commit" | tar -x -C "$source"
  nice -n 19 dotnet publish "$source/src/Fovea.Cli" -o "$bin.part"
  mv "$bin.part" "$bin"
fi
cd "$state"
for study in "$source"/bench/results/*.yaml; do
  name=$(basename "$study" .yaml)
  dotnet "$bin/fovea.dll" compare "$study" --idle --data "$data" --out "studies/${name#*-}"
done
