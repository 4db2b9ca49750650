#!/usr/bin/env python3
"""Records small golden cases from timm, torchvision, torch.save and Pillow.

    PYTHONPATH=<pytorch-image-models at the commit below> python3 record.py OUT [--other] [--rest-of LARGER]

`--rest-of` takes the cases of attention, optimisers, losses, schedules and operators from a larger recording, as they
are or with fewer runs. Every weight and input is random from a fixed seed; nothing is zero or an identity. `--other` records a second fixture
of the same form: other sizes, more and fewer steps, grey images. It is not kept: it shows that the tests take sizes,
counts and lists from the fixture.
"""
import argparse
import hashlib
import json
import math
import os
import shutil
import struct

import numpy as np
import timm
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from timm.layers import resample_abs_pos_embed
from timm.models.deit import VisionTransformerDistilled
from timm.models.vision_transformer import VisionTransformer
from torchvision import transforms as T
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

TIMM = f"timm {timm.__version__} (pytorch-image-models commit aa4b5850c1543fa488abf260f18390eda46cf85d, unpatched)"
TORCH = f"PyTorch {torch.__version__} (Debian build)"
RULE = "pass when abs(a-b) <= atol + rtol*abs(b), b = expected; integer tensors exact"
TYPES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64", torch.int32: "I32", torch.uint8: "U8",
         torch.bool: "BOOL", torch.float16: "F16", torch.bfloat16: "BF16"}


