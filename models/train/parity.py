"""parity.py - what PyTorch computes for every model file and for single operators -> tests/parity, compared by parity.c.

    python3 models/train/parity.py [NAME ...]      names of models/manifest.json, or operators; all of them by default

NAME.parity, little-endian:
    "P2AP", u32 version 1, u32 cases; for each case:
    u32 height, width, seed, thin, outputs; for each output in the graph's order:
    u32 height, width, channels, f32 step, then each thin-th value in the order of [height,width,channels] as i16 * step
The input is not stored: case_pixels() makes it, and so does tests/parity/parity_file.c.
NAME.png, for generators: what p2a_convert() gives for the case_pixels() of PICTURE, from PyTorch's floats.
"""
import argparse
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from model_file import Graph, block_order, conv_weight, read_safetensors, write_model

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "parity"
MANIFEST = ROOT / "models" / "manifest.json"
VERSION = 1
# (height, width, thin): a prime thin reaches every channel; few values of the large pictures are enough
CASES = ((16, 16, 1), (80, 48, 1), (64, 112, 5), (176, 208, 7), (464, 320, 31))
CASES_OF_32 = ((64, 96, 1), (160, 224, 5))   # for networks whose sides are multiples of 32
OPERATOR_CASES = ((4, 8, 1), (12, 20, 3), (28, 36, 13))
PICTURE = (53, 75, 7)               # height, width, seed: not multiples of 16
MARGIN_PX = 16                      # of mirrored pixels around a picture, as in src/pipeline/scene.c
TOTAL_BYTES_MAX = 2 << 20           # of everything in tests/parity


def hash_bytes(row, column, channel, seed):
    """Murmur3's last mix of the place, top byte: [0,255]. All arguments broadcast, as u32."""
    x = row * np.uint32(0x9E3779B1) ^ column * np.uint32(0x85EBCA77) ^ channel * np.uint32(0xC2B2AE3D) \
        ^ np.uint32(seed * 0x27D4EB2F & 0xFFFFFFFF)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = (x ^ x >> np.uint32(shift)) * np.uint32(factor)
    return (x ^ x >> np.uint32(16)) >> np.uint32(24)


def case_pixels(height, width, channels, seed):
    """8-bit [height,width,channels]: blocks of 8x8 px, and noise a third as strong."""
    y, x, c = (np.arange(n, dtype=np.uint32) for n in (height, width, channels))
    y, x = y[:, None, None], x[None, :, None]
    blocks = hash_bytes(y >> np.uint32(3), x >> np.uint32(3), c, seed)
    return ((3 * blocks + hash_bytes(y, x, c, seed + 1)) >> np.uint32(2)).astype(np.uint8)


def to_floats(pixels, value_range):
    """8-bit [H,W,C] -> [1,C,H,W] in the network's range."""
    low, high = value_range
    return torch.from_numpy((low + (high - low) * pixels.astype(np.float64) / 255).astype(np.float32)) \
        .permute(2, 0, 1)[None]


def pack_output(values, thin):
    """[1,C,H,W] -> one output's bytes."""
    flat = values[0].permute(1, 2, 0).numpy().astype(np.float64)
    step = np.float32(max(np.abs(flat).max(), 1e-6) / 32767)
    kept = np.rint(flat.reshape(-1)[::thin] / step).clip(-32767, 32767).astype("<i2")
    return struct.pack("<3If", *flat.shape, step) + kept.tobytes()


def write_parity(path, network, channels, value_range, cases):
    """network: [1,C,H,W] -> list of outputs [1,c,h,w]."""
    data = b"P2AP" + struct.pack("<2I", VERSION, len(cases))
    for seed, (height, width, thin) in enumerate(cases):
        outputs = network(to_floats(case_pixels(height, width, channels, seed), value_range))
        data += struct.pack("<5I", height, width, seed, thin, len(outputs))
        data += b"".join(pack_output(output, thin) for output in outputs)
    path.write_bytes(data)
    print(f"{path.relative_to(ROOT)}: {len(data)} bytes")


def write_png(path, pixels):
    """8-bit RGB."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def write_picture(path, network, multiple_of, value_range):
    """The whole way of p2a_convert(): in a mirrored frame, to the right and below up to a multiple, cropped after."""
    height, width, seed = PICTURE
    pixels = case_pixels(height, width, 3, seed)
    below, right = (MARGIN_PX + -(side + 2 * MARGIN_PX) % multiple_of for side in (height, width))
    padded = np.pad(pixels, ((MARGIN_PX, below), (MARGIN_PX, right), (0, 0)), mode="reflect")
    low, high = value_range
    painted = network(to_floats(padded, value_range))[0][0].permute(1, 2, 0).numpy()
    painted = painted[MARGIN_PX:MARGIN_PX + height, MARGIN_PX:MARGIN_PX + width]
    write_png(path, np.floor((painted - low) / (high - low) * 255 + 0.5).clip(0, 255).astype(np.uint8))


def load_network(path, kind, metadata):
    """The model file's weights in PyTorch's own network: input -> list of outputs in the graph's order."""
    if metadata.get("precision") == "int8":
        from int8_network import ModelGraph
        return ModelGraph(path).run
    if kind == "generator":
        import generator
        network = generator.load(path).eval()
        return lambda x: [network(x).clamp(-1, 1)]
    from export_faces import ExportedNetwork
    network = ExportedNetwork(path)
    return lambda x: list(network.run(x).values())


