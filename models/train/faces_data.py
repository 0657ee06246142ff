"""faces_data.py - shared/data/faces and shared/data/photos -> pictures and masks in memory, and the changes of light and
quality that both face networks train with. Every tenth face, sorted by name, is held out from all training."""
import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from parser import MIRRORED

SHARED = Path(os.environ.get("P2A_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data"
HOLD_OUT_EVERY = 10
SCENES_HOLD_OUT = 256    # of photos/scenes, evenly spread by name: 200 of them have no face for counting false ones
PEOPLE_HOLD_OUT = 100    # of photos/people, evenly spread by name: for recall and precision
MIRROR = np.arange(256, dtype=np.uint8)   # a class -> the class that it is in a flipped picture
for one, other in MIRRORED:
    MIRROR[one], MIRROR[other] = other, one


def source_commit():
    """The commit of this working tree, read without git (a training machine may not have it); "" if it is no clone."""
    root = Path(__file__).resolve().parents[2] / ".git"
    try:
        head = (root / "HEAD").read_text().strip()
        return (root / head[5:]).read_text().strip() if head.startswith("ref: ") else head
    except OSError:
        return ""


def face_names():
    """(training names, held-out names) of shared/data/faces, without their endings."""
    names = sorted(p.stem for p in (SHARED / "faces" / "images").glob("*.jpg"))
    if not names:
        raise SystemExit(f"expected faces in {SHARED / 'faces' / 'images'}, got none")
    held = names[::HOLD_OUT_EVERY]
    return [n for i, n in enumerate(names) if i % HOLD_OUT_EVERY], held


def spread(paths, count):
    """(the rest, count paths evenly spread over the sorted list)."""
    if len(paths) < count:
        raise SystemExit(f"expected at least {count} pictures in {SHARED}, got {len(paths)}: is ../shared there? (P2A_SHARED says where)")
    held = {paths[int(i * len(paths) / count)] for i in range(count)}
    return [p for p in paths if p not in held], [p for p in paths if p in held]


def scene_paths():
    return spread(sorted((SHARED / "photos" / "scenes").rglob("*.[jp][pn]g")), SCENES_HOLD_OUT)


def people_paths():
    return spread(sorted((SHARED / "photos" / "people").rglob("*.[jp][pn]g")), PEOPLE_HOLD_OUT)


def read_rgb(path):
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"expected a picture, got an unreadable file: {path}")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def read_face(name, size_px=512):
    picture = read_rgb(SHARED / "faces" / "images" / f"{name}.jpg")
    return picture if size_px == 512 else cv2.resize(picture, (size_px, size_px), interpolation=cv2.INTER_AREA)


def read_mask(name, as_published=False):
    """[512,512] classes. About one mask in 15 has the subject's left and right the wrong way round: put right here."""
    mask = np.array(Image.open(SHARED / "faces" / "masks" / f"{name}.png"), dtype=np.uint8)
    return mask if as_published or not sides_swapped(mask) else MIRROR[mask]


def sides_swapped(mask):
    """Whether eyes, or without them brows or ears, lie with the subject's left on the picture's left."""
    for left, right in MIRRORED:
        x_left, x_right = np.nonzero(mask == left)[1], np.nonzero(mask == right)[1]
        if len(x_left) and len(x_right):
            return x_left.mean() < x_right.mean()
    return False


def shrink_to(picture, long_side_px):
    scale = long_side_px / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def change_light(picture, rng, strength=1.0):
    """Gain, gamma, contrast, warm or cold light, saturation, sometimes grey: one table a channel."""
    v = np.arange(256, dtype=np.float32) / 255
    v = v ** np.exp(rng.normal(0, 0.25 * strength))
    v = (v - 0.5) * np.exp(rng.normal(0, 0.2 * strength)) + 0.5 + rng.normal(0, 0.06 * strength)
    warmth, tint = rng.normal(0, 0.08 * strength, 2)
    gains = np.array([1 + warmth, 1 + tint * 0.5, 1 - warmth], np.float32) * np.exp(rng.normal(0, 0.12 * strength))
    table = np.clip(v[:, None] * gains * 255, 0, 255).astype(np.uint8)      # [256,3]
    picture = cv2.LUT(picture, table[None])
    grey_share = 1.0 if rng.random() < 0.06 else np.clip(rng.normal(0, 0.25 * strength), -0.4, 0.8)
    if abs(grey_share) > 0.05:
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        picture = cv2.addWeighted(picture, 1 - grey_share, grey, grey_share, 0)
    return picture


def shade(picture, rng, subject=None):
    """Uneven light: a ramp across the picture, or (subject: [H,W] bool) a dark subject before a bright background."""
    h, w = picture.shape[:2]
    if subject is not None and rng.random() < 0.5:
        soft = cv2.GaussianBlur(subject.astype(np.float32), (0, 0), 0.012 * w + 0.5)
        dark, bright = rng.uniform(0.25, 0.8), rng.uniform(1.0, 1.7)
        gain = bright + (dark - bright) * soft
    else:
        angle, low, high = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 1.0), rng.uniform(1.0, 1.5)
        x = np.linspace(-1, 1, w, dtype=np.float32) * np.cos(angle)
        y = np.linspace(-1, 1, h, dtype=np.float32) * np.sin(angle)
        ramp = 1 / (1 + np.exp(-(x[None] + y[:, None] + rng.normal(0, 0.3)) * rng.uniform(1, 6)))
        gain = low + (high - low) * ramp
    return np.clip(picture * gain[..., None].astype(np.float32), 0, 255).astype(np.uint8)


def lose_quality(picture, rng, smallest_px=40):
    """Blur, a trip through a small size, noise and JPEG: each now and then."""
    h, w = picture.shape[:2]
    if rng.random() < 0.25:
        small = int(rng.uniform(smallest_px, w))
        way = (cv2.INTER_AREA, cv2.INTER_LINEAR)[rng.integers(2)]
        back = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(2)]
        shrunk = cv2.resize(picture, (small, max(1, small * h // w)), interpolation=way)
        picture = cv2.resize(shrunk, (w, h), interpolation=back)
    elif rng.random() < 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2.0))
    if rng.random() < 0.15:
        noise = np.empty(picture.shape, np.int16)
        cv2.randn(noise, 0, rng.uniform(2, 14))
        picture = np.clip(picture.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(15, 90))]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return np.ascontiguousarray(picture)


def to_input(pictures):
    """[N,H,W,3] u8 -> the networks' input values in [-1,1], still N,H,W,3."""
    return np.asarray(pictures, np.float32) / 127.5 - 1