def raw(tensor):
    tensor = tensor.detach().contiguous()
    return (tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy().tobytes()


def write(path, tensors):
    """A safetensors file."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        part = raw(tensor)
        header[name] = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def describe(tensors):
    return {name: [TYPES[tensor.dtype], list(tensor.shape)] for name, tensor in tensors.items()}


def tolerance(exact, single, kind):
    """About twenty times the largest deviation from double precision."""
    least = {"forward": 1e-5, "grad": 2e-5}[kind]
    worst = max((exact[name] - single[name].double()).abs().max().item() for name in exact)
    digits = 10 ** math.floor(math.log10(max(20 * worst, least)))
    bound = max(least, next(step * digits for step in (1, 2, 5, 10) if step * digits >= 20 * worst))
    return {"atol": float(f"{bound:.0e}"), "rtol": 1e-4 if kind == "forward" else 1e-3,
            "measured_f32_vs_f64_max_abs": float(f"{worst:.3g}")}


class Case:
    def __init__(self, root, name, model, config, producer, seed, note=None):
        self.folder = os.path.join(root, name)
        os.makedirs(self.folder, exist_ok=True)
        self.fields = {"case": name, "model": model, "config": config, "produced_by": producer, "seed": seed}
        if note:
            self.fields["note"] = note
        torch.manual_seed(seed)

    def path(self, name):
        return os.path.join(self.folder, name)

    def finish(self, inputs=None, expected=None, weights=None, bounds=None, **more):
        if weights:
            write(self.path("weights.safetensors"), weights)
        if expected is not None:
            write(self.path("io.safetensors"), {**(inputs or {}), **expected})
            self.fields |= {"inputs": describe(inputs or {}), "expected": describe(expected)}
        self.fields |= {"tolerance": bounds or "exact for every tensor", "tolerance_rule": RULE, **more}
        files = sorted(name for name in os.listdir(self.folder) if name != "case.json")
        self.fields["files"] = {name: {"bytes": os.path.getsize(self.path(name))} for name in files}
        with open(self.path("case.json"), "w") as file:
            json.dump(self.fields, file, indent=1)
            file.write("\n")


def randomise(model, scale=0.15):
    """Random weights: near 1 where a scale is meant, small but never zero elsewhere."""
    for name, parameter in model.named_parameters():
        base = 1 if parameter.dim() == 1 and ("norm" in name or "bn" in name or "gamma" in name or "ln" in name) \
            and not name.endswith("bias") else 0
        with torch.no_grad():
            parameter.copy_(base + scale * torch.randn_like(parameter))
    return model


def run(model, forward, inputs):
    """Results in single precision, and the tolerance from the same in double precision."""
    single = forward(model, *inputs)
    exact = forward(model.double(), *[x.double() if x.is_floating_point() else x for x in inputs])
    model.float()
    return single, exact


# timm ----------------------------------------------------------------------------------------------------------------

def stages(model, x):
    """What a timm transformer computes on the way."""
    seen = {}
    hooks = [model.patch_embed.register_forward_hook(lambda m, i, o: seen.update(patch_embed=o.flatten(1, -2)
                                                                                   if o.dim() == 4 else o))]
    for i, block in enumerate(model.blocks):
        hooks.append(block.register_forward_hook(lambda m, a, o, i=i: seen.update({f"block{i}": o})))
    hooks.append(model.blocks[0].attn.attn_drop.register_forward_hook(lambda m, a, o: seen.update(attn0=o)))
    with torch.no_grad():
        seen["features"] = model.forward_features(x)
        seen["out"] = model(x)
    for hook in hooks:
        hook.remove()
    return seen


def to_hugging_face(weights, prefix="vit."):
    renamed = {}
    for name, value in weights.items():
        if name.startswith("head."):
            renamed["classifier" + name[4:]] = value
            continue
        name = name.replace("pos_embed", "embeddings.position_embeddings").replace("cls_token", "embeddings.cls_token")
        name = name.replace("patch_embed.proj", "embeddings.patch_embeddings.projection")
        name = name.replace("blocks.", "encoder.layer.").replace("norm1", "layernorm_before")
        name = name.replace("norm2", "layernorm_after").replace("mlp.fc1", "intermediate.dense")
        name = name.replace("mlp.fc2", "output.dense").replace("attn.proj", "attention.output.dense")
        name = "layernorm" + name[4:] if name.startswith("norm.") else name
        split_qkv(renamed, prefix + name, value)
    return renamed


def split_qkv(renamed, name, value):
    if "attn.qkv" not in name:
        renamed[name] = value
        return
    for part, piece in zip(("query", "key", "value"), value.chunk(3)):
        renamed[name.replace("attn.qkv", f"attention.attention.{part}")] = piece


def dinov2_hugging_face(facebook):
    renamed = {}
    for name, value in facebook.items():
        if name in ("cls_token", "register_tokens", "mask_token"):
            renamed["embeddings." + name] = value
            continue
        name = name.replace("pos_embed", "embeddings.position_embeddings")
        name = name.replace("patch_embed.proj", "embeddings.patch_embeddings.projection")
        name = name.replace("blocks.", "encoder.layer.").replace("ls1.gamma", "layer_scale1.lambda1")
        name = name.replace("ls2.gamma", "layer_scale2.lambda1").replace("attn.proj", "attention.output.dense")
        name = name.replace("mlp.w12", "mlp.weights_in").replace("mlp.w3", "mlp.weights_out")
        name = "layernorm" + name[4:] if name.startswith("norm.") else name
        split_qkv(renamed, name, value)
    return renamed


def vit_config(size):
    return {"img_size": size["image"], "patch_size": size["patch"], "embed_dim": size["dim"], "depth": size["depth"],
            "num_heads": size["heads"], "mlp_ratio": 4.0, "qkv_bias": True, "num_classes": size["classes"],
            "layer_norm_eps": 1e-06, "act": "gelu (erf)"}


def build(kind, size):
    return kind(img_size=size["image"], patch_size=size["patch"], embed_dim=size["dim"], depth=size["depth"],
                num_heads=size["heads"], num_classes=size["classes"])


def record_vit(root, size):
    case = Case(root, "timm-vit", "timm.models.vision_transformer.VisionTransformer",
                {**vit_config(size), "global_pool": "token", "mode": "eval"}, f"{TIMM} on {TORCH}", 1010)
    model = randomise(build(VisionTransformer, size)).eval()
    x = torch.randn(size["batch"], 3, size["image"], size["image"])
    single, exact = run(model, stages, [x])
    weights = model.state_dict()
    write(case.path("weights.hf.safetensors"), to_hugging_face(weights))
    write(case.path("weights.hf-bare.safetensors"), to_hugging_face(weights, ""))
    expected = {("logits" if name == "out" else name): value for name, value in single.items()}
    case.finish({"input": x}, expected, weights, {"forward": tolerance(exact, single, "forward")})


def record_distilled(root, size):
    case = Case(root, "timm-vit-distilled", "timm.models.deit.VisionTransformerDistilled",
                {**vit_config(size), "tokens": "[cls, dist, patches...]"}, f"{TIMM} on {TORCH}", 1020)
    model = randomise(build(VisionTransformerDistilled, size)).eval()
    x = torch.randn(size["batch"], 3, size["image"], size["image"])

    def forward(model, x):
        seen = stages(model, x)
        with torch.no_grad():
            features = model.forward_features(x)
            return {**seen, "logits_cls": model.head(features[:, 0]), "logits_dist": model.head_dist(features[:, 1])}

    single, exact = run(model, forward, [x])
    expected = {("logits" if name == "out" else name): value for name, value in single.items()}
    case.finish({"input": x}, expected, model.state_dict(), {"forward": tolerance(exact, single, "forward")})


def record_dinov2(root, size, name, timm_name, registers=0, gated=False):
    model = timm.create_model(timm_name, img_size=size["image"], patch_size=size["patch"], embed_dim=size["dim"],
                              depth=size["depth"], num_heads=size["heads"], dynamic_img_size=True)
    hidden = model.blocks[0].mlp.fc1.weight.shape[0]
    config = {key: value for key, value in vit_config({**size, "classes": 0}).items()
              if key in ("img_size", "patch_size", "embed_dim", "depth", "num_heads", "num_classes")}
    config |= {"timm_model_name": timm_name, "layer_scale": True, "layer_norm_eps": 1e-06, "reg_tokens": registers,
               "no_embed_class": registers > 0,
               "mlp": f"SwiGLUPacked, fc1 out {hidden}, hidden {hidden // 2}" if gated else "GELU (erf), ratio 4"}
    case = Case(root, name, f'timm.create_model("{timm_name}")', config, f"{TIMM} on {TORCH}", 1030 + registers)
    randomise(model).eval()
    facebook = {}
    for key, value in model.state_dict().items():
        if gated:
            key = key.replace("mlp.fc1", "mlp.w12").replace("mlp.fc2", "mlp.w3")
        facebook[key.replace("reg_token", "register_tokens")] = value.clone()
    if registers:   # Facebook adds a position to the class token, timm keeps the sum
        first = 0.15 * torch.randn(1, 1, size["dim"])
        facebook["pos_embed"] = torch.cat([first, facebook["pos_embed"]], 1)
        with torch.no_grad():
            model.cls_token.copy_(facebook["cls_token"] + first)
    facebook["mask_token"] = 0.15 * torch.randn(1, size["dim"])
    x = torch.randn(size["batch"], 3, size["image"], size["image"])
    other = torch.randn(1, 3, 6 * size["patch"], 5 * size["patch"])

    def forward(model, x, other):
        with torch.no_grad():
            seen = stages(model, x)
            return {**seen, "dyn.features": model.forward_features(other), "dyn.output": model(other)}

    single, exact = run(model, forward, [x, other])
    write(case.path("weights.fb.safetensors"), facebook)
    write(case.path("weights.hf.safetensors"), dinov2_hugging_face(facebook))
    expected = {("output" if key == "out" else key): value for key, value in single.items()}
    case.finish({"input": x, "dyn.input": other}, expected, model.state_dict(),
                {"forward": tolerance(exact, single, "forward")})


def record_vit_train(root, size):
    case = Case(root, "timm-vit-train", "timm.models.vision_transformer.VisionTransformer",
                {**vit_config(size), "global_pool": "token", "mode": "train", "dropout": 0, "drop_path": 0,
                 "loss": "cross entropy, mean over batch"}, f"{TIMM} on {TORCH}", 1011)
    model = randomise(build(VisionTransformer, size)).train()
    x = torch.randn(size["batch"], 3, size["image"], size["image"])
    labels = torch.randint(size["classes"], (size["batch"],))

    def forward(model, x, labels):
        x = x.clone().requires_grad_()
        logits = model(x)
        loss = F.cross_entropy(logits, labels)
        model.zero_grad()
        loss.backward()
        gradients = {f"grad.{name}": value.grad.clone() for name, value in model.named_parameters()}
        return {"logits": logits.detach(), "loss": loss.detach(), "grad.input": x.grad, **gradients}

    finish_with_gradients(case, model, forward, {"input": x, "labels": labels})


def finish_with_gradients(case, model, forward, inputs, weights=None):
    weights = {name: value.clone() for name, value in (weights or model.state_dict()).items()}
    single, exact = run(model, forward, list(inputs.values()))
    bounds = {}
    for kind, wanted in (("forward", False), ("grad", True)):
        names = [name for name in single if name.startswith("grad.") == wanted and single[name].is_floating_point()]
        bounds[kind] = tolerance({name: exact[name] for name in names}, single, kind)
    case.finish(inputs, single, weights, bounds)


def blobs(generator, count, size):
    """Images of soft spots on a slope, as bytes."""
    y, x = np.mgrid[0:size, 0:size] / size
    images = np.zeros((count, 3, size, size))
    for image in images:
        for plane in image:
            plane += generator.uniform(40, 200) + generator.uniform(-60, 60) * x + generator.uniform(-60, 60) * y
            for _ in range(3):
                cx, cy, width = generator.uniform(0, 1, 2).tolist() + [generator.uniform(0.05, 0.3)]
                plane += generator.uniform(-90, 90) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / width ** 2)
            plane += generator.normal(0, 6, plane.shape)
    return np.clip(images, 0, 255).astype(np.uint8)


def record_trajectory(root, size, name, settings, seed):
    config = {**vit_config(size), "global_pool": "token", "mode": "train", "dropout": 0, "drop_path": 0, **settings,
              "mean": [0.49, 0.48, 0.45], "std": [0.25, 0.24, 0.26],
              "schedule": "lr*(step+1)/warmup_steps for step < warmup_steps, then "
                          "0.5*lr*(1+cos(pi*(step-warmup_steps)/(steps-warmup_steps))), step from 0",
              "no_weight_decay": "1-D parameters, pos_embed, cls_token",
              "batch_order": "step s uses images[(s mod batches)*batch : +batch]",
              "normalise": "(uint8/255 - mean)/std per channel"}
    case = Case(root, name, "timm.models.vision_transformer.VisionTransformer", config,
                f"{TIMM} on {TORCH}; images of soft spots", seed)
    start = randomise(build(VisionTransformer, size), 0.1).state_dict()
    count = settings["batch"] * settings["batches"]
    images = torch.from_numpy(blobs(np.random.default_rng(seed), count, size["image"]))
    labels = torch.randint(size["classes"], (count,))

    def train(dtype):
        model = build(VisionTransformer, size).train()
        model.load_state_dict(start)
        model.to(dtype)
        decayed = [p for n, p in model.named_parameters() if p.dim() > 1 and n not in ("pos_embed", "cls_token")]
        kept = [p for n, p in model.named_parameters() if p.dim() <= 1 or n in ("pos_embed", "cls_token")]
        groups = [{"params": decayed, "weight_decay": settings["weight_decay"]}, {"params": kept, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, settings["lr"], settings["betas"]) if settings["optimizer"] == "adamw" \
            else torch.optim.SGD(groups, settings["lr"], settings["momentum"], nesterov=settings["nesterov"])
        mean, std = [torch.tensor(config[key], dtype=dtype).view(3, 1, 1) for key in ("mean", "std")]
        losses, norms, rates = [], [], []
        for step in range(settings["steps"]):
            warm, total = settings["warmup_steps"], settings["steps"]
            rate = settings["lr"] * ((step + 1) / warm if step < warm
                                     else 0.5 * (1 + math.cos(math.pi * (step - warm) / (total - warm))))
            first = step % settings["batches"] * settings["batch"]
            part = slice(first, first + settings["batch"])
            logits = model((images[part].to(dtype) / 255 - mean) / std)
            loss = F.cross_entropy(logits, labels[part], label_smoothing=settings["label_smoothing"])
            optimizer.zero_grad()
            loss.backward()
            norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), settings["clip_grad_norm"]).item())
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            losses.append(loss.item())
            rates.append(rate)
        return losses, norms, rates, model.state_dict()

    losses, norms, rates, final = train(torch.float32)
    exact_losses, _, _, exact = train(torch.float64)
    apart = max((final[key].double() - exact[key]).abs().max().item() for key in final)
    bounds = {"losses": {"atol": 5e-05, "rtol": 1e-4}, "final": {"atol": max(1e-4, 12 * apart), "rtol": 1e-3}}
    expected = {name: torch.tensor(values, dtype=torch.float64) for name, values in
                (("losses", losses), ("grad_norms", norms), ("learning_rates", rates))}
    expected |= {f"final.{key}": value for key, value in final.items()}
    case.finish({"images": images, "labels": labels}, expected, start, bounds, measured_f32_vs_f64={
        "max_loss_difference": max(abs(a - b) for a, b in zip(losses, exact_losses)), "max_weight_difference": apart})


def record_positions(root, dim, runs):
    case = Case(root, "timm-pos-embed-resample", "timm.layers.resample_abs_pos_embed",
                {"dim": dim, "runs": [dict(zip(("name", "old", "new", "prefix_tokens", "interpolation", "antialias"),
                                               (f"r{i}", *each))) for i, each in enumerate(runs)]},
                f"{TIMM} on {TORCH}", 1040)
    inputs, expected = {}, {}
    for i, (old, new, prefix, filter, antialias) in enumerate(runs):
        table = torch.randn(1, prefix + old[0] * old[1], dim)
        inputs[f"r{i}.pos_embed"] = table
        expected[f"r{i}.resampled"] = resample_abs_pos_embed(table, new, old, prefix, filter, antialias)
    # timm computes in single precision whatever it is given: the bound is that of the larger recording
    case.finish(inputs, expected, None, {"forward": {"atol": 5e-05, "rtol": 1e-4}})


# torchvision ---------------------------------------------------------------------------------------------------------

def record_torchvision_vit(root, size):
    config = {"image_size": size["image"], "patch_size": size["patch"], "num_layers": size["depth"],
              "num_heads": size["heads"], "hidden_dim": size["dim"], "mlp_dim": 2 * size["dim"],
              "num_classes": size["classes"]}
    case = Case(root, "torchvision-vit", "torchvision.models.VisionTransformer",
                {**config, "layer_norm_eps": 1e-06, "act": "gelu (erf)", "mode": "eval"},
                f"torchvision {torchvision.__version__} on {TORCH}", 1050)
    model = randomise(torchvision.models.VisionTransformer(**config)).eval()
    x = torch.randn(size["batch"], 3, size["image"], size["image"])

    def forward(model, x):
        seen = {}
        hooks = [layer.register_forward_hook(lambda m, a, o, i=i: seen.update({f"block{i}": o}))
                 for i, layer in enumerate(model.encoder.layers)]
        hooks.append(model.encoder.register_forward_hook(lambda m, a, o: seen.update(features=o)))
        with torch.no_grad():
            seen["logits"] = model(x)
        for hook in hooks:
            hook.remove()
        return seen

    single, exact = run(model, forward, [x])
    weights = model.state_dict()
    old = {name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): value
           for name, value in weights.items()}
    write(case.path("weights.old-names.safetensors"), old)
    case.finish({"input": x}, single, weights, {"forward": tolerance(exact, single, "forward")})


class Narrow(ResNet):
    """torchvision's class with fewer channels; names and blocks are its own."""

    def __init__(self, block, layers, planes, classes):
        super().__init__(block, layers, num_classes=classes)
        self.inplanes = planes[0]
        self.conv1 = torch.nn.Conv2d(3, planes[0], 7, 2, 3, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(planes[0])
        for i, (count, width) in enumerate(zip(layers, planes)):
            setattr(self, f"layer{i + 1}", self._make_layer(block, width, count, stride=1 if i == 0 else 2))
        self.fc = torch.nn.Linear(planes[-1] * block.expansion, classes)


def closest(model, x):
    """The smallest distance of a ReLU's input to 0 and of a pooled maximum to its runner-up, in training."""
    found, counts = [], {}
    relus = [(name, m) for name, m in model.named_modules() if isinstance(m, torch.nn.ReLU)]
    hooks = [m.register_forward_pre_hook(lambda m, a: found.append(a[0].detach().abs().min().item()))
             for _, m in relus]

    def pooled(m, a):
        windows = F.unfold(F.pad(a[0].detach(), (1, 1, 1, 1), value=-1e9), 3, stride=2)
        windows = windows.view(a[0].shape[0], a[0].shape[1], 9, -1)
        best = windows.topk(2, dim=2).values
        gap = (best[:, :, 0] - best[:, :, 1])[best[:, :, 0] > 0]   # ReLU's zeros pass no gradient
        found.append(gap.min().item())

    hooks.append(model.maxpool.register_forward_pre_hook(pooled))
    state = {name: value.clone() for name, value in model.state_dict().items()}
    # in place, a ReLU shows its input only before it runs: the hooks above do
    model.train()(x)
    model.load_state_dict(state)
    for hook in hooks:
        hook.remove()
    return min(found)


def record_resnet(root, name, block, layers, planes, image, batch, classes, seed):
    x = labels = inputs = model = None
    while True:
        torch.manual_seed(seed)
        model = randomise(Narrow(block, layers, planes, classes), 0.2)
        for buffer_name, buffer in model.named_buffers():
            if "running" in buffer_name:
                buffer.copy_(torch.rand_like(buffer) + 0.5 if "var" in buffer_name else 0.3 * torch.randn_like(buffer))
            else:
                buffer.fill_(7)
        inputs = torch.randn(2, 3, image, image)
        x, labels = torch.randn(batch, 3, image, image), torch.randint(classes, (batch,))
        if closest(model, x) > 1.5e-5:
            break
        seed += 100
    config = {"block": block.__name__, "layers": layers, "planes": planes, "num_classes": classes, "image": image,
              "train_batch": batch, "bn_eps": 1e-05, "bn_momentum": 0.1}
    case = Case(root, name, f"torchvision.models.ResNet ({block.__name__}), narrow copy", config,
                f"torchvision {torchvision.__version__} on {TORCH}", seed,
                "The seed was chosen so that in the training pass no ReLU input lies closer to 0, and no max pool "
                "winner closer to its runner-up, than 1.5e-5.")
    weights = {key: value.clone() for key, value in model.state_dict().items()}

    def forward(model, inputs, x, labels):
        model.load_state_dict(weights)
        seen = {}
        model.eval()
        with torch.no_grad():
            at = seen["stem"] = model.maxpool(model.relu(model.bn1(model.conv1(inputs))))
            for i in range(1, 5):
                at = seen[f"layer{i}"] = getattr(model, f"layer{i}")(at)
            seen["logits"] = model(inputs)
        model.train()
        x = x.clone().requires_grad_()
        logits = model(x)
        loss = F.cross_entropy(logits, labels)
        model.zero_grad()
        loss.backward()
        seen |= {"train.logits": logits.detach(), "loss": loss.detach(), "grad.input": x.grad}
        seen |= {f"grad.{key}": value.grad.clone() for key, value in model.named_parameters()}
        return seen | {f"bn_after.{key}": value.clone() for key, value in model.named_buffers()}

    finish_with_gradients(case, model, forward, {"input": inputs, "train.input": x, "train.labels": labels}, weights)


# torch.save ----------------------------------------------------------------------------------------------------------

def record_checkpoints(root, size):
    case = Case(root, "checkpoint-formats", "torch.save files", "random tensors under names of a small transformer",
                TORCH, 1170)
    net = randomise(build(VisionTransformer, {**size, "depth": 1, "image": 16})).state_dict()
    part = {key: value for key, value in net.items() if "patch_embed" not in key}

    def save(value, name, legacy=True):
        torch.save(value, case.path(f"{name}.pth"))
        if legacy:
            torch.save(value, case.path(f"{name}.legacy.pth"), _use_new_zipfile_serialization=False)

    write(case.path("plain.safetensors"), net)
    save(net, "plain", legacy=False)
    torch.save(net, case.path("legacy.pth"), _use_new_zipfile_serialization=False)
    save({"model": net, "epoch": 3}, "wrapped", legacy=False)
    for name, dtype in (("bf16", torch.bfloat16), ("fp16", torch.float16)):
        narrow = {key: value.to(dtype) for key, value in part.items()}
        save(narrow, name, legacy=False)
        write(case.path(f"{name}.safetensors"), narrow)
        write(case.path(f"{name}.as_f32.safetensors"), {key: value.float() for key, value in narrow.items()})

    model = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.BatchNorm1d(4))
    randomise(model)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(3, 5)).sum().backward()
    optimizer.step()
    loose = {"scalar": torch.tensor(1.25), "int32": torch.tensor([1, -2, 3], dtype=torch.int32),
             "int64": torch.arange(6).reshape(2, 3) - 2, "uint8": torch.tensor([0, 7, 255], dtype=torch.uint8),
             "bool": torch.tensor([True, False, True]), "f64": torch.tensor([1 / 3, -2.5], dtype=torch.float64),
             "empty": torch.zeros(0, 3)}
    save({"model": dict(model.state_dict()), "parameters": list(model.parameters()),
          "optimizer": optimizer.state_dict(), "args": argparse.Namespace(lr=0.1, name="run"), "epoch": 2,
          "history": [0.5, 0.25], "best": None, **loose}, "training")
    write(case.path("training.safetensors"),
          {**{f"model.{key}": value for key, value in model.state_dict().items()}, **loose})
    save({"state_dict": {f"module.{key}": value for key, value in model.state_dict().items()}}, "module_prefix",
         legacy=False)

    base = torch.randn(6, 9)
    odd = {"transposed": base.t(), "permuted": torch.randn(3, 4, 5).permute(2, 0, 1),
           "strided": torch.randn(10, 12)[:, 1:7:3], "expanded": torch.randn(1, 7).expand(4, 7), "contiguous": base,
           "channels_last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)}
    whole = torch.randn(400)
    shared = {"tied.weight": (tied := torch.randn(10, 12)), "tied.alias": tied, "whole": whole,
              "window.first": whole[100:220].view(12, 10), "window.second": whole[200:300],
              "window.transposed": whole[40:100].view(6, 10).t()}
    for name, tensors in (("noncontiguous", odd), ("shared_storage", shared)):
        save(tensors, name)
        write(case.path(f"{name}.safetensors"), tensors)
    case.finish()


# Pillow --------------------------------------------------------------------------------------------------------------

def record_transforms(root, images):
    """images: name, mode, size, JPEG options; `as_stored` writes a grey image's decoded PNG grey, not RGB."""
    case = Case(root, "transforms", "torchvision.transforms on Pillow images", {},
                f"torchvision {torchvision.__version__} on {TORCH}, Pillow {Image.__version__}", 1160)
    seen, steps, tensors = {}, [], {}
    generator = np.random.default_rng(1160)

    def put(image, name, **more):
        if name.endswith(".png"):
            image.save(case.path(name))
        rgb = image.convert("RGB")
        seen[name] = {"size_wh": list(image.size), **more}
        if name.endswith(".png"):
            seen[name]["rgb_sha256"] = hashlib.sha256(rgb.tobytes()).hexdigest()
        return name

    def step(op, source, image, output, **parameters):
        steps.append({"op": op, "input": source, "output": put(image, output), **parameters})

    for name, mode, (width, height), options, as_stored in images:
        pixels = blobs(generator, 1, max(width, height))[0, :, :height, :width].transpose(1, 2, 0)
        Image.fromarray(np.ascontiguousarray(pixels)).convert(mode).save(case.path(f"{name}.jpg"), **options)
        decoded = Image.open(case.path(f"{name}.jpg"))
        decoded.load()
        put(decoded, f"{name}.jpg", mode=mode,
            jpeg_sampling={0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}.get(options.get("subsampling"), "grey"))
        decoded = decoded if as_stored else decoded.convert("RGB")
        source = put(decoded, f"{name}.decoded.png")
        short = min(width, height)
        for filter in ("bilinear", "bicubic"):
            mode_of = T.InterpolationMode(filter)
            side, crop = short * 2 // 3, short // 2
            resized = T.Resize(side, mode_of)(decoded)
            left, top = (int(round((a - crop) / 2.0)) for a in resized.size)
            step("Resize+CenterCrop", source, T.CenterCrop(crop)(resized), f"{name}.resize_{filter}_crop.png",
                 resize_shorter_side=side, interpolation=filter, resized_wh=list(resized.size), crop=crop,
                 resized_rgb_sha256=hashlib.sha256(resized.convert("RGB").tobytes()).hexdigest(),
                 crop_left=left, crop_top=top)
            box = dict(top=3, left=5, height=height - 9, width=width // 2 + 1)
            step("RandomResizedCrop (given box)", source,
                 T.functional.resized_crop(decoded, *box.values(), [24, 24], mode_of), f"{name}.rrc_{filter}.png",
                 **box, size=24, interpolation=filter)
        box = dict(top=height - 12, left=width - 13, height=11, width=12)
        step("RandomResizedCrop (given box)", source,
             T.functional.resized_crop(decoded, *box.values(), [29, 29], T.InterpolationMode("bicubic")),
             f"{name}.rrc_enlarge.png", **box, size=29, interpolation="bicubic")
        small = T.functional.resize(decoded, [18, 20], T.InterpolationMode("bicubic"))
        step("resize to exact size (no aspect ratio kept)", source, small, f"{name}.small.png", size_wh=[20, 18],
             interpolation="bicubic")
        for i, (top, left) in enumerate(((0, 7), (3, 5), (8, 2))):
            padded = T.functional.pad(small, 4)
            step("pad 4 (zeros) then crop", f"{name}.small.png", T.functional.crop(padded, top, left, 18, 18),
                 f"{name}.pad4crop{i}.png", pad=4, top=top, left=left, size=18)
        step("horizontal flip", f"{name}.small.png", T.functional.hflip(small), f"{name}.hflip.png")
        tensor = T.functional.to_tensor(small)
        tensors[f"{name}.to_tensor"] = tensor
        steps.append({"op": "to_tensor (divide by 255, CHW)", "input": f"{name}.small.png",
                      "output_tensor": f"{name}.to_tensor"})
        for label, mean, std in (("normalized", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
                                 ("normalized_half", (0.5,) * 3, (0.5,) * 3)):
            mean, std = list(mean[:len(tensor)]), list(std[:len(tensor)])
            tensors[f"{name}.{label}"] = T.functional.normalize(tensor, mean, std)
            steps.append({"op": "Normalize", "input": f"{name}.small.png", "output_tensor": f"{name}.{label}",
                          "mean": mean, "std": std})
    case.finish({}, tensors, None, {
        "decoded JPEG against *.decoded.png": "exact with libjpeg, else 1-2 levels",
        "all other images": "start from the decoded PNG; exact", "tensors": {"atol": 1e-06, "rtol": 1e-05}},
        source="soft spots on a slope, drawn by record.py", images=seen, steps=steps)


# ---------------------------------------------------------------------------------------------------------------------

def read(path):
    """The tensors of a safetensors file, as bytes under their headers."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(length)), file.read()
    header.pop("__metadata__", None)
    return {name: (entry, data[slice(*entry["data_offsets"])]) for name, entry in header.items()}


def dropped(case, name):
    """What is left out of a larger recording: runs that differ in a number only, and gradients of another rule."""
    if case == "sinkhorn-attention":
        return name.startswith(("it1_eps0.5", "it3_eps0.5", "it5_eps1.", "it21_eps1."))
    if case == "lai-attention":
        return name.startswith("N65.") and any(part in name for part in ("mask12", "mask18", "mask20", "w12", "w18",
                                                                          "w20"))
    return name.startswith("maxflow.")


def copy_rest(larger, root):
    for name in sorted(os.listdir(larger)):
        source = os.path.join(larger, name)
        if not os.path.isdir(source) or os.path.exists(os.path.join(root, name)):
            continue
        target = os.path.join(root, name)
        shutil.copytree(source, target)
        path = os.path.join(target, "io.safetensors")
        tensors = read(path)
        kept = {key: value for key, value in tensors.items() if not dropped(name, key)}
        if len(kept) == len(tensors):
            continue
        header, data = {}, b""
        for key, (entry, part) in kept.items():
            header[key] = {**entry, "data_offsets": [len(data), len(data) + len(part)]}
            data += part
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + data)
        with open(os.path.join(target, "case.json")) as file:
            case = json.load(file)
        case["expected"] = {key: value for key, value in case["expected"].items() if key in kept}
        case["files"]["io.safetensors"]["bytes"] = os.path.getsize(path)
        if "runs" in case["config"]:
            case["config"]["runs"] = [each for each in case["config"]["runs"] if f"{each}.output" in kept]
        case["cut"] = "fewer tensors than were recorded: see dropped() in record.py"
        with open(os.path.join(target, "case.json"), "w") as file:
            json.dump(case, file, indent=1)
            file.write("\n")


COMPACT = {"image": 16, "patch": 4, "dim": 18, "depth": 2, "heads": 3, "classes": 10, "batch": 2}
OTHER = {"image": 24, "patch": 6, "dim": 20, "depth": 3, "heads": 5, "classes": 7, "batch": 3}
IMAGES = [("full", "RGB", (72, 54), {"quality": 90, "subsampling": 0}, True),
          ("halved", "RGB", (53, 66), {"quality": 75, "subsampling": 2, "progressive": True}, True),
          ("grey", "L", (60, 48), {"quality": 85}, False)]
OTHER_IMAGES = [("one", "L", (61, 47), {"quality": 80, "progressive": True}, True),
                ("two", "L", (40, 40), {"quality": 95}, False),
                ("three", "RGB", (95, 51), {"quality": 60, "subsampling": 1}, True),
                ("four", "RGB", (48, 77), {"quality": 92, "subsampling": 2}, True)]
RUNS = [([4, 4], [7, 7], 1, "bicubic", True), ([7, 7], [4, 4], 1, "bicubic", True),
        ([5, 5], [6, 9], 5, "bicubic", True), ([8, 6], [3, 5], 2, "bicubic", True),
        ([4, 4], [7, 5], 0, "bicubic", False), ([6, 6], [4, 9], 1, "bilinear", True),
        ([37, 37], [16, 16], 1, "bicubic", True)]
ADAMW = {"batch": 4, "batches": 3, "steps": 30, "warmup_steps": 4, "optimizer": "adamw", "lr": 0.001,
         "betas": [0.9, 0.999], "weight_decay": 0.05, "label_smoothing": 0.1, "clip_grad_norm": 1.0}
SGD = {"batch": 3, "batches": 4, "steps": 25, "warmup_steps": 3, "optimizer": "sgd", "lr": 0.03, "betas": [0.9, 0.95],
       "momentum": 0.9, "nesterov": True, "weight_decay": 0.0005, "label_smoothing": 0.0, "clip_grad_norm": 0.7}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--other", action="store_true")
    parser.add_argument("--rest-of", metavar="LARGER")
    options = parser.parse_args()
    torch.set_num_threads(1)
    out, other = options.out, options.other
    size = OTHER if other else COMPACT
    record_vit(out, size)
    record_vit_train(out, size)
    record_distilled(out, size)
    dino = {**size, "dim": 20 if other else 12, "heads": 4 if other else 2}
    record_dinov2(out, dino, "timm-dinov2", "vit_small_patch14_dinov2")
    registers = 4
    record_dinov2(out, dino, "timm-dinov2-reg4", "vit_small_patch14_reg4_dinov2", registers)
    record_dinov2(out, dino, "timm-dinov2-swiglu", "vit_giant_patch14_dinov2", gated=True)
    record_positions(out, 5 if other else 8, RUNS[1:4] + [([3, 8], [9, 2], 3, "bilinear", False)] if other else RUNS)
    record_torchvision_vit(out, size)
    sizes = ([1, 2, 1, 1], [5, 6, 7, 8], 48, 5, 6) if other else ([1, 1, 1, 1], [4, 6, 8, 12], 32, 4, 10)
    record_resnet(out, "torchvision-resnet18", BasicBlock, *sizes, 1062)
    record_resnet(out, "torchvision-resnet-bottleneck", Bottleneck, sizes[0], [3, 4, 5, 6], *sizes[2:], 1162)
    record_trajectory(out, size, "train-trajectory", {**ADAMW, "steps": 17} if other else ADAMW, 4003)
    record_trajectory(out, size, "train-trajectory-sgd", {**SGD, "momentum": 0.8, "nesterov": False} if other else SGD,
                      4005)
    record_checkpoints(out, size)
    record_transforms(out, OTHER_IMAGES if other else IMAGES)
    if options.rest_of:
        copy_rest(options.rest_of, out)


if __name__ == "__main__":
    main()
