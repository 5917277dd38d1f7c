"""Answers bench/backbones.mjs: times of the networks of networks.py.

Reads one JSON command a line on stdin, answers one JSON object a line on stdout. Tensors come and go as .safetensors files.
"""

import json
import sys
import time

from networks import FAMILIES, LAYOUTS, F, torch
from stored import read, write
from train_step import train_step


def loss_of(maps, targets):
    if not targets:
        return sum((y**2).mean() for y in maps)
    tokens, labels = (targets[name].long() for name in ("tokens", "labels"))
    return 0.8 * F.cross_entropy(maps[0], tokens) + 0.2 * F.cross_entropy(maps[1], labels)


def step(network, inputs, targets):
    network.training = True
    loss = train_step(network.optimizer, lambda: loss_of(network.forward(*inputs), targets))
    network.training = False
    return loss


def main():
    networks, inputs, targets = {}, [], {}
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        answer = {}
        if command["do"] == "load":
            torch.set_num_threads(command["threads"])
            networks = {
                name: FAMILIES[command["family"]](command["config"], read(command["weights"]), LAYOUTS[name])
                for name in command["layouts"]
            }
        elif command["do"] == "input":
            tensors = read(command["file"])
            targets = {name: tensors.pop(name) for name in ("tokens", "labels") if name in tensors}
            inputs = [x.permute(0, 3, 1, 2) for x in tensors.values()]
        else:
            network = networks[command["layout"]]
            placed = [network.place(x) for x in inputs]
            start, before = time.perf_counter(), time.process_time()
            if command["do"] == "step":
                answer["loss"] = step(network, placed, targets)
            else:
                with torch.inference_mode():
                    maps = network.forward(*placed)
            answer["ms"] = 1000 * (time.perf_counter() - start)
            answer["cpu"] = 1000 * (time.process_time() - before)
            if command.get("file"):
                every = command["every"]
                write(command["file"], {f"{i}": y[:, :, ::every, ::every].permute(0, 2, 3, 1) for i, y in enumerate(maps)})
            maps = None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
