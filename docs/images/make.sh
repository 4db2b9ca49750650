#!/bin/sh
# Draws the images of the documentation anew, all or some; run from the root of the repository.
#   docs/images/make.sh [predictions|explain|study|studio|sinkformer|train-from-scratch|tables]...
# All take some 12 minutes on two cores. Runs go to $FOVEA_IMAGES, /tmp/fovea-images unless given. Numbers in the
# documents beside an image are those of the same run: look at them again afterwards.
set -eu
out=${FOVEA_IMAGES:-/tmp/fovea-images}
here=docs/images
fovea() { dotnet run -c Release --project src/Fovea.Cli -- "$@"; }

for image in ${*:-predictions explain study studio sinkformer train-from-scratch tables}; do
    rm -rf "${out:?}/$image"
    mkdir -p "$out/$image"
    case $image in
    predictions)   # README: the errors of the first run
        fovea train --out "$out/$image/run" --quiet
        cp "$out/$image/run/figures/predictions.png" $here/predictions.png
        ;;
    explain)   # docs/commands.md: where a model looks
        fovea train --epochs 3 --out "$out/$image/run" --quiet
        fovea explain "$out/$image/run" --index 14 --out "$out/$image/explained"
        cp "$out/$image/explained/14-overview.png" $here/explain.png
        ;;
    study)   # docs/commands.md: a study
        fovea compare recipes/quick-study.yaml --out "$out/$image/study" --quiet
        cp "$out/$image/study/figures/accuracy.png" $here/study.png
        ;;
    studio)   # docs/studio.md: the page of a run, by Chromium
        fovea train --epochs 30 --train-limit 2000 --log-every 10 --out "$out/$image/runs/first" --quiet
        fovea studio "$out/$image/runs" --port 8019 &
        studio=$!
        sleep 10
        chromium --headless --no-sandbox --hide-scrollbars --window-size=1280,900 --virtual-time-budget=10000 \
            --screenshot="$out/$image/studio.png" 'http://127.0.0.1:8019/#/run?run=runs%2Ffirst'
        kill "$studio"
        cp "$out/$image/studio.png" $here/studio.png
        ;;
    sinkformer)   # docs/sinkformer.md
        dotnet run samples/Sinkformer.cs -- --out "$out/$image"
        cp "$out/$image/kernels.png" $here/sinkformer-kernels.png
        cp "$out/$image/convergence.png" $here/sinkformer-convergence.png
        cp "$out/$image/training.png" $here/sinkformer-training.png
        ;;
    train-from-scratch)   # docs/train-from-scratch.md
        dotnet run samples/TrainFromScratch.cs -- --out "$out/$image"
        cp "$out/$image/accuracy.png" $here/train-from-scratch.png
        ;;
    tables)
        # These show what tables of the documents say, and are drawn from them: measuring again takes a machine with
        # nothing else to do, and hours.
        #   docs/attention.md  dotnet run -c Release bench/AttentionCost.cs
        #   docs/results.md    fovea compare recipes/mechanisms.yaml --data DIR --out studies/mechanisms   (CIFAR-10)
        #   docs/results.md    fovea compare recipes/scaling-small.yaml --data DIR --out studies/scaling-small
        #                      fovea compare recipes/scaling-small-pretrained.yaml --data DIR \
        #                          --out studies/scaling-small-pretrained
        #   docs/results.md    fovea compare bench/results/2-vit.yaml --data DIR --out studies/2-vit
        #   docs/results.md    fovea compare bench/results/3-visual-attention.yaml --data DIR \
        #                          --out studies/3-visual-attention
        dotnet run $here/FromTables.cs -- "$out/$image"
        cp "$out/$image/attention-time.png" $here/attention-time.png
        cp "$out/$image/mechanisms.png" $here/mechanisms.png
        cp "$out/$image/scaling.png" $here/scaling.png
        cp "$out/$image/vit-cifar10.png" $here/vit-cifar10.png
        cp "$out/$image/visual-attention-cifar100.png" $here/visual-attention-cifar100.png
        ;;
    *)
        echo "$0: there is no image '$image'" >&2
        exit 2
        ;;
    esac
done
