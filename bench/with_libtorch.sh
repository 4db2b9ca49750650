#!/usr/bin/env bash
# Runs fovea with the libtorch of the TorchSharp peer, under the same conditions: the same library, MKL's AVX-512 kernels
# switched on, and the same allocator. For `--fovea` of bench/Compare.cs; the peer has to be built.
#   PEERS_CACHE   folder of the built peers
set -euo pipefail
cache=${PEERS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fovea-peers}
export FOVEA_TORCH=$cache/torchsharp/bin/Release/net10.0/linux-x64
export MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1
export LD_PRELOAD="$(ls /usr/lib/*/libjemalloc.so.2 | head -1) $cache/torchsharp/shim.so"
exec "$(dirname "$0")/../src/Fovea.Cli/bin/Release/net10.0/fovea" "$@"
