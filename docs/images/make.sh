#!/bin/sh
# Draws images of the documentation anew, in a folder of its own; run from the root of the repository.
#   docs/images/make.sh [FOLDER]
set -eu
out=${1:-/tmp/fovea-images}
fovea="dotnet run -c Release --project src/Fovea.Cli --"

# README: the errors of the first run
$fovea train --out "$out/first" --quiet
cp "$out/first/figures/predictions.png" docs/images/predictions.png

# docs/commands.md: where a model looks
$fovea train --epochs 3 --out "$out/three" --quiet
$fovea explain "$out/three" --index 14 --out "$out/explained"
cp "$out/explained/14-overview.png" docs/images/explain.png

# docs/commands.md: a study
$fovea compare recipes/quick-study.yaml --out "$out/study" --quiet
cp "$out/study/figures/accuracy.png" docs/images/study.png
