"""Decoding and encoding a maskige as numpy and PyTorch programs do, on one thread. Called by rivals.mjs: prints a JSON line.

Speeds are million pixels per second of processor time, best of three; `wrong` counts labels that differ from ours.
"""

import json
import sys
import time

import numpy as np

try:
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None

folder = sys.argv[1]
image = np.fromfile(f"{folder}/image.bin", np.uint8).reshape(-1, 3)
ours = np.fromfile(f"{folder}/labels.bin", np.uint8)
palette = np.array(json.load(open(f"{folder}/palette.json")), np.float32)
colors = palette.astype(np.uint8)


def measure(run):
    best = 1e9
    for _ in range(3):
        start = time.process_time()
        labels = run()
        best = min(best, time.process_time() - start)
    return len(image) / best / 1e6, labels


def decoding(run):
    speed, labels = measure(run)
    return {"speed": speed, "wrong": int((labels.reshape(-1) != ours).sum())}


def encoding(run):
    speed, _ = measure(run)
    return {"speed": speed}


def numpy_distances():
    x = image.astype(np.float32)
    return ((x[:, None, :] - palette[None]) ** 2).sum(2).argmin(1).astype(np.uint8)


def numpy_expanded():
    x = image.astype(np.float32)
    return ((palette**2).sum(1)[None] - 2 * x @ palette.T).argmin(1).astype(np.uint8)


result = {
    "versions": {"numpy": np.__version__},
    "numpy: arg min of all distances": decoding(numpy_distances),
    "numpy: arg min of the expanded square": decoding(numpy_expanded),
    "numpy: palette[labels], RGB": encoding(lambda: colors[ours]),
}

if torch is not None:
    # [1, 3, H, W] in 0..255, as a decoder network returns it.
    x = torch.from_numpy(image.astype(np.float32)).reshape(1, -1, 256, 3).permute(0, 3, 1, 2).contiguous()
    p = torch.from_numpy(palette)
    labels = torch.from_numpy(ours.astype(np.int64))
    bytes_ = torch.from_numpy(colors)

    def torch_reference():
        """The reference's form: [1, K, 3, H, W] of differences, summed, least."""
        return ((x[:, None] - p[None, :, :, None, None]) ** 2).sum(2).argmin(1).to(torch.uint8).numpy()

    def torch_matrix():
        flat = x.permute(0, 2, 3, 1).reshape(-1, 3)
        return torch.argmin((p**2).sum(1)[None] - 2 * flat @ p.T, 1).to(torch.uint8).numpy()

    result["versions"]["PyTorch"] = torch.__version__
    with torch.inference_mode():
        result["PyTorch: the reference's distances, arg min"] = decoding(torch_reference)
        result["PyTorch: arg min of the expanded square"] = decoding(torch_matrix)
        result["PyTorch: palette[labels], RGB"] = encoding(lambda: bytes_[labels])

print(json.dumps(result))
