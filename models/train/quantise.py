"""quantise.py - an f32 generator and photos -> the same network in int8, beside it: NAME-int8.safetensors and its manifest entry.

    python3 quantise.py miyazaki                       calibrates on photos of ../shared (or of --photos FOLDER)

Weights: a scale for each output channel, the largest magnitude is 127. Activations: a step and a zero for each tensor,
from the values that calibration photos give. Everything from the pixels to the painting is bytes; the input's and the
output's bytes are the pixels themselves, less 128. Biases take up what rounding the weights does to the mean of each
convolution's output, from the mean of its input over the photos (Nagel et al. 2019, section 4.2); the last one also
what is left between the two paintings.
"""
import argparse
import glob
import hashlib
import json
import os

import cv2
import numpy as np
import torch

from export import update_manifest
from int8_network import ModelGraph, f32
from model_file import Graph, write_model

# ---- settings -------------------------------------------------------------------------------------------------------
PHOTOS = 24                    # for calibration; none of them is held out
PHOTO_PX = 384                 # their long side
CROP_MULTIPLE = 32
TAIL = 1e-6                    # part of a tensor's values, at either end, that may be cut off
BINS = 4096
PIXEL_STEP = 2 / 255           # of a pixel, black -1 and white 1
PAIRED_CHANNELS = 48           # and more: the input of a 3x3 convolution gets 127 levels, see is_paired()
BYTES_MAX = 3_500_000
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
MANIFEST = os.path.join(ROOT, "manifest.json")
# ---------------------------------------------------------------------------------------------------------------------


class Range:
    """Where the values of a tensor lie, tails cut, and their means: two passes, first the ends and then a histogram."""

    def __init__(self):
        self.low, self.high, self.histogram, self.means = 0.0, 0.0, None, []

    def widen(self, tensor):
        self.low, self.high = min(self.low, float(tensor.min())), max(self.high, float(tensor.max()))
        self.means.append(tensor.mean((0, 2, 3)).numpy())

    def count(self, tensor):
        bins = torch.histc(tensor, BINS, self.low, max(self.high, self.low + 1e-6)).double()
        self.histogram = bins if self.histogram is None else self.histogram + bins

    def ends(self):
        below = torch.cumsum(self.histogram, 0) / self.histogram.sum()
        width = (self.high - self.low) / BINS
        first, last = int((below <= TAIL).sum()), int((below < 1 - TAIL).sum())
        return min(0.0, self.low + first * width), max(0.0, self.low + (last + 1) * width)

    def quantisation(self, levels=255):
        """(step, zero): zero is a byte of its own, so that padding and relu are exact. 127 levels: bytes below 0."""
        low, high = self.ends()
        step = float(f32(max(high - low, 1e-3) / levels))
        return step, int(np.clip(np.rint(-128 - low / step), -128, 127))


