#!/usr/bin/env python3
"""Times plain Vision Transformers in PyTorch on a GPU as people train them: autocast to bfloat16, fused AdamW, fused
attention; eager and compiled. One JSON line per workload and way, with the peak of allocated memory.

usage: torch_gpu.py [--device cuda] [--steps 20] [--eager-only] NAME:BATCH...
"""
import argparse, json, time
import torch, torch.nn as nn, torch.nn.functional as F

# image, patch, width, depth, heads, hidden, classes; as in Fovea's presets
SIZES = {
    "vit": (32, 2, 128, 4, 8, 512, 10),
    "deit_tiny_patch16_224": (224, 16, 192, 12, 3, 768, 1000),
    "vit_base_patch16_224": (224, 16, 768, 12, 12, 3072, 1000),
}


class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.proj(mixed)
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, image, patch, width, depth, heads, hidden, classes):
        super().__init__()
        self.embed = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(0.02 * torch.randn(1, (image // patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(*[Block(width, heads, hidden) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, classes)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.position
        return self.head(self.norm(self.blocks(x))[:, 0])


def measure(name, batch, device, steps, compiled):
    size = SIZES[name]
    torch.manual_seed(0)
    model = Transformer(*size).to(device)
    run = torch.compile(model) if compiled else model
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.05,
                                  **({} if device == "cpu" else {"fused": True}))
    images = torch.randn(batch, 3, size[0], size[0], device=device)
    labels = torch.randint(0, size[6], (batch,), device=device)
    cuda = device.startswith("cuda")

    def step():
        with torch.autocast(device.split(":")[0], torch.bfloat16):
            loss = F.cross_entropy(run(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    for _ in range(5):
        step()
    seconds = []
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    for _ in range(steps):
        start = time.perf_counter()
        step()
        if cuda:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    print(json.dumps({
        "peer": f"torch {torch.__version__} {'compiled' if compiled else 'eager'}", "workload": name, "mode": "train",
        "batch": batch, "images_per_second": round(batch / seconds[len(seconds) // 2], 2),
        "peak_bytes": torch.cuda.max_memory_allocated() if cuda else None,
        "parameters": sum(p.numel() for p in model.parameters())}), flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("--device", default="cuda")
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--eager-only", action="store_true")
parser.add_argument("workloads", nargs="+")
options = parser.parse_args()
for workload in options.workloads:
    name, batch = workload.split(":")
    for compiled in [False] if options.eager_only else [False, True]:
        measure(name, int(batch), options.device, options.steps, compiled)
