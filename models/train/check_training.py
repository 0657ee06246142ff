"""check_training.py - is the training itself sound? Needs torch, no ../shared. Prints one line per check, exits 1 on a failure.

    OMP_NUM_THREADS=1 python3 check_training.py [--minutes 0.5]

Pairs are drawn here (coloured blobs; the painting is flatter, more colourful and outlined), so that a short run must learn.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import torch

import evaluate
import export
import generator
import losses
import measures
import model_file

FULL_MAC, LIVE_MAC = 27_000, 8_000         # upper limits per pixel (issue 3)
failures = []


def check(name, holds, seen):
    print(f"{'ok  ' if holds else 'FAIL'} {name}: {seen}")
    if not holds:
        failures.append(name)


def draw_pair(rng, side=160):
    photo = np.full((side, side, 3), rng.integers(40, 216, 3), np.uint8)
    shapes = np.zeros((side, side), np.uint8)
    for i in range(6):
        centre, axes = rng.integers(0, side, 2).tolist(), rng.integers(10, 50, 2).tolist()
        for target, colour in ((photo, rng.integers(0, 256, 3).tolist()), (shapes, i + 1)):
            cv2.ellipse(target, centre, axes, float(rng.uniform(0, 180)) if target is photo else 0.0, 0, 360, colour, -1)
    edge = cv2.morphologyEx(photo, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(2) > 30
    grey = photo.mean(2, keepdims=True)
    painting = np.clip(grey + (photo - grey) * 1.4, 0, 255)
    painting[edge] *= 0.3
    noisy = photo + rng.normal(0, 8, photo.shape)
    return np.stack([np.clip(noisy, 0, 255), painting]).astype(np.uint8)


def check_network():
    full, live = (generator.mac_per_pixel(*generator.TIERS[t]) for t in ("full", "live"))
    check("full tier within its budget", full <= FULL_MAC, f"{full:.0f} MAC per pixel")
    check("live tier within its budget", live <= LIVE_MAC, f"{live:.0f} MAC per pixel")
    photo = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8), (0, 0), 2)
    for tier in generator.TIERS:
        torch.manual_seed(1)
        seen = measures.psnr(evaluate.Painter(generator.make(tier))(photo), photo)
        check(f"{tier} starts near the identity", seen > 15, f"{seen:.1f} dB to the photo")


def check_model_file(folder):
    torch.manual_seed(2)
    network = generator.make("live")
    arrays = {name: value.numpy() for name, value in network.state_dict().items()}
    path = os.path.join(folder, "live.safetensors")
    metadata = dict.fromkeys(model_file.REQUIRED, "x") | {"kind": "generator"}
    model_file.write_model(path, export.two_path_graph(arrays), metadata, "F32")
    back = generator.load(path)
    same = all(torch.equal(v, back.state_dict()[k]) for k, v in network.state_dict().items())
    check("a model file loads as the network it was written from", same and back.k == network.k, str(back.k))


def check_measures():
    photo = np.full((64, 64, 3), 200, np.uint8)
    inked = photo.copy()
    inked[32] = 40
    as_tensor = lambda p: losses.luma(torch.from_numpy(p).float().permute(2, 0, 1)[None] / 127.5 - 1)
    ours, theirs = losses.line_response(as_tensor(inked))[0, 0].numpy() * 127.5, measures.lines(inked)
    worst = float(np.abs(ours - theirs)[8:-8, 8:-8].max())
    check("the line loss is the line measure", worst < 1.0 and theirs.max() > 20, f"largest difference {worst:.2f} of 255")
    # A pair of Sharma, Wu and Dalal's test data, table 1.
    seen = float(measures.ciede2000(np.array([50, 2.5, 0.0]), np.array([73, 25.0, -18.0])))
    check("CIEDE2000 agrees with its authors", abs(seen - 27.1492) < 1e-3, f"{seen:.4f}")


def check_run(folder, minutes):
    data = os.path.join(folder, "pairs")
    os.makedirs(data)
    rng = np.random.default_rng(3)
    for i in range(40):
        np.save(f"{data}/{i:02d}.npy", draw_pair(rng))
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "train_style.py")
    env = os.environ | {"P2A_TRAIN_CACHE": folder}

    def train(total):
        subprocess.run([sys.executable, script, "check", "--data", data, "--minutes", str(total), "--tier", "live",
                        "--crop", "96", "--batch", "4"], env=env, check=True, stdout=subprocess.DEVNULL)
        with open(folder + "/runs/check/run.json") as file:
            return json.load(file)["history"]

    first = train(minutes / 2)
    second = train(minutes)
    check("it resumes where it was", len(second) > len(first) and second[: len(first)] == first,
          f"step {first[-1]['step']} then {second[-1]['step']}")
    check("the run improves its loss", second[-1]["content"] < 0.8 * second[0]["content"],
          f"content {second[0]['content']:.4f} -> {second[-1]['content']:.4f}")
    paint = evaluate.Painter(generator.load(folder + "/runs/check/ema.safetensors"))
    pairs = [draw_pair(rng) for _ in range(4)]
    before, after = (float(np.mean([measures.psnr(f(a), b) for a, b in pairs])) for f in (lambda p: p, paint))
    check("new pictures are nearer to their paintings", after > before + 1, f"{before:.1f} -> {after:.1f} dB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=0.8)
    options = parser.parse_args()
    check_network()
    check_measures()
    with tempfile.TemporaryDirectory() as temporary:
        check_model_file(temporary)
        check_run(temporary, options.minutes)
    sys.exit(1 if failures else 0)
