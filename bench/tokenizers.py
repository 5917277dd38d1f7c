"""The tokenizers of @gss/vqvae in plain PyTorch, for bench/tokenizers.mjs: written from the names of their specs.

Reads one JSON command a line on stdin, answers one JSON object a line on stdout. Tensors come and go as .safetensors files.
"""

import json
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    print(json.dumps({"missing": str(error)}), flush=True)
    sys.exit()

from stored import read, write


class Model:
    """Parameters by name; images are NCHW inside, NHWC in files."""

    def __init__(self, config, weights, layout):
        self.config = config
        self.layout = layout
        self.w = {name: self.place(tensor) for name, tensor in weights.items()}

    def place(self, tensor):
        return tensor.contiguous(memory_format=self.layout) if tensor.dim() == 4 else tensor.contiguous()

    def has(self, name):
        return name in self.w

    def conv(self, x, name, stride=1, padding=None, w="weight", b="bias"):
        weight = self.w[f"{name}.{w}"]
        same = weight.shape[2] // 2 if padding is None else padding
        return F.conv2d(x, weight, self.w[f"{name}.{b}"], stride=stride, padding=same)

    def nearest(self, z, codebook):
        """Tokens of NCHW vectors by ‖z‖² + ‖e‖² − 2 z·e, as taming-transformers."""
        flat = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])
        distances = flat.square().sum(1, keepdim=True) + codebook.square().sum(1) - 2 * flat @ codebook.t()
        return distances.argmin(1).reshape(z.shape[0], z.shape[2], z.shape[3])

    def vectors(self, tokens, codebook):
        return self.place(F.embedding(tokens.long(), codebook).permute(0, 3, 1, 2))


class Dvae(Model):
    def conv(self, x, name, **options):
        return super().conv(x, name, w="w", b="b", **options)

    def block(self, x, name):
        y = x
        for i in range(1, 5):
            y = self.conv(F.relu(y), f"{name}.res_path.conv_{i}")
        identity = self.conv(x, f"{name}.id_path") if self.has(f"{name}.id_path.w") else x
        return identity + y / (4 * self.config["blocksPerGroup"]) ** 2

    def group(self, x, name):
        for i in range(1, self.config["blocksPerGroup"] + 1):
            x = self.block(x, f"{name}.block_{i}")
        return x

    def encode(self, image):
        x = self.conv(0.8 * image + 0.1, "encoder.blocks.input")
        for i in range(1, 5):
            x = self.group(x if i == 1 else F.max_pool2d(x, 2), f"encoder.blocks.group_{i}")
        return self.conv(F.relu(x), "encoder.blocks.output.conv").argmax(1)

    def decode(self, tokens):
        codes = F.one_hot(tokens.long(), self.config["vocabulary"]).permute(0, 3, 1, 2).float()
        x = self.conv(codes, "decoder.blocks.input")
        for i in range(1, 5):
            x = self.group(x if i == 1 else F.interpolate(x, scale_factor=2), f"decoder.blocks.group_{i}")
        x = self.conv(F.relu(x), "decoder.blocks.output.conv")[:, : self.config["channels"]]
        return ((torch.sigmoid(x) - 0.1) / 0.8).clamp(0, 1)


