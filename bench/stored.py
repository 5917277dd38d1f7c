"""Named tensors in .safetensors files, for the benches that ask PyTorch: without the safetensors package."""

import json
import struct

import torch

TYPES = {"F32": torch.float32, "I32": torch.int32, "I64": torch.int64}
NAMES = {dtype: name for name, dtype in TYPES.items()}


def read(path):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = memoryview(data)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        flat = torch.frombuffer(body[start:end], dtype=TYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors


def write(path, tensors):
    """Tensors by name; 64-bit integers become 32-bit ones."""
    header, at = {}, 0
    placed = {name: (t.to(torch.int32) if t.dtype == torch.int64 else t).contiguous() for name, t in tensors.items()}
    for name, tensor in placed.items():
        size = tensor.numel() * 4
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + size]}
        at += size
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for tensor in placed.values():
            file.write(tensor.numpy().tobytes())