def calibration_photos(folder, count):
    """u8 RGB of one size class; every tenth of a set of ../shared is held out and never among them."""
    import prepare_data
    if folder:
        paths = sorted(p for p in glob.glob(os.path.join(folder, "*")) if p.lower().endswith((".jpg", ".jpeg", ".png")))
    else:
        sets = [[p for i, p in enumerate(prepare_data.photos_of(name)) if not prepare_data.is_heldout(i)]
                for name in ("scenes", "people", "faces", "cc0_scenes")]
        paths = [s[(2 * k + 1) * len(s) // (2 * (count // 4))] for k in range(count // 4) for s in sets]
    if not paths:
        raise SystemExit(f"expected photos in {folder}, found none")
    photos = []
    for path in paths[:count]:
        photo = prepare_data.fit(prepare_data.read_photo(path), PHOTO_PX)
        h, w = (side // CROP_MULTIPLE * CROP_MULTIPLE for side in photo.shape[:2])
        if min(h, w) > 0:
            photos.append(photo[:h, :w])
    return photos


def to_values(photo):
    return (torch.from_numpy(photo).float() / 127.5 - 1).permute(2, 0, 1)[None].contiguous()


def find_ranges(network, photos):
    ranges = {node["output"]: Range() for node in network.nodes}
    for photo in photos:
        network.run(to_values(photo), lambda name, tensor: ranges[name].widen(tensor))
    for photo in photos:
        network.run(to_values(photo), lambda name, tensor: ranges[name].count(tensor))
    halved = {node["inputs"][0] for node in network.nodes if is_paired(network, node)}
    return ({name: found.quantisation(127 if name in halved else 255) for name, found in ranges.items()},
            {name: np.mean(found.means, 0) for name, found in ranges.items()})


def is_paired(network, node):
    """A 3x3 convolution with enough channels for four products to make two outputs (src/nn/pairs.c)."""
    return node["op"] == "conv2d" and network.weights[node["weight"]].shape[1:3] == (3, 3) \
        and node.get("stride", [1, 1]) == [1, 1] and network.weights[node["weight"]].shape[3] >= PAIRED_CHANNELS


def paired_largest(weight):
    """The largest of the numbers that such a convolution multiplies by, for each output channel."""
    g0, g1, g2 = weight[:, :, 0], weight[:, :, 1], weight[:, :, 2]
    return np.max([np.abs(part).max((1, 2)) for part in (g0, g1, g2, g0 + g1 + g2, g0 - g1 + g2)], 0)


def quantise_paired(weight):
    """As quantise_weight(), with scales so large that all that is multiplied by is a byte; rounding may need a little more."""
    least = np.maximum(np.abs(weight).max((1, 2, 3)), paired_largest(weight))
    while True:
        rounded, scale = quantise_weight(weight, least)
        over = paired_largest(rounded.astype("i4")) > 127
        if not over.any():
            return rounded, scale
        least = np.where(over, least * 1.005, least)


def quantise_weight(weight, largest=None):
    """[O,KH,KW,I] f32 -> I8 and F32 scales [O]. Where the picture is flat all taps of an input channel see the same value:
    their sum is rounded once, so that skies keep their colour and the four pixels of a block stay alike."""
    largest = np.abs(weight).max((1, 2, 3)) if largest is None else largest
    scale = np.maximum(largest, 1e-6).astype("f4") / f32(127)
    exact = (weight / scale[:, None, None, None]).transpose(0, 3, 1, 2).reshape(len(weight) * weight.shape[3], -1)
    rounded = np.rint(exact)
    missing = (np.rint(exact.sum(1)) - rounded.sum(1)).astype(int)
    order = np.argsort(exact - rounded, 1)                     # the taps that were rounded up most come first
    for row, count in enumerate(missing):
        if count > 0:
            rounded[row, order[row, -count:]] += 1
        elif count < 0:
            rounded[row, order[row, :-count]] -= 1
    shape = (len(weight), weight.shape[3], *weight.shape[1:3])
    return rounded.clip(-127, 127).reshape(shape).transpose(0, 2, 3, 1).astype(np.int8), scale


def int8_graph(network, steps, means):
    """The f32 network's nodes with bytes between them. steps: {tensor: (step, zero)}, means: {tensor: [C]}."""
    graph = Graph(input=network.input["name"])
    graph.input_bytes = {"step": float(f32(PIXEL_STEP)), "zero": 0}
    graph.outputs = list(network.outputs)
    for node in network.nodes:
        node = dict(node)
        if node["op"] in ("conv2d", "add", "mul", "sigmoid"):
            step, zero = steps[node["output"]]
            if node["op"] == "sigmoid":
                step, zero = 1 / 256, -128
            if is_painting(network, node):
                step, zero = float(f32(PIXEL_STEP)), 0
                for key in ("activation", "min", "max"):       # a byte cannot leave the pixels' range
                    node.pop(key)
            node.update(step=step, zero=zero)
        if node["op"] == "conv2d":
            name = node["weight"]
            weight = network.weights[name].numpy()
            rounded, scale = (quantise_paired if is_paired(network, node) else quantise_weight)(weight)
            lost = (weight - rounded * scale[:, None, None, None]).sum((1, 2)) @ means[node["inputs"][0]]
            graph.weights[name], graph.weights[name + ".scale"] = rounded, scale
            graph.weights[node["bias"]] = (shifted_bias(network, node) + lost).astype("f4")
        graph.nodes.append(node)
    return graph


def is_painting(network, node):
    """The convolution whose blocks are the output's pixels."""
    return network.nodes[-1]["op"] == "depth_to_space" and network.nodes[-1]["inputs"][0] == node["output"]


def is_stem(network, node):
    first = network.nodes[0]
    return first["op"] == "space_to_depth" and first["inputs"] == [network.input["name"]] \
        and node["inputs"][0] == first["output"]


def shifted_bias(network, node):
    """A pixel's byte is the pixel less 128, but black and white lie at -127.5 and 127.5 steps: half a step more."""
    bias, weight = network.weights[node["bias"]].numpy().astype("f8"), network.weights[node["weight"]].numpy()
    if is_stem(network, node):
        bias = bias + weight.reshape(len(weight), -1).sum(1) * PIXEL_STEP / 2
    if is_painting(network, node):
        bias = bias - PIXEL_STEP / 2
    return bias


def metadata_of(network, sha256):
    kept = {key: value for key, value in network.metadata.items()
            if key not in ("graph", "format_version", "receptive_field_px", "range")}
    black, white = (float(f32(PIXEL_STEP)) * byte for byte in (-128, 127))
    return {**kept, "range": f"{black:.9g},{white:.9g}", "precision": "int8", "quantised_from": sha256}



def main():
    entries = {entry["name"]: entry for entry in json.load(open(MANIFEST)) if entry["kind"] == "generator"}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="NAME", help=", ".join(entries))
    parser.add_argument("--photos", help="a folder of JPEG or PNG photos instead of ../shared")
    parser.add_argument("--count", type=int, default=PHOTOS)
    options = parser.parse_args()
    for name in options.names:
        if name not in entries:
            parser.error(f"expected one of {', '.join(entries)}, got {name}")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    photos = calibration_photos(options.photos, options.count)
    for name in options.names:
        quantise(entries[name], photos)


def correct_painting(network, graph, path, photos):
    """The painting's 12 channels (4 pixels of a block, 3 colours) get the means that they have in f32."""
    made, node = ModelGraph(path), next(n for n in graph.nodes if is_painting(network, n))
    difference = []
    for photo in photos:
        seen = {}
        network.run(to_values(photo), lambda name, tensor: seen.update({name: tensor}) if name == node["output"] else None)
        low, high = made.value_range
        values = (low + (high - low) * torch.from_numpy(photo).double() / 255).float().permute(2, 0, 1)[None]
        made.run(values, lambda name, tensor: seen.update(bytes=tensor) if name == node["output"] else None)
        wanted = (seen[node["output"]].clamp(-1, 1) - PIXEL_STEP / 2).mean((0, 2, 3))
        difference.append((wanted - made.decode(node["output"], seen["bytes"]).mean((0, 2, 3))).numpy())
    graph.weights[node["bias"]] = (graph.weights[node["bias"]] + np.mean(difference, 0)).astype("f4")
    print(f"{node['output']}: means corrected by up to {np.abs(np.mean(difference, 0)).max() / PIXEL_STEP:.2f} of 255")


def quantise(entry, photos):
    source = os.path.join(ROOT, entry["file"])
    network = ModelGraph(source)
    steps, means = find_ranges(network, photos)
    graph = int8_graph(network, steps, means)
    path = source.replace(".safetensors", "-int8.safetensors")
    metadata = metadata_of(network, entry["sha256"])
    write_model(path, graph, metadata, "F32")
    correct_painting(network, graph, path, photos)
    write_model(path, graph, metadata, "F32")
    with open(path, "rb") as file:
        data = file.read()
    if len(data) > BYTES_MAX:
        raise SystemExit(f"expected at most {BYTES_MAX} bytes, got {len(data)}")
    update_manifest(MANIFEST, {"name": entry["name"], "int8": {
        "file": os.path.relpath(path, ROOT), "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}})
    print(f"{os.path.relpath(path, ROOT)}: {len(data)} bytes; now run parity.py {entry['name']} and evaluate_int8.py")


if __name__ == "__main__":
    main()
