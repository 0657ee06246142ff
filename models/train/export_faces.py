"""export_faces.py - a checkpoint of train_parser.py or train_detector.py -> model file and manifest entry.

    export_faces.py parser CHECKPOINT --metrics TEXT --training-commit HASH
    export_faces.py detector CHECKPOINT --metrics TEXT --training-commit HASH

Batch norms are folded into the convolutions before them; heads for training only are left out. ExportedNetwork runs a
written file in PyTorch, node by node, so that figures come from the very weights that ship.
"""
import argparse
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from detector import MULTIPLE_OF, STRIDES, Detector
from export import update_manifest
from model_file import Graph, conv_weight, read_safetensors, write_model
from parser import Conv, Parser, fold

MODELS = Path(__file__).resolve().parents[1]
TERMS = {
    "parser": {
        "license": "non-commercial research and education only, as the CelebAMask-HQ data; the weights are this "
                   "project's own work",
        "commercial_use": "no",
        "teachers": "BiSeNetV2 of CelebAMask-HQ (code MIT; data non-commercial), fine-tuned to our masks; masks of a subset of "
                    "CelebAMask-HQ (non-commercial)"},
    "detector": {
        "license": "non-commercial research and education only, as the CelebAMask-HQ data; the weights are this "
                   "project's own work",
        "commercial_use": "no",
        "teachers": "RetinaFace MobileNet x0.25 (MIT); CelebAMask-HQ portraits (non-commercial), research photo sets"},
}
TITLES = {"parser": "Face parser", "detector": "Face detector"}


class Writer:
    """Folded modules of parser.py and detector.py -> nodes of a Graph; every method returns its output's name."""

    def __init__(self):
        self.graph = Graph()

    def conv(self, x, name, block):
        conv = block.conv
        return self.graph.conv2d(x, name, conv_weight(conv.weight.detach().numpy()), conv.bias.detach().numpy(),
                                 stride=conv.stride[0], pad=conv.padding[0], activation="relu" if block.relu else "none")

    def convs(self, x, name, blocks):
        for i, block in enumerate(blocks):
            x = self.conv(x, f"{name}.{i}", block)
        return x

    def residuals(self, x, name, blocks):
        for i, block in enumerate(blocks):
            y = self.conv(self.conv(x, f"{name}.{i}.a", block.a), f"{name}.{i}.b", block.b)
            x = self.graph.add("add", [x, y], f"{name}.{i}", activation="relu")
        return x

    def up(self, x, mode):
        return self.graph.add("resize", [x], f"{x}.up", mode=mode, scale=[2, 2])

    def added(self, a, b, name, activation="none"):
        extra = {} if activation == "none" else {"activation": activation}
        return self.graph.add("add", [a, b], name, **extra)

    def plain(self, x, name, layer, rows=slice(None)):
        """A 1x1 convolution with bias, or those of its output channels."""
        weight, bias = layer.weight[rows].detach().numpy(), layer.bias[rows].detach().numpy()
        return self.graph.conv2d(x, name, conv_weight(weight), bias)


def parser_graph(network):
    w = Writer()
    x2 = w.conv(w.graph.add("space_to_depth", ["image"], "blocks", block=2), "stem", network.stem)
    x4 = w.residuals(w.conv(x2, "down4", network.down4), "stage4", network.stage4)
    x8 = w.residuals(w.conv(x4, "down8", network.down8), "stage8", network.stage8)
    x16 = w.residuals(w.conv(x8, "down16", network.down16), "stage16", network.stage16)
    graph = w.graph
    graph.weights["gate.weight"] = network.gate.weight.detach().numpy()
    graph.weights["gate.bias"] = network.gate.bias.detach().numpy()
    mean = graph.add("mean", [x16], "mean")
    gate = graph.add("fully_connected", [mean], "gate", weight="gate.weight", bias="gate.bias")
    gate = graph.add("sigmoid", [gate], "gate.open")
    x16 = graph.add("mul", [x16, gate], "gated")
    y8 = w.added(w.conv(x8, "skip8", network.skip8), w.up(w.conv(x16, "up8", network.up8), "bilinear"), "sum8", "relu")
    y8 = w.conv(y8, "merge8", network.merge8)
    y4 = w.added(w.conv(x4, "skip4", network.skip4), w.up(w.conv(y8, "up4", network.up4), "bilinear"), "sum4", "relu")
    y4 = w.convs(y4, "merge4", network.merge4)
    y2 = w.added(w.conv(x2, "skip2", network.skip2), w.up(w.conv(y4, "up2", network.up2), "bilinear"), "sum2", "relu")
    y2 = w.conv(y2, "merge2", network.merge2)
    graph.outputs = [w.plain(y2, "logits", network.logits)]
    return graph


def detector_graph(network):
    """Outputs for each stride, in this order: scores_S (2 logits), boxes_S (2 x 4), landmarks_S (2 x 10)."""
    w = Writer()
    x = w.conv(w.graph.add("space_to_depth", ["image"], "blocks", block=2), "stem", network.stem)
    x4 = w.residuals(x, "stage4", network.stage4)
    x8 = w.residuals(w.conv(x4, "down8", network.down8), "stage8", network.stage8)
    x16 = w.residuals(w.conv(x8, "down16", network.down16), "stage16", network.stage16)
    x32 = w.residuals(w.conv(x16, "down32", network.down32), "stage32", network.stage32)
    y32 = w.conv(x32, "skip32", network.skip32)
    y16 = w.added(w.conv(x16, "skip16", network.skip16), w.up(y32, "nearest"), "sum16")
    y16 = w.conv(y16, "merge16", network.merge16)
    y8 = w.added(w.conv(x8, "skip8", network.skip8), w.up(y16, "nearest"), "sum8")
    y8 = w.conv(y8, "merge8", network.merge8)
    for stride, y in zip(STRIDES, (y8, y16, y32)):
        name, head = f"head{stride}", getattr(network, f"head{stride}")
        near = w.conv(y, name + ".near", head.near)
        mid = w.conv(y, name + ".mid", head.mid)
        mid_out = w.conv(mid, name + ".mid_out", head.mid_out)
        far = w.conv(w.conv(mid, name + ".far", head.far), name + ".far_out", head.far_out)
        joined = w.graph.add("relu", [w.graph.add("concat", [near, mid_out, far], name + ".joined")], name)
        w.graph.outputs += [w.plain(joined, f"scores_{stride}", head.answers, slice(8, 10)),
                            w.plain(joined, f"boxes_{stride}", head.answers, slice(0, 8)),
                            w.plain(joined, f"landmarks_{stride}", head.answers, slice(10, 30))]
    return w.graph


