"""Swin, ResNet (V1c), HRNet and the GSS prior in plain PyTorch, written from mmsegmentation's names."""

import json
import sys

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    print(json.dumps({"missing": str(error)}), flush=True)
    sys.exit()

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


class Network:
    """Parameters by name, and the layers that all networks share. Maps are NCHW inside, NHWC in files."""

    def __init__(self, config, weights, layout):
        self.config, self.layout, self.training = config, layout, False
        self.w = {name: self.place(tensor) for name, tensor in weights.items()}
        buffers = ("running_mean", "running_var", "num_batches_tracked", "relative_position_index")
        self.parameters = [t.requires_grad_() for name, t in self.w.items() if not name.endswith(buffers)]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=1e-4)
        self.masks = {}

    def place(self, x):
        return x.contiguous(memory_format=self.layout) if x.dim() == 4 else x.contiguous()

    def conv(self, x, name, stride=1, padding=0, dilation=1):
        return F.conv2d(x, self.w[f"{name}.weight"], self.w.get(f"{name}.bias"), stride, padding, dilation)

    def bn(self, x, name):
        statistics = self.w[f"{name}.running_mean"], self.w[f"{name}.running_var"]
        if self.training:
            self.w[f"{name}.num_batches_tracked"].add_(1)
        return F.batch_norm(x, *statistics, self.w[f"{name}.weight"], self.w[f"{name}.bias"], self.training)

    def linear(self, x, name):
        return F.linear(x, self.w[f"{name}.weight"], self.w.get(f"{name}.bias"))

    def ln(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w[f"{name}.weight"], self.w[f"{name}.bias"])

    def basic(self, x, name):
        y = F.relu_(self.bn(self.conv(x, f"{name}.conv1", 1, 1), f"{name}.bn1"))
        return F.relu_(self.bn(self.conv(y, f"{name}.conv2", 1, 1), f"{name}.bn2") + x)

    def bottleneck(self, x, name, stride=1, dilation=1):
        y = F.relu_(self.bn(self.conv(x, f"{name}.conv1"), f"{name}.bn1"))
        y = F.relu_(self.bn(self.conv(y, f"{name}.conv2", stride, dilation, dilation), f"{name}.bn2"))
        y = self.bn(self.conv(y, f"{name}.conv3"), f"{name}.bn3")
        if f"{name}.downsample.0.weight" in self.w:
            x = self.bn(self.conv(x, f"{name}.downsample.0", stride), f"{name}.downsample.1")
        return F.relu_(y + x)

    # Swin blocks work on [B, H·W, C] and windows of it, as mmsegmentation's.
    def shift_mask(self, h, w, window, shift):
        key = (h, w, window, shift)
        if key not in self.masks:
            ids = torch.zeros(1, h, w, 1)
            parts = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
            for i, rows in enumerate(parts):
                for j, columns in enumerate(parts):
                    ids[:, rows, columns] = 3 * i + j
            ids = self.partition(ids, window).reshape(-1, window * window)
            difference = ids.unsqueeze(1) - ids.unsqueeze(2)
            self.masks[key] = difference.masked_fill(difference != 0, -100.0)
        return self.masks[key]

    def partition(self, x, window):
        b, h, w, c = x.shape
        x = x.view(b, h // window, window, w // window, window, c)
        return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, window * window, c)

    def attention(self, x, name, heads, mask):
        b, n, c = x.shape
        qkv = self.linear(x, f"{name}.qkv").reshape(b, n, 3, heads, c // heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = (q * (c // heads) ** -0.5) @ k.transpose(-2, -1)
        table, index = self.w[f"{name}.relative_position_bias_table"], self.w[f"{name}.relative_position_index"]
        scores = scores + table[index.view(-1)].view(n, n, -1).permute(2, 0, 1).contiguous().unsqueeze(0)
        if mask is not None:
            scores = scores.view(b // len(mask), len(mask), heads, n, n) + mask.unsqueeze(1).unsqueeze(0)
            scores = scores.view(-1, heads, n, n)
        x = (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c)
        return self.linear(x, f"{name}.proj")

    def windows(self, x, name, size, heads, window, shift):
        (h, w), (b, _, c) = size, x.shape
        x = F.pad(x.view(b, h, w, c), (0, 0, 0, -w % window, 0, -h % window))
        hp, wp = x.shape[1:3]
        mask = None
        if shift:
            x = torch.roll(x, (-shift, -shift), (1, 2))
            mask = self.shift_mask(hp, wp, window, shift)
        y = self.attention(self.partition(x, window), name, heads, mask)
        y = y.view(b, hp // window, wp // window, window, window, c).permute(0, 1, 3, 2, 4, 5).contiguous()
        y = y.view(b, hp, wp, c)
        if shift:
            y = torch.roll(y, (shift, shift), (1, 2))
        return y[:, :h, :w].contiguous().view(b, h * w, c)

    def swin_block(self, x, name, size, heads, window, shift):
        x = x + self.windows(self.ln(x, f"{name}.norm1"), f"{name}.attn.w_msa", size, heads, window, shift)
        y = F.gelu(self.linear(self.ln(x, f"{name}.norm2"), f"{name}.ffn.layers.0.0"))
        return x + self.linear(y, f"{name}.ffn.layers.1")

    def image(self, x, size):
        return self.place(x.view(x.shape[0], *size, -1).permute(0, 3, 1, 2))


class Swin(Network):
    def stem(self, x):
        """Ours: two convolutions of stride 2."""
        for i in range(2):
            name = f"patch_embed.convs.{i}"
            x = F.relu_(self.bn(self.conv(x, f"{name}.conv", 2, 1), f"{name}.bn"))
        return x

    def forward(self, image):
        config = self.config
        own = config.get("stem") == "conv"
        x = self.stem(image) if own else self.conv(image, "patch_embed.projection", 4)
        size = x.shape[2:]
        x = x.flatten(2).transpose(1, 2)
        if not own:
            x = self.ln(x, "patch_embed.norm")
        maps = []
        for i, depth in enumerate(config["depths"]):
            for j in range(depth):
                shift = 0 if j % 2 == 0 else config["window"] // 2
                x = self.swin_block(x, f"stages.{i}.blocks.{j}", size, config["heads"][i], config["window"], shift)
            maps.append(self.image(self.ln(x, f"norm{i}"), size))
            if i < 3:
                name = f"stages.{i}.downsample"
                if own:
                    y = self.conv(self.image(self.ln(x, f"{name}.norm"), size), f"{name}.conv", 2, 1)
                    size, x = y.shape[2:], y.flatten(2).transpose(1, 2)
                    continue
                merged = F.unfold(x.view(x.shape[0], *size, -1).permute(0, 3, 1, 2), 2, stride=2).transpose(1, 2)
                size = [n // 2 for n in size]
                x = self.linear(self.ln(merged, f"{name}.norm"), f"{name}.reduction")
        return maps


class ResNet(Network):
    def forward(self, image):
        config, x = self.config, image
        for i, stride in ((0, 2), (3, 1), (6, 1)):
            x = F.relu_(self.bn(self.conv(x, f"stem.{i}", stride, 1), f"stem.{i + 1}"))
        x = F.max_pool2d(x, 3, 2, 1)
        maps = []
        for i, depth in enumerate(config["depths"]):
            dilation = config["dilations"][i]
            for j in range(depth):
                contracted = j == 0 and dilation > 1 and config["contractDilation"]
                stride = config["strides"][i] if j == 0 else 1
                x = self.bottleneck(x, f"layer{i + 1}.{j}", stride, dilation // 2 if contracted else dilation)
            maps.append(x)
        return maps


class HRNet(Network):
    def step(self, x, name, stride, relu):
        weight = self.w[f"{name}.0.weight"]
        y = self.bn(self.conv(x, f"{name}.0", stride, weight.shape[2] // 2), f"{name}.1")
        return F.relu_(y) if relu else y

    def has(self, name):
        return f"{name}.0.weight" in self.w

    def transition(self, maps, name, count):
        out = []
        for i in range(count):
            at = f"{name}.{i}"
            if i < len(maps):
                out.append(self.step(maps[i], at, 1, True) if self.has(at) else maps[i])
            else:
                out.append(self.step(maps[-1], f"{at}.0", 2, True))
        return out

    def fuse(self, maps, name):
        out = []
        for i in range(len(maps)):
            y = 0
            for j, x in enumerate(maps):
                at = f"{name}.{i}.{j}"
                if j > i:
                    x = F.interpolate(self.step(x, at, 1, False), scale_factor=2 ** (j - i), mode="bilinear")
                for k in range(i - j):
                    x = self.step(x, f"{at}.{k}", 2, k < i - j - 1)
                y = y + x
            out.append(F.relu_(y))
        return out

    def forward(self, image):
        x = image
        for i in (1, 2):
            x = F.relu_(self.bn(self.conv(x, f"conv{i}", 2, 1), f"bn{i}"))
        for i in range(self.config["first"]["blocks"]):
            x = self.bottleneck(x, f"layer1.{i}")
        maps = [x]
        for n, stage in enumerate(self.config["stages"]):
            maps = self.transition(maps, f"transition{n + 1}", n + 2)
            for m in range(stage["modules"]):
                name = f"stage{n + 2}.{m}"
                for i, blocks in enumerate(stage["blocks"]):
                    for j in range(blocks):
                        maps[i] = self.basic(maps[i], f"{name}.branches.{i}.{j}")
                maps = self.fuse(maps, f"{name}.fuse_layers")
        return maps


class Prior(Network):
    def module(self, x, name):
        return F.relu_(self.bn(self.conv(x, f"{name}.conv"), f"{name}.bn"))

    def aggregate(self, maps, convs, fusion, size):
        levels = [
            F.interpolate(self.module(maps[level], f"{convs}.{i}"), size, mode="bilinear", align_corners=False)
            for i, level in enumerate(self.config["inIndex"])
        ]
        return self.module(torch.cat(levels, 1), fusion)

    def attended(self, maps, size):
        """The fused map, and the tokens behind the Swin blocks."""
        config = self.config
        fused = self.aggregate(maps, "convs", "fusion_conv", size)
        x = fused.flatten(2).transpose(1, 2)
        for i in range(config["depth"]):
            shift = 0 if i % 2 == 0 else config["window"] // 2
            x = self.swin_block(x, f"transformer_block.blocks.{i}", size, config["heads"], config["window"], shift)
        return fused, self.ln(x, "swin_ln")

    def forward(self, *maps):
        size = maps[self.config["tokenLevel"]].shape[2:]
        pixels, x = self.attended(maps, size)
        x = self.module(self.image(x, size), "conv_before_seg")
        for name in ("conv_seg.0", "conv_seg.1") if "conv_seg.1.weight" in self.w else ("conv_seg",):
            x = self.conv(x, name)
        if "convs_pixel.0.conv.weight" in self.w:
            pixels = self.aggregate(maps, "convs_pixel", "fusion_conv_pixel", size)
        return [x, self.conv(pixels, "conv_seg_pixel")]

    def classes(self, *maps):
        """The discriminative twin: class logits of the map behind the Swin blocks."""
        size = maps[self.config["tokenLevel"]].shape[2:]
        return self.conv(self.image(self.attended(maps, size)[1], size), "conv_seg_pixel")


FAMILIES = {"swin": Swin, "resnet": ResNet, "hrnet": HRNet, "prior": Prior}
