"""Decoding a maskige as numpy programs do; prints Mpixel/s. Called by codec.mjs."""

import json
import sys
import time

import numpy as np

folder = sys.argv[1]
image = np.fromfile(f"{folder}/image.bin", np.uint8).reshape(-1, 3)
palette = np.array(json.load(open(f"{folder}/palette.json")), np.float32)


def distances():
    """The reference's formulation: all squared distances, then argmin."""
    x = image.astype(np.float32)
    return ((x[:, None, :] - palette[None]) ** 2).sum(2).argmin(1).astype(np.uint8)


def expanded():
    """The same by one matrix product."""
    x = image.astype(np.float32)
    return ((palette**2).sum(1)[None] - 2 * x @ palette.T).argmin(1).astype(np.uint8)


labels = expanded()
colors = palette.astype(np.uint8)


def encode():
    return colors[labels]


def speed(run):
    best = 1e9
    for _ in range(3):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return len(image) / best / 1e6


print(json.dumps({"distances": speed(distances), "expanded": speed(expanded), "encode": speed(encode)}))
