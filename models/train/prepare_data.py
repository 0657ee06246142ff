"""prepare_data.py - photos and a teacher -> cached pairs (photo, painting), so that a teacher runs once.

    python3 prepare_data.py STYLE heldout      every tenth photo of each set, as it is
    python3 prepare_data.py STYLE train        the others, with varied size, light and colour before the teacher
    python3 prepare_data.py STYLE correct      after a change of a correction below: new targets from the same paintings
    python3 prepare_data.py STYLE pack         train pairs as JPEG crops in one file of at most 60 MB, for a GPU elsewhere

A pair is CACHE/STYLE/{train,heldout}/NAME.npy: u8 [2,H,W,3], photo first. It can be interrupted and goes on where it was.
Where the target is corrected, the teacher's own painting is CACHE/STYLE/painted/{train,heldout}/NAME.npy: u8 [H,W,3].
Training may start beside it: train_style.py takes up new pairs as they come.
"""
import functools
import glob
import io
import os
import sys
import zlib

import cv2
import numpy as np

# ---- settings -------------------------------------------------------------------------------------------------------
SHARED = os.environ.get("P2A_SHARED", os.path.join(os.path.dirname(__file__), "../../../shared"))
CACHE = os.environ.get("P2A_TRAIN_CACHE", "/work/train-cache")
SEED = 3
HELDOUT_EVERY = 10
HELDOUT_SIDE_PX = 640          # long side of a held-out photo
TRAIN_SIDE_PX = (360, 600)     # long side after the random resize; sets what "one line wide" means to the teacher
CROP_PX = 512                  # a larger photo than this is cropped before its teacher runs
EDGE_PX = 16                   # mirrored margin given to the teacher and cut off again: its zero padding shows there
PACK_BYTES = 60_000_000
PACK_CROP_PX = 192
# style: teacher file, its class, photo sets with the number of variants of each photo, correction of the target
STYLES = {
    "anime": ("cartoongan_hosoda_fp16.safetensors", "CartoonGan", {"cc0_scenes": 20, "people": 1}, "light"),
    "miyazaki": ("AnimeGANv3_Hayao_36_fp16.onnx", "AnimeGan3", {"scenes": 2, "cc0_scenes": 4, "people": 0.3}, None),
    "portrait": ("AnimeGANv3_JP_face_v1.0_fp16.onnx", "AnimeGan3", {"faces": 1}, "skin"),
    "shinkai": ("AnimeGANv3_Shinkai_37_fp16.onnx", "AnimeGan3", {"scenes": 1, "cc0_scenes": 4, "people": 0.3}, None),
}
# CartoonGAN's instance norms tint whole regions (green shadows, yellow lights) and set the contrast by the whole picture,
# which no student without norms can learn: the statistics are those of these many training photos for all pictures.
STATISTICS_OF = {"anime": {"cc0_scenes": 14, "people": 16}}
STATISTICS_SIDE_PX = 448
# The target keeps its lines and flat areas and takes the slow part of the difference to the photo back:
CORRECT_LUMA = 0.7             # share of the photo's brightness that returns
CORRECT_RADIUS_PX = 20
CORRECT_EPS = 0.005            # guided filter: brightness steps above its root stay sharp
SATURATION = 1.2
PHOTO_CHROMA = 0.75            # share of the photo's own, flattened colours: the teacher draws rainbow fringes
CHROMA_RADIUS_PX, CHROMA_EPS = 4, 0.003
# The portrait teacher pales every skin and erases glasses. The target takes the skin's slow part and the frames back:
SKIN_CLASSES = (1, 2, 8, 9, 17)        # skin, nose, ears, neck
FACE_CLASSES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17)
GLASSES_CLASS = 3
SKIN_LUMA, SKIN_CHROMA = 0.85, 0.9     # shares of the photo's skin tone that return
SKIN_SOFT_PX, SKIN_SLOW_PX = 3, 24
SKIN_LIKE = 22                         # Lab distance at which a painted colour no longer counts as skin
# ... and it forgets nose, beard, mouth and folds. The target takes them from our own miyazaki style's painting of the face:
LIKENESS_WEIGHTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../weights/miyazaki.safetensors")
LIKENESS = 0.6                         # its share in the face, eyes left out: they stay the teacher's
EYE_CLASSES = (4, 5)
EYE_PX, EYE_SOFT_PX = (45, 37), 6      # around the photo's eyes
PATCH_LUMA, PATCH_SOFT_PX = (14, 30), 12    # Lab L by which a pale or dark patch of the teacher's differs until it is gone
# ---------------------------------------------------------------------------------------------------------------------


