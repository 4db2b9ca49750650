#!/usr/bin/env bash
# Residual networks in PyTorch (with an AVX-512 BLAS and an allocator that keeps its pages) and ONNX Runtime; prints JSON lines.
# Needs what the peers' script for transformers installs. usage: peers_resnet.sh [THREADS] [WORKLOAD...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
threads=${1:-2}; shift || true
cache=${PEERS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fovea-peers}
mkdir -p "$cache/onnx"
core=; grep -q avx512f /proc/cpuinfo && core=SkylakeX
env OPENBLAS_CORETYPE=$core OPENBLAS_NUM_THREADS=$threads OMP_NUM_THREADS=$threads \
    LD_PRELOAD=$(ls /usr/lib/*/libjemalloc.so.2 | head -1) MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1 \
    /usr/bin/python3 "$here/torch_resnet.py" --threads "$threads" --onnx "$cache/onnx" "$@" 2>/dev/null
node "$here/ort_resnet.cjs" "$cache/onnx" "$threads" "$cache/node_modules" "$@"