class ExportedNetwork:
    """A model file run by PyTorch in f32: called like the network that it was written from."""

    def __init__(self, path):
        metadata, arrays = read_safetensors(path)
        self.kind, self.graph = metadata["kind"], json.loads(metadata["graph"])
        self.weights = {k: torch.from_numpy(v.astype(np.float32)) for k, v in arrays.items()}

    def run(self, x):
        """[N,3,H,W] -> {output's name: [N,C,h,w]}."""
        made = {self.graph["input"]["name"]: x}
        for node in self.graph["nodes"]:
            made[node["output"]] = self.node(node, [made[name] for name in node["inputs"]])
        return {name: made[name] for name in self.graph["outputs"]}

    def node(self, node, inputs):
        op, x = node["op"], inputs[0]
        if op == "conv2d":
            weight = self.weights[node["weight"]].permute(0, 3, 1, 2)
            top, left, bottom, right = node.get("pads", [0] * 4)
            y = F.conv2d(F.pad(x, (left, right, top, bottom)), weight, self.weights[node["bias"]], node.get("stride", 1))
        elif op == "fully_connected":
            y = F.linear(x[:, :, 0, 0], self.weights[node["weight"]], self.weights[node["bias"]])[:, :, None, None]
        elif op == "space_to_depth":
            n, c, h, w, b = *x.shape, node["block"]
            y = x.view(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)
        elif op == "resize":
            corners = {"align_corners": False} if node["mode"] == "bilinear" else {}
            y = F.interpolate(x, scale_factor=tuple(float(s) for s in node["scale"]), mode=node["mode"], **corners)
        elif op in ("add", "mul"):
            y = x + inputs[1] if op == "add" else x * inputs[1]
        elif op == "concat":
            y = torch.cat(inputs, 1)
        elif op == "mean":
            y = x.mean((2, 3), keepdim=True)
        elif op in ("relu", "sigmoid"):
            y = getattr(torch, op)(x)
        else:
            raise ValueError(f"expected an operator of the face networks for op, got {op}")
        return F.relu(y) if node.get("activation") == "relu" else y

    def __call__(self, x):
        made = self.run(x)
        if self.kind == "parser":
            return made["logits"]
        return [torch.cat([made[f"{part}_{s}"] for part in ("boxes", "scores", "landmarks")], 1) for s in STRIDES]


def load_parser(path):
    """A checkpoint's averaged weights, or an exported file's (F16, without the heads for training), as a folded Parser."""
    if path.suffix != ".safetensors":
        network = Parser()
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=False)["average"])
        return fold(network).eval()
    network = fold(Parser())
    for name, values in read_safetensors(path)[1].items():
        module = network.get_submodule(name.rpartition(".")[0])
        target = getattr(module.conv if isinstance(module, Conv) else module, name.rpartition(".")[2])
        values = torch.from_numpy(values.astype(np.float32))
        target.data.copy_(values.permute(0, 3, 1, 2) if values.dim() == 4 else values)
    return network.eval()


@torch.no_grad()
def check(network, path):
    """The largest difference between the checkpoint and the file that was written from it, in f32 against F16 weights."""
    x = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(1)) * 2 - 1
    wanted, got = network(x), ExportedNetwork(path)(x)
    pairs = zip(wanted, got) if isinstance(wanted, tuple) else [(wanted, got)]
    return max(float((a - b).abs().max() / a.abs().max()) for a, b in pairs)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("kind", choices=("parser", "detector"))
    options.add_argument("checkpoint", type=Path)
    options.add_argument("--metrics", required=True)
    options.add_argument("--training-commit", required=True)
    arguments = options.parse_args()
    kind = arguments.kind
    if kind == "parser":
        network = load_parser(arguments.checkpoint)
    else:
        network = Detector()
        network.load_state_dict(torch.load(arguments.checkpoint, map_location="cpu", weights_only=False)["average"])
        fold(network).eval()
    graph = {"parser": parser_graph, "detector": detector_graph}[kind](network)
    path = MODELS / "weights" / f"{kind}.safetensors"
    write_model(path, graph, {
        "name": kind, "kind": kind, "range": "-1,1", "multiple_of": str(MULTIPLE_OF if kind == "detector" else 16),
        **TERMS[kind], "training_commit": arguments.training_commit, "metrics": arguments.metrics})
    content = path.read_bytes()
    update_manifest(MODELS / "manifest.json", {
        "name": kind, "title": TITLES[kind], "file": os.path.relpath(path, MODELS), "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(), "kind": kind, **TERMS[kind], "use": "faces"})
    print(f"{path}: {len(content)} bytes, {len(graph.nodes)} nodes, receptive field {graph.receptive_field_px()} px, "
          f"largest relative difference from the checkpoint {check(network, path):.5f}")


if __name__ == "__main__":
    main()
