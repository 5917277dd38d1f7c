"""GSS and its discriminative twin trained from pictures in files, in plain PyTorch, for bench/training-rate.mjs: a DataLoader with
the same augmentation (NumPy and PIL), the same network, tokenizer, losses and AdamW.

Reads one JSON command a line on stdin, answers one JSON object a line on stdout.
"""

import json
import os
import random
import sys
import time
from pathlib import Path

from networks import LAYOUTS, F, Prior, Swin, torch
from stored import read
from tokenizers import Compact
from train_step import train_step

try:
    import numpy as np
    from PIL import Image
except ImportError as error:
    print(json.dumps({"missing": str(error)}), flush=True)
    sys.exit()

sys.path.insert(0, str(Path(__file__).parent.parent / "packages/efficientnet/fixtures"))
from reference import EfficientNetLite  # noqa: E402

IGNORE = 255


class Pictures(torch.utils.data.Dataset):
    """resize by a random ratio, crop (no class above 75 %), flip, photometric distortion: trainingPipeline of the trainer."""

    def __init__(self, pairs, crop, count):
        self.pairs, self.crop, self.count, self.kept = pairs, crop, count, {}

    def __len__(self):
        return self.count

    def open(self, i):
        if i not in self.kept:  # decoded once a worker, as our workers do
            image, labels = self.pairs[i]
            self.kept[i] = Image.open(image).convert("RGB"), Image.open(labels)
            for picture in self.kept[i]:
                picture.load()
        return self.kept[i]

    def box(self, width, height):
        return random.randint(0, width - self.crop), random.randint(0, height - self.crop)

    def __getitem__(self, position):
        random.seed(position)
        image, labels = self.open(position % len(self.pairs))
        ratio = random.uniform(0.75, 1.5)
        size = round(image.width * ratio), round(image.height * ratio)
        image, labels = image.resize(size, Image.BILINEAR), labels.resize(size, Image.NEAREST)
        classes = np.asarray(labels)
        for _ in range(10):
            x, y = self.box(*size)
            counts = np.bincount(classes[y : y + self.crop, x : x + self.crop].reshape(-1), minlength=256)[:IGNORE]
            if counts.sum() and counts.max() / counts.sum() < 0.75:
                break
        cut = (x, y, x + self.crop, y + self.crop)
        image, classes = image.crop(cut), classes[y : y + self.crop, x : x + self.crop]
        if random.random() < 0.5:
            image, classes = image.transpose(Image.FLIP_LEFT_RIGHT), classes[:, ::-1]
        return torch.from_numpy(distort(image)), torch.from_numpy(classes.astype(np.int64))


def convert(values, alpha=1.0, beta=0.0):
    return np.clip(values.astype(np.float32) * alpha + beta, 0, 255).astype(np.uint8)


def distort(image):
    """mmsegmentation's PhotoMetricDistortion; PIL counts hue in 256 steps."""
    x = np.asarray(image)
    if random.randint(0, 1):
        x = convert(x, beta=random.uniform(-32, 32))
    late = random.randint(0, 1)
    if not late and random.randint(0, 1):
        x = convert(x, alpha=random.uniform(0.5, 1.5))
    saturate, turn = random.randint(0, 1), random.randint(0, 1)
    if saturate or turn:
        hsv = np.array(Image.fromarray(x).convert("HSV"))
        if saturate:
            hsv[..., 1] = convert(hsv[..., 1], alpha=random.uniform(0.5, 1.5))
        if turn:
            hsv[..., 0] = (hsv[..., 0].astype(int) + random.randint(-25, 25)) % 256
        x = np.array(Image.fromarray(hsv, "HSV").convert("RGB"))
    if late and random.randint(0, 1):
        x = convert(x, alpha=random.uniform(0.5, 1.5))
    return np.array(x)


class Lite(EfficientNetLite):
    def __init__(self, config, weights, layout):
        stages = [[s[k] for k in ("repeats", "kernel", "stride", "expand", "channels")] for s in config["stages"]]
        super().__init__(config["stemChannels"], stages, config["headChannels"])
        for name in ("_conv_head", "_bn1", "_fc"):
            delattr(self, name)
        self.load_state_dict(weights)
        self.to(memory_format=layout)