class Vqgan(Model):
    def norm(self, x, name):
        return F.group_norm(x, self.config.get("groups", 32), self.w[f"{name}.weight"], self.w[f"{name}.bias"], 1e-6)

    def resnet(self, x, name):
        y = self.conv(F.silu(self.norm(x, f"{name}.norm1")), f"{name}.conv1")
        y = self.conv(F.silu(self.norm(y, f"{name}.norm2")), f"{name}.conv2")
        return (self.conv(x, f"{name}.nin_shortcut") if self.has(f"{name}.nin_shortcut.weight") else x) + y

    def attention(self, x, name):
        b, c, h, w = x.shape
        y = self.norm(x, f"{name}.norm")
        q, k, v = (self.conv(y, f"{name}.{n}").reshape(b, c, h * w) for n in "qkv")
        weights = torch.softmax(torch.bmm(q.transpose(1, 2), k) * c**-0.5, 2)
        return x + self.conv(self.place(torch.bmm(v, weights.transpose(1, 2)).reshape(b, c, h, w)), f"{name}.proj_out")

    def level(self, x, name, count):
        for i in range(count):
            x = self.resnet(x, f"{name}.block.{i}")
            if self.has(f"{name}.attn.{i}.q.weight"):
                x = self.attention(x, f"{name}.attn.{i}")
        return x

    def mid(self, x, name):
        x = self.attention(self.resnet(x, f"{name}.block_1"), f"{name}.attn_1")
        return self.resnet(x, f"{name}.block_2")

    def encode(self, image):
        x = self.conv(2 * image - 1, "encoder.conv_in")
        levels = len(self.config["multipliers"])
        for i in range(levels):
            x = self.level(x, f"encoder.down.{i}", self.config["residualBlocks"])
            if i < levels - 1:
                x = self.conv(F.pad(x, (0, 1, 0, 1)), f"encoder.down.{i}.downsample.conv", stride=2, padding=0)
        x = self.conv(F.silu(self.norm(self.mid(x, "encoder.mid"), "encoder.norm_out")), "encoder.conv_out")
        return self.nearest(self.conv(x, "quant_conv"), self.w["quantize.embedding.weight"])

    def decode(self, tokens):
        x = self.conv(self.vectors(tokens, self.w["quantize.embedding.weight"]), "post_quant_conv")
        x = self.mid(self.conv(x, "decoder.conv_in"), "decoder.mid")
        for i in reversed(range(len(self.config["multipliers"]))):
            x = self.level(x, f"decoder.up.{i}", self.config["residualBlocks"] + 1)
            if i > 0:
                x = self.conv(F.interpolate(x, scale_factor=2), f"decoder.up.{i}.upsample.conv")
        x = self.conv(F.silu(self.norm(x, "decoder.norm_out")), "decoder.conv_out")
        return ((x + 1) / 2).clamp(0, 1)


