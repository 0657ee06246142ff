"""parser_teacher.py - the published BiSeNetV2 (shared/data/teachers, 19 classes, 256x256) as a PyTorch network that can be trained
on, and what it says as chances of ten groups of classes: what train_parser.py learns from.

Published with 8-bit weights, trained on more portraits than there are here; it finds hair and hats that our network does not,
but eyes and brows badly: so it teaches where a face, its hair, neck and clothes, what is worn and the background are, and not the
features inside.
Nothing of the network enters the repository.
"""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import faces_data as data
from parser import CLASSES, INPUT_PX
from tflite_file import read_tflite

FILE = "bisenetv2_celebamaskhq_256x256_integer_quant.tflite"
ITS_CLASSES = ("background", "skin", "l_brow", "r_brow", "l_eye", "r_eye", "eye_g", "l_ear", "r_ear", "ear_r", "nose", "mouth",
               "u_lip", "l_lip", "neck", "neck_l", "cloth", "hair", "hat")     # checked against the training masks
STRIDE = 8
GROUPS = (("background",), ("hair",), ("hat",), ("cloth",), ("neck",), ("neck_l",), ("l_ear", "r_ear"), ("ear_r",), ("eye_g",),
          ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "mouth", "u_lip", "l_lip"))


def padding(n, kernel, stride):
    """TensorFlow's SAME: (before, after)."""
    total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
    return total // 2, total - total // 2


def sampling(inputs, places):
    """[outputs, inputs]: the matrix that samples a line of values linearly at places, clamped to its ends."""
    places = np.clip(places, 0, inputs - 1)
    low = np.floor(places).astype(int)
    rows, share = np.arange(len(places)), places - low
    matrix = np.zeros((len(places), inputs), np.float32)
    matrix[rows, low] += 1 - share
    matrix[rows, np.minimum(low + 1, inputs - 1)] += share
    return torch.from_numpy(matrix)


def sampled(x, places):
    """[N,C,S,S] at the same places of both sides."""
    matrix = sampling(x.shape[-1], places)
    return torch.einsum("oi,ncij,pj->ncop", matrix, x.float(), matrix)


def at_size(logits, size_px):
    """The network's logits in the middle of each of size_px x size_px cells. Its resizing has no half-pixel centres: value i lies at
    the input's pixel 8 i."""
    return sampled(logits, ((np.arange(size_px) + 0.5) * INPUT_PX / size_px - 0.5) / STRIDE)


def group_matrix():
    matrix = torch.zeros(len(CLASSES), len(GROUPS))
    for i, group in enumerate(GROUPS):
        matrix[[CLASSES.index(name) for name in group], i] = 1
    return matrix


def group_chances(logits):
    """[N,19,h,w] logits -> [N,10,h,w]."""
    return torch.einsum("nchw,cg->nghw", logits.float().softmax(1), group_matrix())


class ParserTeacher(nn.Module):
    """[N,3,256,256] in [-1,1] -> logits [N,19,32,32] in the order of CLASSES."""

    def __init__(self):
        super().__init__()
        self.tensors, self.nodes, self.input = read_tflite(data.SHARED / "teachers" / FILE)
        self.weights = nn.ParameterDict()
        for node in self.nodes:
            if node.operator in ("conv", "depthwise_conv"):
                order = (0, 3, 1, 2) if node.operator == "conv" else (3, 0, 1, 2)
                weight, bias = (self.tensors[i].values for i in node.inputs[1:3])
                self.weights[f"{node.output}_weight"] = nn.Parameter(torch.from_numpy(weight.transpose(order).copy()))
                self.weights[f"{node.output}_bias"] = nn.Parameter(torch.from_numpy(bias.astype(np.float32)))
        self.order = [ITS_CLASSES.index(name) for name in CLASSES]

    def constant(self, i):
        values = torch.from_numpy(self.tensors[i].values)
        return values.reshape(1, -1, 1, 1) if values.ndim == 1 else values.permute(0, 3, 1, 2)

    def conv(self, node, x):
        weight, bias = self.weights[f"{node.output}_weight"], self.weights[f"{node.output}_bias"]
        stride, pad = node.options["stride"], 0
        if node.options["pad"] == 0:
            before, after = padding(x.shape[2], weight.shape[2], stride)
            if before == after:
                pad = before
            else:
                x = F.pad(x, (before, after) * 2)
        groups = x.shape[1] if node.operator == "depthwise_conv" else 1
        return F.conv2d(x, weight, bias, stride, pad, 1, groups)

    def pool(self, node, x):
        kernel, stride = node.options["kernel"], node.options["stride"]
        before, after = padding(x.shape[2], kernel, stride) if node.options["pad"] == 0 else (0, 0)
        if node.operator == "max_pool":
            return F.max_pool2d(F.pad(x, (before, after) * 2, value=-1e9), kernel, stride)
        share = F.avg_pool2d(F.pad(torch.ones_like(x[:1, :1]), (before, after) * 2), kernel, stride)
        return F.avg_pool2d(F.pad(x, (before, after) * 2), kernel, stride) / share

    def resized(self, node, x):
        size = int(self.tensors[node.inputs[1]].values[0])
        return sampled(x, np.arange(size) * x.shape[-1] / size)

    def forward(self, x):
        made = {self.input: x}
        for node in self.nodes:
            several = node.operator in ("add", "mul", "concat")
            x, *more = [made[i] if i in made else self.constant(i) for i in (node.inputs if several else node.inputs[:1])]
            if node.operator == "resize_bilinear" and self.tensors[node.output].shape[1] == INPUT_PX:
                return x[:, self.order]
            if node.operator in ("conv", "depthwise_conv"):
                y = self.conv(node, x)
            elif node.operator in ("average_pool", "max_pool"):
                y = self.pool(node, x)
            elif node.operator == "resize_bilinear":
                y = self.resized(node, x)
            elif node.operator == "concat":
                y = torch.cat([x, *more], 1)
            elif node.operator == "mean":
                y = x.mean((2, 3), keepdim=True)
            elif node.operator in ("add", "mul"):
                y = x + more[0] if node.operator == "add" else x * more[0]
            else:
                y = torch.sigmoid(x) if node.operator == "sigmoid" else x
            if node.options.get("activation"):
                y = F.relu(y) if node.options["activation"] == 1 else y.clamp(0, 6)
            made[node.output] = y
        raise SystemExit(f"expected logits that are resized to {INPUT_PX}x{INPUT_PX} in {FILE}, got none")