def write_model_parity(entry):
    if "int8" in entry:
        write_model_parity({**{key: value for key, value in entry.items() if key != "int8"}, **entry["int8"],
                            "name": entry["name"] + "-int8"})
    path = MANIFEST.parent / entry["file"]
    metadata, _ = read_safetensors(path)
    network = load_network(path, entry["kind"], metadata)
    value_range = [float(v) for v in metadata["range"].split(",")]
    multiple_of = int(metadata["multiple_of"])
    cases = [case for case in CASES if case[0] % multiple_of == 0 == case[1] % multiple_of] or CASES_OF_32
    write_parity(OUT / f"{entry['name']}.parity", network, 3, value_range, cases)
    if entry["kind"] == "generator":
        write_picture(OUT / f"{entry['name']}.png", network, multiple_of, value_range)


class Operators:
    """Small graphs beside the same thing said in PyTorch: each method adds outputs to both."""

    def __init__(self, channels):
        self.channels, self.graph, self.results = channels, Graph(channels=channels), []
        self.random = np.random.default_rng(20)

    def weight(self, name, *shape):
        self.graph.weights[name] = self.random.normal(0, 0.3, shape).astype(np.float32)
        return self.graph.weights[name]

    def output(self, name, result):
        self.graph.outputs.append(name)
        self.results.append(result)

    def conv(self, name, outputs, kernel, pads, padding="zero", stride=1, dilation=1, groups=1, activation="none"):
        weight = self.random.normal(0, 0.2, (outputs, self.channels // groups, *kernel)).astype(np.float32)
        bias = self.random.normal(0, 0.2, outputs).astype(np.float32)
        self.graph.conv2d("image", name, conv_weight(weight), bias, stride, dilation, 0, padding, groups, activation)
        self.graph.nodes[-1]["pads"] = list(pads)
        top, left, bottom, right = pads
        mode = {"zero": "constant"}.get(padding, padding)
        after = {"none": lambda y: y, "relu": F.relu, "relu6": F.relu6}[activation]
        self.output(name, lambda x: after(F.conv2d(F.pad(x, (left, right, top, bottom), mode), torch.from_numpy(weight),
                                                   torch.from_numpy(bias), stride, 0, dilation, groups)))

    def add(self, op, name, result, inputs=("image",), **attributes):
        self.graph.add(op, inputs, name, **attributes)
        self.output(name, result)

    def write(self, name):
        path = OUT / f"{name}.safetensors"
        write_model(path, self.graph, {
            "name": name, "kind": "parser", "range": "-1,1", "multiple_of": "4", "license": "MIT",
            "commercial_use": "yes", "teachers": "", "training_commit": "", "metrics": ""}, "F32")
        write_parity(OUT / f"{name}.parity", lambda x: [result(x) for result in self.results], self.channels, (-1, 1),
                     OPERATOR_CASES)


def write_local_operators():
    ops = Operators(8)
    ops.conv("reflect", 6, (3, 3), (1, 1, 1, 1), "reflect")
    ops.conv("replicate", 5, (3, 5), (2, 4, 2, 4), "replicate", dilation=2)
    ops.conv("groups", 12, (3, 3), (1, 1, 0, 0), stride=2, groups=4)
    ops.conv("depthwise", 8, (3, 3), (1, 1, 1, 1), groups=8, activation="relu6")
    ops.conv("uneven", 3, (4, 5), (2, 1, 0, 3), activation="relu")
    ops.add("resize", "bilinear", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
            mode="bilinear", scale=[2, 2])
    ops.add("resize", "corners", lambda x: F.interpolate(x, scale_factor=(3, 2), mode="bilinear", align_corners=True),
            mode="bilinear", scale=[3, 2], align_corners=True)
    ops.add("resize", "nearest", lambda x: F.interpolate(x, scale_factor=(2, 3), mode="nearest"),
            mode="nearest", scale=[2, 3])
    ops.add("max_pool", "pool", lambda x: F.max_pool2d(x, 3, 2, 1), kernel=[3, 3], stride=[2, 2], pads=[1, 1, 1, 1])
    ops.add("resize", "shrunk", lambda x: F.interpolate(x, size=F.max_pool2d(x, 3, 2, 1).shape[2:], mode="bilinear",
                                                        align_corners=False), ("image", "pool"), mode="bilinear")
    ops.add("space_to_depth", "blocks", lambda x: F.pixel_unshuffle(x, 2)[:, block_order(8, 2)], block=2)
    ops.add("depth_to_space", "shuffled", lambda x: F.pixel_shuffle(x[:, block_order(2, 2).argsort()], 2), block=2)
    ops.add("softmax", "softmax", lambda x: F.softmax(x, 1))
    ops.add("argmax", "argmax", lambda x: F.softmax(x, 1).argmax(1, keepdim=True).float(), ("softmax",))
    ops.add("concat", "joined", lambda x: torch.cat((x, F.softmax(x, 1)), 1), ("image", "softmax"))
    ops.add("slice", "sliced", lambda x: torch.cat((x, F.softmax(x, 1)), 1)[:, 5:11], ("joined",), begin=5, size=6)
    ops.write("operators_local")


def write_other_operators():
    ops = Operators(8)
    scale, shift, slope = (torch.from_numpy(ops.weight(name, 8)) for name in ("scale", "shift", "slope"))
    matrix, offset = torch.from_numpy(ops.weight("matrix", 8, 8)), torch.from_numpy(ops.weight("offset", 8))
    half = torch.from_numpy(ops.weight("half", 1))
    affine = {"weight": "scale", "bias": "shift"}
    ops.add("instance_norm", "instance", lambda x: F.instance_norm(x, weight=scale, bias=shift, eps=1e-5), eps=1e-5,
            **affine)
    ops.add("group_norm", "group", lambda x: F.group_norm(x, 2, scale, shift, 1e-3), groups=2, eps=1e-3, **affine)
    ops.add("layer_norm", "layer", lambda x: F.layer_norm(x.permute(0, 2, 3, 1), (8,), scale, shift, 1e-6)
            .permute(0, 3, 1, 2), eps=1e-6, **affine)
    ops.add("mean", "mean", lambda x: x.mean((2, 3), keepdim=True))
    ops.add("fully_connected", "full", lambda x: F.linear(x.mean((2, 3)), matrix, offset)[:, :, None, None], ("mean",),
            weight="matrix", bias="offset")
    ops.add("sigmoid", "gate", lambda x: torch.sigmoid(ops.results[4](x)), ("full",))
    ops.add("mul", "gated", lambda x: x * ops.results[5](x), ("image", "gate"))
    ops.add("resize", "spread", lambda x: ops.results[5](x).expand_as(x), ("gate", "image"), mode="bilinear")
    ops.add("prelu", "prelu", lambda x: F.prelu(x, slope), weight="slope")
    ops.add("leaky_relu", "leaky", lambda x: F.leaky_relu(x, 0.2), alpha=0.2)
    ops.add("hard_swish", "swish", lambda x: F.hardswish(4 * x), ("quadrupled",))
    ops.graph.nodes.insert(-1, {"op": "mul", "inputs": ["image"], "output": "quadrupled", "weight": "four"})
    ops.graph.weights["four"] = np.full(1, 4, np.float32)
    ops.add("tanh", "tanh", torch.tanh)
    ops.add("sub", "difference", lambda x: F.relu(x - scale[:, None, None]), weight="scale", activation="relu")
    ops.add("add", "sum", lambda x: (x + half).clamp(-0.5, 0.75), weight="half", activation="clamp", min=-0.5, max=0.75)
    ops.add("pad", "padded", lambda x: F.pad(x, (3, 0, 1, 2), "reflect"), pads=[1, 3, 2, 0], padding="reflect")
    ops.add("clamp", "clamped", lambda x: x.clamp(-0.25, 0.5), min=-0.25, max=0.5)
    ops.write("operators_other")


@torch.no_grad()
def main():
    entries = {entry["name"]: entry for entry in json.loads(MANIFEST.read_text())}
    parser = argparse.ArgumentParser(description="Write what the parity tests compare with.")
    parser.add_argument("names", nargs="*", help="operators, " + ", ".join(entries))
    names = parser.parse_args().names or ["operators", *entries]
    for name in names:
        if name != "operators" and name not in entries:
            parser.error(f"expected operators or one of {', '.join(entries)}, got {name}")
    torch.set_num_threads(1)
    OUT.mkdir(exist_ok=True)
    for name in names:
        if name == "operators":
            write_local_operators()
            write_other_operators()
        else:
            write_model_parity(entries[name])
    total = sum(path.stat().st_size for path in OUT.iterdir())
    if total > TOTAL_BYTES_MAX:
        raise SystemExit(f"expected at most {TOTAL_BYTES_MAX} bytes in {OUT.relative_to(ROOT)}, got {total}")


if __name__ == "__main__":
    main()
