#!/usr/bin/env python3
"""The peer of Images.cs: torchvision with PIL, in worker processes. Prints images a second and
milliseconds of processor time per image, over all processes; one epoch of warm-up is not counted.

usage: torchvision_images.py FOLDER WORKERS SECONDS
Debian: python3-torchvision, python3-pil
"""
import multiprocessing
import os
import sys
import time

import torch
from torchvision import datasets, transforms

folder, workers, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
torch.set_num_threads(1)
images = datasets.ImageFolder(folder, transforms.Compose([
    transforms.RandomResizedCrop(224),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
]))
# Long epochs, because the start of each costs.
images = torch.utils.data.ConcatDataset([images] * 4)
loader = torch.utils.data.DataLoader(images, batch_size=20, shuffle=True, num_workers=workers, persistent_workers=True)


def epoch():
    return sum(len(labels) for _, labels in loader)


def processor_seconds():
    ticks = 0
    for pid in [os.getpid()] + [worker.pid for worker in multiprocessing.active_children()]:
        with open(f"/proc/{pid}/stat") as stat:
            ticks += sum(int(field) for field in stat.read().rpartition(")")[2].split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


epoch()
start, used, count = time.perf_counter(), processor_seconds(), 0
while time.perf_counter() - start < seconds:
    count += epoch()
print(f"{count / (time.perf_counter() - start):.1f} {1e3 * (processor_seconds() - used) / count:.2f}")
