"""teacher_features.py - pictures -> what the published RetinaFace network says of every anchor, and the 64 channels that it
says it from: what train_detector.py teaches the student with.

The ONNX file's graph is run by PyTorch in bf16, batch by batch: here twice as fast as onnxruntime in f32 (faces_teacher.py, which
makes the labels and the figures). Nothing of the network enters the repository.
"""
from dataclasses import dataclass

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

import faces_data as data
from detector import flat
from faces_teacher import MEAN_BGR

OPERATORS = ("Conv", "LeakyRelu", "Relu", "Add", "Resize", "Concat")
FEATURES = 64                 # channels of a level before its three heads


@dataclass
class Told:
    """What the teacher says of a batch."""
    logits: torch.Tensor      # [N,A]: face against none
    boxes: torch.Tensor       # [N,A,4]
    points: torch.Tensor      # [N,A,10]
    features: list            # of each level [N,64,h,w], at least 0


class FeatureTeacher:
    def __init__(self):
        model = onnx.load(data.SHARED / "teachers" / "retinaface_mobilenet0.25.onnx")
        self.weights = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}
        self.input = model.graph.input[0].name
        self.nodes, self.heads = [], []
        for node in model.graph.node:
            if node.op_type not in OPERATORS or node.output[0].startswith("output") or node.output[0] == "classifications":
                continue
            values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Concat" and values["axis"] != 1:
                continue                          # shapes, which PyTorch needs no nodes for
            self.nodes.append((node.op_type, list(node.input), node.output[0], values))
            for part in ("BboxHead", "ClassHead", "LandmarkHead"):
                if node.op_type == "Conv" and node.input[1].startswith(part):
                    self.heads.append((part, node.input[0], node.output[0]))
        if len(self.heads) != 9:
            raise SystemExit(f"expected 9 heads in the teacher's file, got {len(self.heads)}")

    def run(self, x):
        made = {self.input: x}
        for op, names, output, values in self.nodes:
            y = made[names[0]]
            if op == "Conv":
                weight, bias = (self.weights[n] for n in names[1:3])
                y = F.conv2d(y, weight, bias, values["strides"], values["pads"][0], 1, values["group"])
            elif op == "LeakyRelu":
                y = F.leaky_relu(y, values["alpha"])
            elif op == "Relu":
                y = F.relu(y)
            elif op == "Add":
                y = y + made[names[1]]
            elif op == "Resize":
                y = F.interpolate(y, scale_factor=2, mode="nearest")
            else:
                y = torch.cat([made[n] for n in names], 1)
            made[output] = y
        return made

    @torch.no_grad()
    def __call__(self, pictures):
        """[N,H,W,3] u8 RGB, sides multiples of 32 -> Told."""
        x = torch.from_numpy(pictures[..., ::-1].astype("float32") - MEAN_BGR).permute(0, 3, 1, 2)
        with torch.autocast("cpu", torch.bfloat16):
            made = self.run(x.contiguous(memory_format=torch.channels_last))
        parts = {}
        for part, _, output in self.heads:
            parts.setdefault(part, []).append(made[output].float())
        levels = []
        for boxes, classes, points in zip(parts["BboxHead"], parts["ClassHead"], parts["LandmarkHead"]):
            levels.append(torch.cat([boxes, classes[:, 1::2] - classes[:, 0::2], points], 1))
        boxes, logits, points = flat(levels)
        features = [made[source] for part, source, _ in self.heads if part == "ClassHead"]
        return Told(logits, boxes, points, features)
