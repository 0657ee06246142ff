"""tflite_file.py - a TensorFlow Lite file -> its tensors and operators, for parser_teacher.py.

A FlatBuffer, read by the field numbers of TensorFlow's schema.fbs: only what a network of 8-bit weights needs.
"""
import struct
from dataclasses import dataclass

import numpy as np

TYPES = {0: np.float32, 1: np.float16, 2: np.int32, 3: np.uint8, 4: np.int64, 6: np.bool_, 7: np.int16, 9: np.int8}
OPERATORS = {0: "add", 1: "average_pool", 2: "concat", 3: "conv", 4: "depthwise_conv", 14: "sigmoid", 17: "max_pool", 18: "mul",
             22: "reshape", 23: "resize_bilinear", 25: "softmax", 40: "mean", 56: "arg_max", 114: "quantize"}
# operator -> field number and default of what it says; an activation is 0 none, 1 relu, 3 relu6
OPTIONS = {"conv": {"pad": (0, 0), "stride": (2, 1), "activation": (3, 0)},
           "depthwise_conv": {"pad": (0, 0), "stride": (2, 1), "activation": (4, 0)},
           "average_pool": {"pad": (0, 0), "stride": (2, 1), "kernel": (4, 1)},
           "max_pool": {"pad": (0, 0), "stride": (2, 1), "kernel": (4, 1)},
           "add": {"activation": (0, 0)}, "mul": {"activation": (0, 0)}}


class Table:
    """A table of the FlatBuffer; fields that are not there read as their defaults."""

    def __init__(self, data, at):
        self.data, self.at = data, at
        self.layout = at - struct.unpack_from("<i", data, at)[0]
        self.count = (struct.unpack_from("<H", data, self.layout)[0] - 4) // 2

    def place(self, field):
        offset = struct.unpack_from("<H", self.data, self.layout + 4 + 2 * field)[0] if field < self.count else 0
        return self.at + offset if offset else 0

    def number(self, field, kind, default=0):
        at = self.place(field)
        return struct.unpack_from("<" + kind, self.data, at)[0] if at else default

    def target(self, field):
        at = self.place(field)
        return at + struct.unpack_from("<I", self.data, at)[0] if at else 0

    def table(self, field):
        at = self.target(field)
        return Table(self.data, at) if at else None

    def values(self, field, kind):
        at = self.target(field)
        return np.frombuffer(self.data, kind, struct.unpack_from("<I", self.data, at)[0], at + 4) if at else np.zeros(0, kind)

    def tables(self, field):
        at = self.target(field)
        places = [at + 4 + 4 * i for i in range(struct.unpack_from("<I", self.data, at)[0])] if at else []
        return [Table(self.data, p + struct.unpack_from("<I", self.data, p)[0]) for p in places]


@dataclass
class Tensor:
    shape: tuple
    values: np.ndarray | None     # of constants: dequantised to f32 where they are stored with scales


@dataclass
class Node:
    operator: str
    inputs: list
    output: int
    options: dict


def read_tensor(table, buffers):
    shape, raw = tuple(int(n) for n in table.values(0, np.int32)), buffers[table.number(2, "I")]
    if not len(raw):
        return Tensor(shape, None)
    values, quantization = raw.view(TYPES[table.number(1, "b")]).reshape(shape), table.table(4)
    scale = quantization.values(2, np.float32) if quantization else np.zeros(0)
    if len(scale):
        along = [1] * len(shape)
        if len(scale) > 1:
            along[quantization.number(6, "i")] = len(scale)
        zero = quantization.values(3, np.int64).astype(np.float32)
        values = (values.astype(np.float32) - zero.reshape(along)) * scale.reshape(along)
    return Tensor(shape, values)


def read_node(table, codes):
    code = codes[table.number(0, "I")]
    if code not in OPERATORS:
        raise SystemExit(f"expected one of {sorted(OPERATORS.values())}, got TensorFlow Lite's builtin operator {code}")
    name, said = OPERATORS[code], table.table(4)
    kinds = {"pad": "b", "activation": "b"}
    options = {key: said.number(field, kinds.get(key, "i"), default) if said else default
               for key, (field, default) in OPTIONS.get(name, {}).items()}
    return Node(name, [int(i) for i in table.values(1, np.int32)], int(table.values(2, np.int32)[0]), options)


def read_tflite(path):
    """-> (tensors, nodes in their order, number of the input tensor)."""
    data = path.read_bytes()
    model = Table(data, struct.unpack_from("<I", data, 0)[0])
    codes = [max(code.number(0, "b"), code.number(3, "i")) for code in model.tables(1)]
    buffers = [buffer.values(0, np.uint8) for buffer in model.tables(4)]
    graph = model.tables(2)[0]
    tensors = [read_tensor(table, buffers) for table in graph.tables(0)]
    return tensors, [read_node(table, codes) for table in graph.tables(3)], int(graph.values(1, np.int32)[0])