class Stage1:
    """Labels to tokens: painted, then coded."""

    def __init__(self, config, weights, palette, layout):
        self.compact, self.palette = Compact(config, weights, layout), torch.tensor(palette).view(256, 3)

    @torch.no_grad()
    def encode(self, labels):
        return self.compact.encode(self.palette[labels].permute(0, 3, 1, 2))


class Model:
    def __init__(self, kind, family, backbone, head, weights, layout, norm, stage1):
        self.stage1 = stage1 if kind == "gss" else None
        part = lambda prefix: {n[len(prefix) :]: t for n, t in weights.items() if n.startswith(prefix)}  # noqa: E731
        self.swin, self.layout = family == "swin", layout
        self.backbone = (Swin if self.swin else Lite)(backbone, part("backbone."), layout)
        self.head = Prior(head, part("decode_head."), layout)
        self.head.training = True
        if self.swin:
            self.backbone.training = True
        own = self.backbone.parameters if self.swin else list(self.backbone.parameters())
        # The token classifier, which the twin has not.
        unread = () if self.stage1 else ("conv_seg.", "conv_before_seg.")
        named = [t for n, t in self.head.w.items() if t.requires_grad and not n.startswith(unread)]
        self.optimizer = torch.optim.AdamW(own + named, lr=1e-4)
        self.mean, self.std = (torch.tensor(norm[k], dtype=torch.float32).view(1, 3, 1, 1) for k in ("mean", "std"))

    def step(self, images, labels):
        """Images [B, H, W, 3] in 0..255 and labels [B, H, W]; the loss."""
        x = (images.permute(0, 3, 1, 2).float() - self.mean) / self.std
        return train_step(self.optimizer, lambda: self.loss(x.contiguous(memory_format=self.layout), labels))

    def loss(self, x, labels):
        maps = self.backbone.forward(x) if self.swin else self.backbone(x)
        tokens, pixels = self.head.forward(*maps) if self.stage1 else (None, self.head.classes(*maps))
        logits = F.interpolate(pixels, labels.shape[1:], mode="bilinear", align_corners=False)
        pixel = F.cross_entropy(logits, labels, ignore_index=IGNORE)
        return 0.8 * F.cross_entropy(tokens, self.stage1.encode(labels)) + 0.2 * pixel if self.stage1 else pixel


def processor(workers):
    """Seconds of processor time of this process and the loader's."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = time.process_time()
    for worker in workers:
        fields = Path(f"/proc/{worker.pid}/stat").read_text().split(") ")[1].split()
        total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def main():
    models, stages, batches, workers = {}, {}, None, []
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        answer = {}
        if command["do"] == "tokenizer":
            weights = read(command["file"])
            stages = {
                name: Stage1(command["config"], weights, command["palette"], layout) for name, layout in LAYOUTS.items()
            }
        elif command["do"] == "load":
            torch.set_num_threads(command["threads"])
            weights = read(command["weights"])
            parts = [command[k] for k in ("kind", "family", "backbone", "head")]
            copy = lambda: {n: t.clone() for n, t in weights.items()}  # noqa: E731
            models = {
                name: Model(*parts, copy(), LAYOUTS[name], command, stages[name])
                for name in command["layouts"]
            }
        elif command["do"] == "data":
            data = Pictures(command["pairs"], command["crop"], 10**6)
            loader = torch.utils.data.DataLoader(
                data, command["batch"], num_workers=command["workers"], prefetch_factor=4
            )
            batches = iter(loader)
            workers = batches._workers
            next(batches)
        elif command["do"] == "check":
            batch = read(command["file"])
            answer["losses"] = [
                models[command["layout"]].step(batch["images"], batch["labels"].long()) for _ in range(command["steps"])
            ]
        else:
            start, before, waited = time.perf_counter(), processor(workers), 0.0
            for _ in range(command["steps"]):
                asked = time.perf_counter()
                images, labels = next(batches)
                waited += time.perf_counter() - asked
                models[command["layout"]].step(images, labels)
            answer = {"ms": 1000 * (time.perf_counter() - start), "waited": 1000 * waited}
            answer["cpu"] = 1000 * (processor(workers) - before)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
