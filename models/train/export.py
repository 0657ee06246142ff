"""export.py - a two-path generator's checkpoint (torch names and layouts) -> a model file and its manifest entry.

    python3 models/train/export.py CHECKPOINT.safetensors --name miyazaki --output models/weights/miyazaki.safetensors \\
        --license TEXT --commercial-use no --teachers TEXT --training-commit HASH --metrics TEXT \\
        --manifest models/manifest.json --title Miyazaki --use scenes
"""
import argparse
import hashlib
import json
import os
import sys

import numpy as np

from model_file import Graph, block_order, conv_weight, read_safetensors, write_model

BLOCK = 2            # space-to-depth before the style path, depth-to-space behind it
MULTIPLE_OF = 16     # 1/2 from the block, 1/8 from three strided convolutions
SCALES = 3           # of the content path: 1/4, 1/8, 1/16


def two_path_graph(arrays):
    """The network of generator.py, for any channel and block counts. arrays: {torch name: array}, all of them used."""
    graph, used = Graph(), set()
    rgb = block_order(3, BLOCK)

    def weights(name):
        used.update((name + ".weight", name + ".bias"))
        return (np.asarray(arrays[name + suffix], np.float32) for suffix in (".weight", ".bias"))

    def conv(x, name, stride=1, activation="none"):
        weight, bias = weights(name)
        return graph.conv2d(x, name, conv_weight(weight), bias, stride=stride, pad=weight.shape[2] // 2,
                            activation=activation)

    def residuals(x, name):
        count = 0
        while f"{name}.{count}.a.weight" in arrays:
            x = residual(x, f"{name}.{count}")
            count += 1
        return x

    def residual(x, name):
        y = conv(conv(x, name + ".a", activation="relu"), name + ".b")
        return graph.add("add", [x, y], name)

    x = graph.add("space_to_depth", [graph.input], "blocks", block=BLOCK)
    weight, bias = weights("stem")
    x = graph.conv2d(x, "stem", conv_weight(weight[:, rgb]), bias, pad=1, activation="relu")
    style = [residuals(x, "b0")]                                              # 1/2
    for i in range(SCALES):                                                   # 1/4, 1/8, 1/16
        style.append(residuals(conv(style[-1], f"d.{i}", stride=2, activation="relu"), f"m.{i}"))
    y = style[SCALES]
    for i in reversed(range(SCALES)):
        content = graph.add("resize", [conv(y, f"p.{i}")], f"up.{i}", mode="bilinear", scale=[2, 2])
        gate = graph.add("sigmoid", [conv(content, f"g.{i}")], f"gate.{i}")
        gated = graph.add("mul", [style[i], gate], f"gated.{i}")
        y = conv(graph.add("add", [gated, content], f"fused.{i}"), f"f.{i}", activation="relu")
    y = residual(y, "out.0")
    weight, bias = weights("out.1")
    y = graph.conv2d(y, "out.1", conv_weight(weight[rgb]), bias[rgb], pad=1, activation="clamp", min=-1, max=1)
    graph.outputs = [graph.add("depth_to_space", [y], "painting", block=BLOCK)]

    if used != set(arrays):
        raise ValueError(f"expected the names of generator.py, got {sorted(set(arrays) ^ used)} besides or missing")
    return graph


def tier_of(path):
    """The tier that a checkpoint's channels and blocks are, and its multiply-adds per pixel."""
    import generator
    network = generator.load(path)
    shape = (network.k, network.n)
    tiers = [name for name, (k, n) in generator.TIERS.items() if (tuple(k), list(n)) == (network.k, list(network.n))]
    if not tiers:
        raise ValueError(f"expected the channels and blocks of one of {', '.join(generator.TIERS)}, got {shape}")
    return tiers[0], round(generator.mac_per_pixel(*shape))


def read_checkpoint(path):
    """.safetensors, or torch's own .pt with a state_dict (alone, or under "model")."""
    if path.endswith(".safetensors"):
        return read_safetensors(path)[1]
    import torch
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: value.float().numpy() for name, value in state.get("model", state).items()}


def update_manifest(path, entry):
    """Put the entry in the place of the one with its name; that one's other fields (default) stay, but int8 of other weights."""
    entries = []
    if os.path.exists(path):
        with open(path) as file:
            entries = json.load(file)
    before = next((old for old in entries if old["name"] == entry["name"]), {})
    if entry.get("sha256", before.get("sha256")) != before.get("sha256") and "int8" in before:
        os.remove(os.path.join(os.path.dirname(os.path.abspath(path)), before.pop("int8")["file"]))
        print(f"its int8 file was of other weights and is gone: run quantise.py {entry['name']}")
    entries = [old for old in entries if old["name"] != entry["name"]] + [{**before, **entry}]
    entries.sort(key=lambda e: e["name"])
    with open(path, "w") as file:
        json.dump(entries, file, indent=2, ensure_ascii=False)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(description="Write a two-path generator's checkpoint as a model file.")
    parser.add_argument("checkpoint")
    parser.add_argument("--output", required=True, help="the model file")
    parser.add_argument("--dtype", choices=("F16", "F32"), default="F16")
    for key in ("name", "license", "teachers", "training-commit", "metrics"):
        parser.add_argument("--" + key, required=True)
    parser.add_argument("--commercial-use", choices=("yes", "no"), required=True)
    parser.add_argument("--manifest", help="add or replace this model's entry there; needs --title and --use")
    parser.add_argument("--title", help="what a person reads in a list of styles")
    parser.add_argument("--use", choices=("scenes", "faces", "live"))
    options = parser.parse_args()
    if options.manifest and not (options.title and options.use):
        parser.error("--manifest needs --title and --use")

    terms = {key: getattr(options, key) for key in ("license", "commercial_use", "teachers")}
    metadata = {"name": options.name, "kind": "generator", "range": "-1,1", "multiple_of": str(MULTIPLE_OF), **terms,
                "training_commit": options.training_commit, "metrics": options.metrics}
    graph = two_path_graph(read_checkpoint(options.checkpoint))
    write_model(options.output, graph, metadata, options.dtype)
    with open(options.output, "rb") as file:
        data = file.read()
    digest = hashlib.sha256(data).hexdigest()
    if options.manifest:
        tier, mac_per_pixel = tier_of(options.checkpoint)
        relative = os.path.relpath(options.output, os.path.dirname(os.path.abspath(options.manifest)))
        update_manifest(options.manifest, {
            "name": options.name, "title": options.title, "file": relative, "sha256": digest, "bytes": len(data),
            "kind": "generator", **terms, "use": options.use, "tier": tier, "mac_per_pixel": mac_per_pixel})
    print(f"{options.output}: {len(data)} bytes, sha256 {digest}, {len(graph.nodes)} nodes, "
          f"receptive field {graph.receptive_field_px()} px; now write models/cards/{options.name}.md and run parity.py")


if __name__ == "__main__":
    sys.exit(main())