def read_photo(path):
    picture = cv2.imread(path, cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"expected a readable picture, got {path}")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def photos_of(name):
    """The photos of a set in the order that decides which are held out."""
    folder = os.path.join(SHARED, "data/faces/images" if name == "faces" else "data/photos/" + name)
    paths = sorted(glob.glob(folder + "/*.jpg"))
    if not paths:
        sys.exit(f"expected photos in {folder}, found none: is ../shared there? (P2A_SHARED says where)")
    return paths


def is_heldout(index):
    return index % HELDOUT_EVERY == 0


def fit(picture, side_px):
    scale = side_px / max(picture.shape[:2])
    if scale >= 1:
        return picture
    h, w = (max(16, round(s * scale)) for s in picture.shape[:2])
    return cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA)


def reframe(picture, rng):
    """The same photo at another size, cropped where it stays large."""
    native = max(picture.shape[:2])
    low, high = TRAIN_SIDE_PX
    if native > 1000:
        high = native                              # large photos also near their own scale
    side = int(np.exp(rng.uniform(np.log(low), np.log(high))))
    picture = fit(picture, side)
    h, w = (min(s, CROP_PX) for s in picture.shape[:2])
    y, x = (int(rng.integers(0, a - b + 1)) for a, b in zip(picture.shape[:2], (h, w)))
    return picture[y : y + h, x : x + w]


def relight(picture, rng):
    """Another light and colour of the same photo, as another camera could have taken it."""
    if rng.random() < 0.35:
        return np.ascontiguousarray(picture)
    v = picture.astype(np.float32) / 255
    v = v ** np.exp(rng.uniform(np.log(0.7), np.log(1.4)))              # light
    v = (v - 0.5) * rng.uniform(0.85, 1.15) + 0.5                       # contrast
    grey = v.mean(2, keepdims=True)
    v = grey + (v - grey) * rng.uniform(0.7, 1.3)                       # saturation
    v = v * rng.uniform(0.92, 1.08, 3)                                  # white balance
    return np.clip(v * 255, 0, 255).astype(np.uint8)


def guided_filter(guide, values, radius_px, eps):
    """He et al. 2010, section 3: smooth values except where the guide has an edge."""
    box = lambda v: cv2.blur(v, (2 * radius_px + 1,) * 2, borderType=cv2.BORDER_REFLECT)
    mean = box(guide)
    variance = box(guide * guide) - mean * mean
    out = np.empty_like(values)
    for c in range(values.shape[2]):
        mean_c = box(values[..., c])
        a = (box(guide * values[..., c]) - mean * mean_c) / (variance + eps)
        out[..., c] = box(a) * guide + box(mean_c - a * mean)
    return out


