#!/usr/bin/env bash
# vitl, vitx and ResNet-18 in TorchSharp (torch_models/), ResNet-18 in PyTorch and ONNX Runtime as well; prints JSON lines.
# Needs what the peers' script for transformers installs and builds. usage: peers_models.sh [THREADS] [WORKLOAD...]
#   PEERS="torchsharp-fp32 torch"   only these of torchsharp-fp32, torchsharp-bf16, torch and onnxruntime
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
threads=${1:-2}; shift || true
[ $# -gt 0 ] || set -- vitl vitx resnet18 resnet18-cifar
cache=${PEERS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fovea-peers}
peers=" ${PEERS:-torchsharp-fp32 torchsharp-bf16 torch onnxruntime} "
jemalloc=$(ls /usr/lib/*/libjemalloc.so.2 | head -1)
at_best=(env OMP_NUM_THREADS="$threads" MKL_NUM_THREADS="$threads" OPENBLAS_NUM_THREADS="$threads"
  MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1)

if [[ $peers == *" torchsharp-"* ]]; then
  theirs=$cache/torchsharp built=$cache/torch_models app=$cache/torch_models/bin/Release/net10.0/linux-x64
  [ -f "$theirs/ready" ] || { echo "run the peers' script for transformers first: no $theirs" >&2; exit 1; }
  if [ ! "$built/ready" -nt "$here/torch_models/Program.cs" ]; then
    mkdir -p "$built"
    cp "$here/torch_models/Program.cs" "$built/"
    cp "$theirs/TorchSharpPeer.csproj" "$built/TorchModels.csproj"
    (cd "$built" && dotnet build -c Release -v q -nologo >&2)
    cp "$theirs"/bin/Release/net10.0/linux-x64/*.so* "$app/"
    touch "$built/ready"
  fi
  for precision in fp32 bf16; do
    [[ $peers == *" torchsharp-$precision "* ]] || continue
    "${at_best[@]}" LD_PRELOAD="$jemalloc $theirs/shim.so" dotnet "$app/TorchModels.dll" "$threads" "$precision" "$@"
  done
fi

residual=()
for workload in "$@"; do [[ $workload != resnet* ]] || residual+=("$workload"); done
[ ${#residual[@]} -gt 0 ] || exit 0
mkdir -p "$cache/onnx"
if [[ $peers == *" torch "* || ( $peers == *" onnxruntime "* && ! -f $cache/onnx/${residual[0]}.onnx ) ]]; then
  core=; grep -q avx512f /proc/cpuinfo && core=SkylakeX
  "${at_best[@]}" OPENBLAS_CORETYPE=$core LD_PRELOAD="$jemalloc" \
    /usr/bin/python3 "$here/torch_resnet.py" --threads "$threads" --onnx "$cache/onnx" "${residual[@]}" 2>/dev/null
fi
if [[ $peers == *" onnxruntime "* ]]; then
  node "$here/ort_resnet.cjs" "$cache/onnx" "$threads" "$cache/node_modules" "${residual[@]}"
fi
