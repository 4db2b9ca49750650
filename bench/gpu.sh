#!/usr/bin/env bash
# What can be said of a GPU in some five minutes: the tests of the devices of PyTorch on it, and training in bfloat16
# against PyTorch itself, eager and compiled, with the peak of memory. Builds nothing: build before, here or where the
# files come from (dotnet build -c Release src/Fovea.Cli; dotnet build tests/Fovea.Torch.Tests).
#
# usage: bench/gpu.sh [DEVICE]        cuda unless given; $OUT names a folder for the results
set -uo pipefail
cd "$(dirname "$0")/.."
device=${1:-cuda} out=${OUT:-$(mktemp -d)}
workloads="vit:1024 deit_tiny_patch16_224:256 vit_base_patch16_224:128"
fovea() { dotnet src/Fovea.Cli/bin/Release/net10.0/fovea.dll "$@"; }

fovea devices | tee "$out/devices.txt"
FOVEA_TORCH_TESTS=$device timeout 150 dotnet exec tests/Fovea.Torch.Tests/bin/Debug/net10.0/Fovea.Torch.Tests.dll \
  -trait- Category=Slow > "$out/tests.txt" 2>&1
tail -n 3 "$out/tests.txt"

: > "$out/results.jsonl"
for workload in $workloads; do
  name=${workload%:*} batch=${workload#*:}
  for turn in 1 2; do
    fovea bench --model "$name" --mode train --batch-size "$batch" --device "$device" --precision bf16 --steps 20 --json \
      | tee -a "$out/results.jsonl"
    timeout 90 python3 bench/torch_gpu.py --device "$device" "$workload" | tee -a "$out/results.jsonl"
  done
done
python3 - "$out/results.jsonl" <<'PY'
import json, statistics, sys
runs = {}
for line in open(sys.argv[1]):
    one = json.loads(line)
    ours = "peer" not in one
    key = (one["model"] if ours else one["workload"], "fovea" if ours else one["peer"])
    runs.setdefault(key, []).append((one["images_per_second"], one["device_memory_bytes" if ours else "peak_bytes"] or 0))
print("| workload | who | images/s | Fovea against it | peak memory, GiB |\n| --- | --- | ---: | ---: | ---: |")
for (workload, who), found in runs.items():
    speed = statistics.median(s for s, _ in found)
    mine = statistics.median(s for s, _ in runs[workload, "fovea"])
    print(f"| `{workload}` | {who} | {speed:.0f} | {mine / speed:.2f} | {max(m for _, m in found) / 2**30:.2f} |")
PY
