"""int8_network.py - a model file's graph, run node by node in PyTorch: f32 nodes as they are, bytes in exactly the core's integers.

A tensor of bytes is [N,C,H,W] f32 that holds whole numbers from -128 to 127; value = (byte - zero) * step.
Every sum below is exact, and every rounding is the one of XNNPACK's kernels (src/nn/quantized.c creates them), so the
core's int8 outputs are expected to be equal, not near.
"""
import json

import numpy as np
import torch
import torch.nn.functional as F

from model_file import block_order, read_safetensors

EXACT_F32 = 2**24        # whole numbers up to this add up in f32 without rounding
EIGHTHS = 8              # shares of a resize by 2 or 4


def f32(value):
    return np.float32(value)


def saturate(rounded, zero):
    return (rounded + zero).clamp(-128, 127)


class ModelGraph:
    """A model file: nodes, weights, and run()."""

    def __init__(self, path):
        self.metadata, arrays = read_safetensors(path)
        graph = json.loads(self.metadata["graph"])
        self.input, self.nodes, self.outputs = graph["input"], graph["nodes"], graph["outputs"]
        self.weights = {name: torch.from_numpy(np.array(a, "f4")) for name, a in arrays.items()}
        self.value_range = [float(v) for v in self.metadata["range"].split(",")]
        self.multiple_of = int(self.metadata["multiple_of"])
        self.bytes_of = {self.input["name"]: (f32(self.input["step"]), self.input["zero"])} if "step" in self.input else {}
        for node in self.nodes:
            name, source = node["output"], node["inputs"][0]
            if "step" in node:
                self.bytes_of[name] = (f32(node["step"]), node["zero"])
            elif source in self.bytes_of and node["op"] in ("space_to_depth", "depth_to_space", "resize"):
                self.bytes_of[name] = self.bytes_of[source]

    def encode(self, name, values):
        """f32 values -> the bytes of tensor `name`; unchanged where it is f32."""
        if name not in self.bytes_of:
            return values
        step, zero = self.bytes_of[name]
        return saturate(torch.round(values / float(step)), zero)

    def decode(self, name, tensor):
        if name not in self.bytes_of:
            return tensor
        step, zero = self.bytes_of[name]
        return (tensor - zero) * float(step)

    @torch.no_grad()
    def run(self, x, watch=None):
        """x: [N,3,H,W] values in value_range -> the graph's outputs as values. watch(name, tensor) sees each tensor."""
        tensors = {self.input["name"]: self.encode(self.input["name"], x)}
        readers = {}
        for i, node in enumerate(self.nodes):
            readers.update({name: i for name in node["inputs"]})
        for i, node in enumerate(self.nodes):
            inputs = [tensors[name] for name in node["inputs"]]
            made = self.compute(node, inputs)
            tensors[node["output"]] = made
            if watch:
                watch(node["output"], made)
            for name in node["inputs"]:            # memory of what nobody reads any more
                if readers[name] == i and name not in self.outputs:
                    tensors.pop(name, None)
        return [self.decode(name, tensors[name]) for name in self.outputs]

    def compute(self, node, inputs):
        op, name, x = node["op"], node["output"], inputs[0]
        if op == "space_to_depth":
            return F.pixel_unshuffle(x, node["block"])[:, block_order(x.shape[1], node["block"])]
        if op == "depth_to_space":
            channels = x.shape[1] // node["block"] ** 2
            return F.pixel_shuffle(x[:, block_order(channels, node["block"]).argsort()], node["block"])
        if op == "quantize":
            step, zero = self.bytes_of[name]
            return saturate(torch.round(x * float(f32(1) / step)), zero)
        if op == "dequantize":
            return self.decode(node["inputs"][0], x)
        if name in self.bytes_of:
            return getattr(self, op + "_bytes")(node, *inputs)
        if op == "conv2d":
            return self.activate(node, F.conv2d(self.padded(node, x), self.weights[node["weight"]].permute(0, 3, 1, 2),
                                                self.weights[node["bias"]], node.get("stride", 1)))
        if op == "add":
            return self.activate(node, inputs[0] + inputs[1])
        if op == "mul":
            return self.activate(node, inputs[0] * inputs[1])
        if op == "sigmoid":
            return torch.sigmoid(x)
        if op == "resize":
            return F.interpolate(x, scale_factor=tuple(map(float, node["scale"])), mode="bilinear", align_corners=False)
        raise ValueError(f"expected an operator of the generators, got {op} for {name}")

    @staticmethod
    def padded(node, x):
        top, left, bottom, right = node.get("pads", [0] * 4)
        return F.pad(x, (left, right, top, bottom))

    @staticmethod
    def activate(node, y):
        kind = node.get("activation", "none")
        return F.relu(y) if kind == "relu" else y.clamp(node["min"], node["max"]) if kind == "clamp" else y

    def conv2d_bytes(self, node, x):
        (step_in, zero_in), (step, zero) = self.bytes_of[node["inputs"][0]], self.bytes_of[node["output"]]
        weight = self.weights[node["weight"]].permute(0, 3, 1, 2)
        scales = self.weights[node["weight"] + ".scale"].numpy()
        bias = np.rint(self.weights[node["bias"]].numpy() / (step_in * scales))
        largest = float(weight.abs().sum((1, 2, 3)).max()) * 255 + float(np.abs(bias).max())
        dtype = torch.float32 if largest < EXACT_F32 else torch.float64
        total = F.conv2d(self.padded(node, x - zero_in).to(dtype), weight.to(dtype),
                         torch.from_numpy(bias).to(dtype), node.get("stride", 1)).float()
        made = torch.round(total * torch.from_numpy(step_in * scales / step)[:, None, None])
        low, high = {"none": (-128, 127), "relu": (zero, 127)}[node.get("activation", "none")]
        return saturate(made, zero).clamp(low, high)

    def add_bytes(self, node, a, b):
        """A common shift with 21 bits for the larger share (XNNPACK's xnn_init_qs8_add_minmax_scalar_params)."""
        step, zero = self.bytes_of[node["output"]]
        (step_a, zero_a), (step_b, zero_b) = (self.bytes_of[name] for name in node["inputs"])
        ratio_a, ratio_b = step_a / step, step_b / step
        shift = 20 - (int(np.frexp(max(ratio_a, ratio_b))[1]) - 1)
        share_a, share_b = (int(np.rint(np.float64(r) * 2.0**shift)) for r in (ratio_a, ratio_b))
        total = (a - zero_a).double() * share_a + (b - zero_b).double() * share_b + 2.0 ** (shift - 1)
        return saturate(torch.floor(total * 2.0**-shift), zero).float()

    def mul_bytes(self, node, a, b):
        step, zero = self.bytes_of[node["output"]]
        (step_a, zero_a), (step_b, zero_b) = (self.bytes_of[name] for name in node["inputs"])
        return saturate(torch.round((a - zero_a) * (b - zero_b) * float(step_a * step_b / step)), zero)

    def sigmoid_bytes(self, node, x):
        (step_in, zero_in), (step, zero) = self.bytes_of[node["inputs"][0]], self.bytes_of[node["output"]]
        value = (np.arange(-128, 128, dtype="f4") - f32(zero_in)) * step_in
        share = np.exp(value.astype("f8")) / (1 + np.exp(value.astype("f8")))
        table = share.astype("f4") * (f32(1) / step) + f32(zero)
        table = np.copysign(np.floor(np.abs(table) + f32(0.5)), table).clip(-128, 127)     # halves away from zero
        return torch.from_numpy(table.astype("f4"))[(x + 128).long()]

    def resize_bytes(self, node, x):
        for axis, factor in ((2, node["scale"][0]), (3, node["scale"][1])):
            at = ((torch.arange(x.shape[axis] * factor) + 0.5) / factor - 0.5).clamp(min=0)
            low = at.floor().long()
            share = ((at - low) * EIGHTHS) * (low + 1 < x.shape[axis])
            high = (low + 1).clamp(max=x.shape[axis] - 1)
            shape = [1, 1, 1, 1]
            shape[axis] = -1
            share = share.reshape(shape)
            x = x.index_select(axis, low) * (EIGHTHS - share) + x.index_select(axis, high) * share
        return torch.floor((x + EIGHTHS * EIGHTHS / 2) / EIGHTHS**2)
