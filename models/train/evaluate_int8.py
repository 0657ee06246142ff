"""evaluate_int8.py - int8 generators -> PSNR to their own f32 output on held-out pictures -> models/cards/int8.json.

    python3 evaluate_int8.py miyazaki shinkai --sheet /tmp/sheet.png

Every tenth photo of each set is held out: no style and no step was made from it. Scenes and people are 640 px, faces
256 px on the long side, cropped to multiples of 16. Banding: how much of the picture, where the photo is a soft slope
(a sky), becomes a step: values that are flat in int8 where f32 still rises.
"""
import argparse
import json
import os

import cv2
import numpy as np
import torch

import measures
import prepare_data
from evaluate import write_sheet
from int8_network import ModelGraph
from quantise import MANIFEST, ROOT

# ---- settings -------------------------------------------------------------------------------------------------------
SETS = {"scenes": 640, "people": 640, "faces": 256}      # long sides in px
PICTURES = 12                                            # of each set, evenly over what is held out
SLOPE_LUMA = 0.5               # per pixel, over SLOPE_PX: softer slopes than this are skies and walls
SLOPE_PX = 16
CARD = os.path.join(ROOT, "cards", "int8.json")
# ---------------------------------------------------------------------------------------------------------------------


def paint(network, photo):
    """u8 [H,W,3] -> u8, as the core does: the nearest bytes in, clamped and rounded out."""
    low, high = network.value_range
    values = (low + (high - low) * torch.from_numpy(photo).double() / 255).float()
    made = network.run(values.permute(2, 0, 1)[None].contiguous())[0][0].permute(1, 2, 0).numpy()
    return np.rint((made.clip(low, high) - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)


def banding(photo, painted):
    """Mean local step (second difference of luma) in the photo's soft regions; None where there are none."""
    smooth = cv2.blur(measures.luma(photo), (SLOPE_PX, SLOPE_PX))
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)) / 8
    soft = cv2.erode((slope < SLOPE_LUMA).astype(np.uint8), np.ones((SLOPE_PX, SLOPE_PX), np.uint8)) > 0
    if soft.mean() < 0.02:
        return None
    y = measures.luma(painted)
    return float(np.abs(cv2.Laplacian(y, cv2.CV_32F))[soft].mean())


def heldout(name):
    paths = [p for i, p in enumerate(prepare_data.photos_of(name)) if prepare_data.is_heldout(i)]
    for path in paths[:: max(1, len(paths) // PICTURES)][:PICTURES]:
        photo = prepare_data.fit(prepare_data.read_photo(path), SETS[name])
        h, w = (side // 16 * 16 for side in photo.shape[:2])
        yield photo[:h, :w]


def figures(entry, rows):
    f32, int8 = (ModelGraph(os.path.join(ROOT, file)) for file in (entry["file"], entry["int8"]["file"]))
    report = {}
    for name in SETS:
        psnr, steps = [], []
        for photo in heldout(name):
            a, b = paint(f32, photo), paint(int8, photo)
            psnr.append(measures.psnr(a, b))
            step = banding(photo, a), banding(photo, b)
            if step[0] is not None:
                steps.append(step)
            rows.append((photo, a, b))
        report[name] = {"psnr": round(float(np.mean(psnr)), 2), "psnr_lowest": round(min(psnr), 2), "pictures": len(psnr)}
        if steps:
            report[name]["soft_steps_f32"], report[name]["soft_steps_int8"] = np.mean(steps, 0).round(3).tolist()
    return report


def main():
    entries = {entry["name"]: entry for entry in json.load(open(MANIFEST)) if "int8" in entry}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(entries) + "; all by default")
    parser.add_argument("--sheet", help="write photo | f32 | int8 as one PNG")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    card = json.load(open(CARD)) if os.path.exists(CARD) else {}
    rows = []
    for name in options.names or entries:
        if name not in entries:
            parser.error(f"expected one of {', '.join(entries)}, got {name}")
        card[name] = {"sha256": entries[name]["int8"]["sha256"], **figures(entries[name], rows)}
        print(name, json.dumps(card[name]))
        with open(CARD, "w") as file:
            json.dump({key: card[key] for key in sorted(card)}, file, indent=1)
            file.write("\n")
    if options.sheet:
        write_sheet(options.sheet, rows)


if __name__ == "__main__":
    main()