class Compact(Model):
    def blocks(self, x, name, count):
        for i in range(count):
            y = self.conv(F.relu(x), f"{name}.{i}.conv1")
            x = x + self.conv(F.relu(y), f"{name}.{i}.conv2")
        return x

    def encode(self, image):
        d = self.config["downsample"]
        b, c, h, w = image.shape
        squares = (2 * image - 1).reshape(b, c, h // d, d, w // d, d).permute(0, 3, 5, 1, 2, 4)
        x = self.conv(self.place(squares.reshape(b, d * d * c, h // d, w // d)), "encoder.down")
        x = self.conv(self.blocks(x, "encoder.blocks", self.config["encoderBlocks"]), "encoder.head")
        return self.nearest(x, self.w["codebook"])

    def decode(self, tokens):
        d = self.config["downsample"]
        x = self.conv(self.vectors(tokens, self.w["codebook"]), "decoder.stem")
        x = self.conv(self.blocks(x, "decoder.blocks", self.config["decoderBlocks"]), "decoder.up")
        b, c, h, w = x.shape
        c //= d * d
        image = x.reshape(b, d, d, c, h, w).permute(0, 3, 4, 1, 5, 2).reshape(b, c, h * d, w * d)
        return ((image + 1) / 2).clamp(0, 1)


class Uvim(Model):
    """The photo at its side is a part of the model."""

    def __init__(self, config, weights, layout):
        self.image = 2 * weights.pop("context") - 1
        super().__init__(config, weights, torch.contiguous_format)
        self.positions = self.sincos()

    def sincos(self):
        h, w = self.grid()
        quarter = self.config["width"] // 4
        omega = 1 / 10_000 ** (torch.arange(quarter, dtype=torch.float64) / (quarter - 1))
        y, x = (t.reshape(-1, 1) * omega for t in torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij"))
        return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], 1).float()

    def grid(self):
        return [n // p for n, p in zip(self.config["inputSize"], self.config["patchSize"])]

    def dense(self, x, name, axes=1):
        kernel, bias = self.w[f"{name}.kernel"], self.w[f"{name}.bias"]
        outputs = kernel.shape[axes:]
        flat = x.reshape(*x.shape[: x.dim() - axes], -1)
        y = torch.addmm(bias.reshape(-1), flat.reshape(-1, flat.shape[-1]), kernel.reshape(flat.shape[-1], -1))
        return y.reshape(*flat.shape[:-1], *outputs)

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w[f"{name}.scale"], self.w[f"{name}.bias"], 1e-6)

    def vit(self, x, name, depth):
        for i in range(depth):
            at = f"{name}.encoderblock_{i}"
            y = self.norm(x, f"{at}.LayerNorm_0")
            heads = [self.dense(y, f"{at}.MultiHeadDotProductAttention_0.{n}") for n in ("query", "key", "value")]
            mixed = F.scaled_dot_product_attention(*(t.transpose(1, 2) for t in heads)).transpose(1, 2)
            x = x + self.dense(mixed, f"{at}.MultiHeadDotProductAttention_0.out", 2)
            y = self.dense(self.norm(x, f"{at}.LayerNorm_1"), f"{at}.MlpBlock_0.Dense_0")
            x = x + self.dense(F.gelu(y, approximate="tanh"), f"{at}.MlpBlock_0.Dense_1")
        return self.norm(x, f"{name}.encoder_norm")

    def context(self, name):
        h, w = self.grid()
        p, q = self.config["patchSize"]
        patches = self.image.reshape(-1, h, p, w, q, 3).permute(0, 1, 3, 2, 4, 5)
        return self.dense(patches.reshape(-1, h * w, p, q, 3), name, 3)

    def resize(self, x, before, after):
        b, _, c = x.shape
        image = x.transpose(1, 2).reshape(b, c, *before)
        return F.interpolate(image, tuple(after), mode="bilinear", antialias=True).flatten(2).transpose(1, 2)

    def codewords(self):
        means = self.w["state.dictionary"] / self.w["state.counts"].unsqueeze(1)
        return means / means.norm(dim=1, keepdim=True)

    def side(self):
        return round(self.config["codeLength"] ** 0.5)

    def encode(self, maps):
        h, w = self.grid()
        p, q = self.config["patchSize"]
        k = maps.shape[1]
        patches = maps.reshape(-1, k, h, p, w, q).permute(0, 2, 4, 1, 3, 5).reshape(-1, h * w, k, p * q)
        x = self.dense(patches, "params.embedding_semantics", 2) + self.context("params.ctx_enc_embedding")
        x = self.vit(x + self.positions, "params.encoder", self.config["encoderDepth"])
        side = self.side()
        x = self.dense(self.resize(x, [h, w], [side, side]), "params.encoder_head")
        x = F.layer_norm(x, x.shape[-1:], eps=1e-5)
        return self.nearest(x.transpose(1, 2).reshape(x.shape[0], -1, side, side), self.codewords())

    def decode(self, tokens):
        h, w = self.grid()
        p, q = self.config["patchSize"]
        side = self.side()
        x = self.dense(F.embedding(tokens.long(), self.codewords()).flatten(1, 2), "params.decoder_stem")
        x = self.resize(x, [side, side], [h, w]) + self.context("params.ctx_dec_embedding")
        x = self.vit(x + self.positions, "params.decoder", self.config["decoderDepth"])
        logits = self.dense(x, "params.head_semantics").reshape(x.shape[0], h, w, -1, p, q)
        return torch.softmax(logits.permute(0, 3, 1, 4, 2, 5).reshape(x.shape[0], -1, h * p, w * q), 1)


FAMILIES = {"dvae": Dvae, "vqgan": Vqgan, "compact": Compact, "uvim": Uvim}
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def main():
    models = {}
    inputs = {}
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        answer = {}
        with torch.inference_mode():
            if command["do"] == "load":
                torch.set_num_threads(command["threads"])
                models = {
                    layout: FAMILIES[command["family"]](command["config"], read(command["weights"]), LAYOUTS[layout])
                    for layout in command["layouts"]
                }
            elif command["do"] == "input":
                value = read(command["file"])["value"]
                inputs[command["name"]] = value.permute(0, 3, 1, 2).contiguous() if value.dim() == 4 else value
            else:
                model = models[command["layout"]]
                x = model.place(inputs[command["name"]])
                start, before = time.perf_counter(), time.process_time()
                y = getattr(model, command["do"])(x)
                answer["ms"] = 1000 * (time.perf_counter() - start)
                answer["cpu"] = 1000 * (time.process_time() - before)
                if command.get("file"):
                    write(command["file"], {"value": y.permute(0, 2, 3, 1) if y.dim() == 4 else y})
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
