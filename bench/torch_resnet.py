#!/usr/bin/env python3
"""Times ResNet-18 (He et al. 2016) in PyTorch, one JSON line per workload and mode; layers and names as in torchvision.

usage: torch_resnet.py [--threads 2] [--modes train,infer] [--runs 4] [--onnx DIR] WORKLOAD...
--onnx DIR also writes each workload as DIR/WORKLOAD.onnx (opset 17).
"""
import argparse, json, time
import torch, torch.nn as nn, torch.nn.functional as F

# name: image, classes, batch, stem for small images
WORKLOADS = {"resnet18": (224, 1000, 16, False), "resnet18-cifar": (32, 10, 128, True)}


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)) + (x if self.downsample is None else self.downsample(x)), inplace=True)


class ResNet18(nn.Module):
    def __init__(self, classes, small):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3 if small else 7, 1 if small else 2, 1 if small else 3, bias=False)
        self.bn1, self.small = nn.BatchNorm2d(64), small
        widths = [64, 64, 128, 256, 512]
        for i in range(4):
            first = BasicBlock(widths[i], widths[i + 1], 1 if i == 0 else 2)
            setattr(self, f"layer{i + 1}", nn.Sequential(first, BasicBlock(widths[i + 1], widths[i + 1], 1)))
        self.fc = nn.Linear(512, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        if not self.small:
            x = F.max_pool2d(x, 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def best_seconds(step, runs):
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def main():
    args = argparse.ArgumentParser()
    args.add_argument("workloads", nargs="*", default=list(WORKLOADS))
    args.add_argument("--threads", type=int, default=2)
    args.add_argument("--modes", default="train,infer")
    args.add_argument("--layouts", default="contiguous_format,channels_last")
    args.add_argument("--runs", type=int, default=4)
    args.add_argument("--onnx")
    a = args.parse_args()
    torch.set_num_threads(a.threads)
    for name in a.workloads or WORKLOADS:
        image, classes, batch, small = WORKLOADS[name]
        torch.manual_seed(0)
        net = ResNet18(classes, small)
        x, y = torch.randn(batch, 3, image, image), torch.randint(0, classes, (batch,))
        if a.onnx:
            torch.onnx.export(net.eval(), x, f"{a.onnx}/{name}.onnx", opset_version=17, input_names=["x"], output_names=["y"])
        optimizer = torch.optim.AdamW(net.parameters(), 1e-3)

        def train_step():
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()

        def infer_step():
            with torch.no_grad():
                net(x)

        for mode in a.modes.split(","):
            net.train(mode == "train")
            seconds = {}   # its best memory layout counts
            for layout in a.layouts.split(","):
                net.to(memory_format=getattr(torch, layout))
                x = x.contiguous(memory_format=getattr(torch, layout))
                seconds[layout] = best_seconds(train_step if mode == "train" else infer_step, a.runs)
            layout = min(seconds, key=seconds.get)
            print(json.dumps({"peer": f"torch {torch.__version__}", "workload": name, "mode": mode, "batch": batch,
                              "threads": a.threads, "layout": layout, "parameters": sum(p.numel() for p in net.parameters()),
                              "images_per_second": round(batch / seconds[layout], 2)}), flush=True)


main()
