"""Answers bench/efficientnet.mjs: one JSON line {"variant", "size", "batch", "mode"} in, milliseconds of processor time out."""

import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "packages/efficientnet/fixtures"))
from reference import EfficientNetLite  # noqa: E402

torch.set_num_threads(1)
model, image = None, None
print(json.dumps({"torch": torch.__version__}), flush=True)
for line in sys.stdin:
    ask = json.loads(line)
    if "stages" in ask:
        model = EfficientNetLite(ask["stemChannels"], ask["stages"], ask["headChannels"])
        for name in ("_conv_head", "_bn1", "_fc"):
            delattr(model, name)
        model = model.to(memory_format=torch.channels_last if ask["layout"] == "nhwc" else torch.contiguous_format)
        image = torch.randn(ask["batch"], 3, ask["size"], ask["size"])
        if ask["layout"] == "nhwc":
            image = image.to(memory_format=torch.channels_last)
        print(json.dumps({"parameters": sum(p.numel() for p in model.parameters())}), flush=True)
        continue
    begin = time.process_time()
    if ask["mode"] == "forward":
        model.eval()
        with torch.no_grad():
            for map in model(image):
                map.sum().item()
    else:
        model.train()
        for p in model.parameters():
            p.grad = None
        sum((map**2).mean() for map in model(image)).backward()
    print(json.dumps({"ms": (time.process_time() - begin) * 1e3}), flush=True)
