"""model_file.py - weights and a graph -> the model file that src/nn/model.c reads (docs/model-file.md).

Plain struct, json and numpy: the same input gives the same bytes on every machine.
"""
import json
import math
import struct
from dataclasses import dataclass, field

import numpy as np

FORMAT_VERSION = "1"
KINDS = ("generator", "detector", "parser")
DTYPES = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4"), "I8": np.dtype("i1")}
REQUIRED = ("name", "kind", "range", "multiple_of", "license", "commercial_use", "teachers", "training_commit",
            "metrics")


def read_safetensors(path):
    """A safetensors file -> (metadata, {name: array}); for checkpoints with torch's names and layouts."""
    with open(path, "rb") as file:
        data = file.read()
    header_bytes = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + header_bytes])
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + header_bytes + offset for offset in entry["data_offsets"])
        arrays[name] = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return metadata, arrays


def conv_weight(array):
    """A convolution's OIHW, as in torch, -> [O,KH,KW,I]."""
    return np.ascontiguousarray(array.transpose(0, 2, 3, 1))


def block_order(channels, block):
    """For each NHWC space-to-depth channel (dy*block+dx)*C+c, torch's pixel_unshuffle channel c*block*block+dy*block+dx."""
    area = block * block
    return np.array([c * area + cell for cell in range(area) for c in range(channels)])


@dataclass
class View:
    """How far an element sees: pixels from i*pitch-before to i*pitch+after. Rows and columns are alike here."""
    pitch: float
    before: float
    after: float
    whole: bool = False


@dataclass
class Graph:
    """Nodes in the order in which they run, and the weights they name. Each method adds one node, returns its output."""
    channels: int = 3
    nodes: list = field(default_factory=list)
    weights: dict = field(default_factory=dict)
    outputs: list = field(default_factory=list)
    input: str = "image"
    input_bytes: dict = field(default_factory=dict)     # step and zero, where the input is bytes

    def add(self, op, inputs, output, **attributes):
        self.nodes.append({"op": op, "inputs": list(inputs), "output": output, **attributes})
        return output

    def conv2d(self, x, name, weight, bias=None, stride=1, dilation=1, pad=0, padding="zero", groups=1,
               activation="none", **limits):
        """weight [O,KH,KW,I/groups], bias [O]; limits: min and max for activation clamp."""
        self.weights[name + ".weight"] = weight
        attributes = {"weight": name + ".weight"}
        if bias is not None:
            self.weights[name + ".bias"] = bias
            attributes["bias"] = name + ".bias"
        for key, value, default in (("stride", [stride, stride], [1, 1]), ("dilation", [dilation, dilation], [1, 1]),
                                    ("pads", [pad] * 4, [0] * 4), ("padding", padding, "zero"),
                                    ("groups", groups, 1), ("activation", activation, "none")):
            if value != default:
                attributes[key] = value
        return self.add("conv2d", [x], name, **attributes, **limits)

    def to_json(self):
        return json.dumps({"input": {"name": self.input, "channels": self.channels, **self.input_bytes}, "nodes": self.nodes,
                           "outputs": self.outputs}, separators=(",", ":"))

    def receptive_field_px(self):
        """Radius that an output sees, rounded up; 0: the whole picture. The rules are src/nn/model_check.c's."""
        views = {self.input: View(1.0, 0.0, 0.0)}
        for node in self.nodes:
            views[node["output"]] = self._view(node, [views[name] for name in node["inputs"]])
        outputs = [views[name] for name in self.outputs]
        if any(view.whole for view in outputs):
            return 0
        return math.ceil(max(max(view.before, view.after) for view in outputs))

    def _view(self, node, inputs):
        op = node["op"]
        used = inputs[:1] if op == "resize" else inputs
        pitch, whole = inputs[0].pitch, any(view.whole for view in used)
        before, after = max(view.before for view in used), max(view.after for view in used)
        if op in ("conv2d", "max_pool", "pad"):
            pads = node.get("pads", [0] * 4)
            reach = [1, 1]
            if op == "max_pool":
                reach = node["kernel"]
            elif op == "conv2d":
                shape, dilation = self.weights[node["weight"]].shape, node.get("dilation", [1, 1])
                reach = [(shape[i + 1] - 1) * dilation[i] + 1 for i in (0, 1)]
            before += pitch * max(pads[:2])
            after += pitch * max(reach[i] - 1 - pads[i] for i in (0, 1))
            pitch *= node.get("stride", [1, 1])[0]
        elif op == "space_to_depth":
            after += pitch * (node["block"] - 1)
            pitch *= node["block"]
        elif op == "depth_to_space":
            before += pitch * (node["block"] - 1) / node["block"]
            pitch /= node["block"]
        elif op == "resize":
            pitch = inputs[1].pitch if len(inputs) == 2 else pitch / node["scale"][0]
            inverse = pitch / inputs[0].pitch
            bilinear = node["mode"] == "bilinear"
            before += inputs[0].pitch * (max(1.5 - 0.5 * inverse, 0.0) if bilinear else 1.0)
            after += inputs[0].pitch * (0.5 + 0.5 * inverse) if bilinear else 0.0
            whole = whole or node.get("align_corners", False)
        elif op in ("mean", "instance_norm", "group_norm"):
            whole = True
        return View(pitch, before, after, whole)


def write_model(path, graph, metadata, dtype="F16"):
    """Write the file. metadata: the entries of REQUIRED and any more, all strings; the rest follows from the graph.

    Arrays of signed bytes are written as I8, all others in dtype.
    """
    for key in REQUIRED:
        if not isinstance(metadata.get(key), str):
            raise ValueError(f"expected a string for metadata {key}, got {metadata.get(key)!r}")
    if metadata["kind"] not in KINDS:
        raise ValueError(f"expected one of {', '.join(KINDS)} for kind, got {metadata['kind']!r}")
    entries = {"format_version": FORMAT_VERSION, **metadata, "graph": graph.to_json(),
               "receptive_field_px": str(graph.receptive_field_px())}
    header, pieces, offset = {"__metadata__": entries}, [], 0
    for name, array in graph.weights.items():
        kind = "I8" if array.dtype == np.int8 else dtype
        piece = np.ascontiguousarray(array, DTYPES[kind])
        if kind != "I8" and not np.isfinite(piece).all():
            raise ValueError(f"expected finite numbers in {kind} for weight {name}")
        header[name] = {"dtype": kind, "shape": list(piece.shape), "data_offsets": [offset, offset + piece.nbytes]}
        pieces.append(piece.tobytes())
        offset += piece.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)           # weights begin at a multiple of 8 bytes
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(pieces))