def correct_skin(photo, painted, mask):
    """The portrait teacher's face in the person's own skin tone, with the frames of the glasses as dark lines."""
    p, t = (cv2.cvtColor(v.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for v in (photo, painted))
    skin = np.isin(mask, SKIN_CLASSES).astype(np.float32)
    # The slow difference, taken inside the skin only (normalised, so that hair and background do not bleed in) ...
    soft = lambda v: cv2.GaussianBlur(v, (0, 0), SKIN_SLOW_PX)
    slow = soft((p - t) * skin[..., None]) / (soft(skin)[..., None] + 1e-3)
    # ... is added wherever the painted face shows skin: its eyes and mouth are smaller or larger than the photo's.
    tone = np.median(t[skin > 0], axis=0) if skin.any() else t.mean((0, 1))
    like_skin = np.exp(-np.square((t - tone) * np.float32([1, 2, 2]) / SKIN_LIKE).sum(2))
    face = cv2.GaussianBlur(np.isin(mask, FACE_CLASSES).astype(np.float32), (0, 0), SKIN_SOFT_PX)
    weight = (face * cv2.GaussianBlur(like_skin, (0, 0), 0.8))[..., None]
    t += slow * weight * np.float32([SKIN_LUMA, SKIN_CHROMA, SKIN_CHROMA])
    glasses = cv2.GaussianBlur((mask == GLASSES_CLASS).astype(np.float32), (0, 0), SKIN_SOFT_PX)
    luma = p[..., 0]
    frame = np.maximum(0, cv2.GaussianBlur(luma, (0, 0), 6) - cv2.GaussianBlur(luma, (0, 0), 1) - 2)
    t[..., 0] = np.clip(t[..., 0] - 1.5 * frame * np.minimum(1, 1.5 * glasses), 0, 100)
    return np.clip(np.rint(cv2.cvtColor(t, cv2.COLOR_LAB2RGB) * 255), 0, 255).astype(np.uint8)


def correct_likeness(target, own, mask):
    """The target with the person's features as our own scene style paints them, where the teacher has only blank skin."""
    face = cv2.GaussianBlur(np.isin(mask, FACE_CLASSES).astype(np.float32), (0, 0), 4)
    eyes = cv2.dilate(np.isin(mask, EYE_CLASSES).astype(np.uint8), np.ones(EYE_PX[::-1], np.uint8))
    eyes = cv2.GaussianBlur(eyes.astype(np.float32), (0, 0), EYE_SOFT_PX)
    slow = [cv2.GaussianBlur(cv2.cvtColor(v.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 0], (0, 0), PATCH_SOFT_PX)
            for v in (target, own)]
    low, high = PATCH_LUMA
    patch = np.clip((np.abs(slow[0] - slow[1]) - low) / (high - low), 0, 1)
    share = (face * np.maximum(LIKENESS * (1 - eyes), patch))[..., None]
    return np.clip(np.rint(target * (1 - share) + own * share), 0, 255).astype(np.uint8)


@functools.cache
def own_style():
    from evaluate import Painter
    import generator
    return Painter(generator.load(LIKENESS_WEIGHTS))


def face_mask(path):
    from PIL import Image
    stem = os.path.splitext(os.path.basename(path))[0]
    return np.asarray(Image.open(os.path.join(SHARED, "data/faces/masks", stem + ".png")))


def correct_light(photo, painted):
    """The teacher's lines and flat areas with the photo's own light and colours."""
    p, t = (cv2.cvtColor(v.astype(np.float32) / 255, cv2.COLOR_RGB2YCrCb) for v in (photo, painted))
    slow = guided_filter(p[..., 0], p - t, CORRECT_RADIUS_PX, CORRECT_EPS)
    t[..., 0] += CORRECT_LUMA * slow[..., 0]
    flat = guided_filter(p[..., 0], p[..., 1:], CHROMA_RADIUS_PX, CHROMA_EPS)
    chroma = PHOTO_CHROMA * flat + (1 - PHOTO_CHROMA) * (t[..., 1:] + slow[..., 1:])
    t[..., 1:] = 0.5 + (chroma - 0.5) * SATURATION
    return np.clip(np.rint(cv2.cvtColor(t, cv2.COLOR_YCrCb2RGB) * 255), 0, 255).astype(np.uint8)


def paint(teacher, photo):
    """The teacher's painting of a photo, with a mirrored margin that is cut off again."""
    e = EDGE_PX
    wide = np.pad(photo, ((e, e), (e, e), (0, 0)), mode="reflect")
    return teacher(wide)[e:-e, e:-e]


def correct(correction, photo, painted, mask=None):
    """The target that a student learns: the painting itself, or what the correction makes of it."""
    if correction == "skin":
        return correct_likeness(correct_skin(photo, painted, mask), own_style()(photo), mask)
    return correct_light(photo, painted) if correction == "light" else painted


def save(path, array):
    part = path + ".part.npy"
    np.save(part, array)
    os.replace(part, path)


def jobs_of(style, split):
    """[(set, photo path, variant)] in a fixed shuffled order, so that an unfinished cache is still varied."""
    jobs = []
    sets = STYLES[style][2]
    names = sets if split == "train" or "faces" in sets else ("scenes", "cc0_scenes", "people")
    for name in names:
        for index, path in enumerate(photos_of(name)):
            if is_heldout(index) != (split == "heldout"):
                continue
            if split == "heldout":
                jobs.append((name, path, 0))
                continue
            count = sets[name]
            lucky = (zlib.crc32(path.encode()) % 1000) / 1000 < count % 1
            jobs += [(name, path, v) for v in range(int(count) + lucky)]
    np.random.default_rng(SEED).shuffle(jobs)
    return [(n, p, int(v)) for n, p, v in jobs]


def input_of(name, path, variant, split):
    """The photo as its teacher sees it."""
    photo = read_photo(path)
    stem = os.path.splitext(os.path.basename(path))[0]
    rng = np.random.default_rng([SEED, variant, zlib.crc32(stem.encode())])
    if name != "faces":                            # aligned crops keep their frame
        photo = reframe(photo, rng) if split == "train" else fit(photo, HELDOUT_SIDE_PX)
    return relight(photo, rng) if split == "train" else photo


def statistics_photos(style):
    """Training photos whose mean statistics a teacher's norms take for all pictures."""
    rng = np.random.default_rng(SEED)
    for name, count in STATISTICS_OF[style].items():
        paths = [path for index, path in enumerate(photos_of(name)) if not is_heldout(index)]
        for index in rng.choice(len(paths), count, replace=False):
            yield fit(read_photo(paths[index]), STATISTICS_SIDE_PX)


def load_teacher(style):
    import teachers
    file, kind, _, _ = STYLES[style]
    teacher = getattr(teachers, kind)(os.path.join(SHARED, "data/teachers", file))
    if style in STATISTICS_OF:
        teacher.fix_statistics(statistics_photos(style))
    return teacher


def main(style, split):
    import torch
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    correction = STYLES[style][3]
    folder, paintings = (os.path.join(CACHE, style, *inner, split) for inner in ((), ("painted",)))
    os.makedirs(folder, exist_ok=True)
    if correction:
        os.makedirs(paintings, exist_ok=True)
    teacher = load_teacher(style)
    jobs = jobs_of(style, split)
    for done, (name, path, variant) in enumerate(jobs):
        file = f"{name}-{os.path.splitext(os.path.basename(path))[0]}-{variant}.npy"
        if os.path.exists(os.path.join(folder, file)):
            continue
        photo = input_of(name, path, variant, split)
        painted = paint(teacher, photo)
        mask = face_mask(path) if correction == "skin" else None
        if correction:
            save(os.path.join(paintings, file), painted)
        save(os.path.join(folder, file), np.stack([photo, correct(correction, photo, painted, mask)]))
        if done % 50 == 0:
            print(f"{style} {split}: {done} of {len(jobs)}", flush=True)


def correct_again(style):
    """New targets for all cached pairs of a style whose paintings were kept."""
    import torch
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    correction = STYLES[style][3]
    for split in ("heldout", "train"):
        count = 0
        for name, path, variant in jobs_of(style, split):
            file = f"{name}-{os.path.splitext(os.path.basename(path))[0]}-{variant}.npy"
            pair, painting = (os.path.join(CACHE, style, *inner, split, file) for inner in ((), ("painted",)))
            if os.path.exists(pair) and os.path.exists(painting):
                photo, mask = np.load(pair)[0], face_mask(path) if correction == "skin" else None
                save(pair, np.stack([photo, correct(correction, photo, np.load(painting), mask)]))
                count += 1
        print(f"{style} {split}: {count} targets corrected")


def pack(style):
    """One .npz of JPEG crops (photo and painting side by side), filled in turn from all pairs."""
    rng = np.random.default_rng(SEED)
    paths = sorted(glob.glob(os.path.join(CACHE, style, "train", "*.npy")))
    if not paths:
        sys.exit(f"expected pairs in {CACHE}/{style}/train, found none: run `prepare_data.py {style} train` first")
    crops, size = [], 0
    while size < PACK_BYTES:
        for path in paths:
            pair = np.load(path, mmap_mode="r")
            c = min(PACK_CROP_PX, *pair.shape[1:3])
            y, x = (int(rng.integers(0, s - c + 1)) for s in pair.shape[1:3])
            both = np.concatenate(pair[:, y : y + c, x : x + c], axis=1)
            ok, jpeg = cv2.imencode(".jpg", both[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
            if not ok:
                raise RuntimeError(f"could not encode a crop of {path}")
            size += jpeg.size + 200                # with the archive's own entry
            if size >= PACK_BYTES:
                break
            crops.append(jpeg)
    out = os.path.join(CACHE, f"{style}.npz")
    buffer = io.BytesIO()
    np.savez(buffer, **{f"c{i:05d}": c for i, c in enumerate(crops)})
    with open(out + ".part", "wb") as file:
        file.write(buffer.getvalue())
    os.replace(out + ".part", out)
    print(f"{out}: {len(crops)} crops, {len(buffer.getvalue())} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in STYLES or sys.argv[2] not in ("train", "heldout", "correct", "pack"):
        sys.exit(__doc__)
    if sys.argv[2] == "pack":
        pack(sys.argv[1])
    elif sys.argv[2] == "correct":
        correct_again(sys.argv[1])
    else:
        main(sys.argv[1], sys.argv[2])
