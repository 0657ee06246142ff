"""expected.py FOLDER - what onnxruntime makes of the networks of write-networks.mjs -> tests/onnx/expected/*.png.

Run it again when networks.js changes: node tests/onnx/write-networks.mjs FOLDER; python3 tests/onnx/expected.py FOLDER
A side that is no multiple of 8 is mirrored up to one, and the result is cut: as src/pipeline/scene.c does.
"""
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

SIZES = [(72, 56), (61, 45)]  # width, height; the second one is the first one's upper left part
MULTIPLE_OF = {"white-box": 2, "cartoongan": 4, "animegan2": 4, "animegan2-half-pixel": 4}


def photo():
    """Slopes, a disc, stripes and a grain, [56,72,3] u8."""
    y, x = np.mgrid[0:56, 0:72].astype(np.float64)
    disc = ((x - 40) ** 2 + (y - 25) ** 2 < 300) * 90
    grain = (x * 7919 + y * 104729) % 23
    planes = [3 * x + disc + grain, 2 * y + 40 + (x // 6 % 2) * 50, 200 - 2 * x + y + disc]
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def main():
    folder, expected = Path(sys.argv[1]), Path(__file__).parent / "expected"
    expected.mkdir(exist_ok=True)
    Image.fromarray(photo()).save(expected / "photo.png")
    for path in sorted(folder.glob("*.onnx")):
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0]
        planes_first = entry.shape[1] == 3
        multiple = MULTIPLE_OF.get(path.stem, 8)
        for width, height in SIZES:
            picture = photo()[:height, :width]
            padded = np.pad(picture, ((0, -height % multiple), (0, -width % multiple), (0, 0)), mode="reflect")
            x = (padded.astype(np.float32) / 127.5 - 1)[None]
            if entry.type == "tensor(float16)":
                x = x.astype(np.float16)
            if planes_first:
                x = x.transpose(0, 3, 1, 2)
            y = session.run(None, {entry.name: x})[0][0].astype(np.float32)
            y = y.transpose(1, 2, 0) if planes_first else y
            made = np.floor(np.clip((y + 1) * 127.5, 0, 255) + 0.5).astype(np.uint8)[:height, :width]
            Image.fromarray(made).save(expected / f"{path.stem}-{width}x{height}.png")
            print(f"{path.stem} {width}x{height}: mean {made.mean():.1f}, deviation {made.std():.1f}")
    print(f"onnxruntime {onnxruntime.__version__}")


main()
