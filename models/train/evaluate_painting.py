"""evaluate_painting.py - the native build on pictures with known faces -> how well face2paint keeps the person, and its seams.

    evaluate_painting.py identity [--faces 90] [--styles anime,miyazaki,shinkai] [--sizes 48,64,128,256] [--character 0]
    evaluate_painting.py adjust      (edge_preserve and color_shift, eleven steps each)
    evaluate_painting.py skin        (colour of the face's skin against the neck's, faces on and off)
    evaluate_painting.py seams       (gradients in the mask's soft border against those inside of it)
    any with --output FILE for the figures as JSON, --sheet PICTURE to look at

Held-out faces (every tenth of shared/data/faces) are set into a larger picture, held-out scenes, several to a picture, and
painted with faces on and off by tests/native/p2a-convert. Identity is mobilefacenet's cosine between the 512 px photo of the
face and its place in the result; a face that the detector misses counts with what the scene made of it.
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np

import faces_data as data
import measures
from evaluate import Identity

# ---- settings -------------------------------------------------------------------------------------------------------
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "native-release" / "tests" / "native" / "p2a-convert"
WEIGHTS = ROOT / "models" / "weights"
STYLES = ("anime", "miyazaki", "shinkai")
SIZES_PX = (48, 64, 128, 256)
COLUMNS, ROWS = 3, 2             # faces in a picture
CELL = 1.75                      # of the crop's side, for each of them
GAIN_WANTED = 1.27
STEPS = 11
SKIN, NECK = (1, 2), (17,)       # classes of the masks
# ---------------------------------------------------------------------------------------------------------------------


def paint(arguments, picture, style, faces=True, **options):
    """u8 RGB -> (painted u8 RGB, [[left, top, right, bottom, score, used]])."""
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder) / "in.png", Path(folder) / "out.raw"
        cv2.imwrite(str(source), picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        command = [arguments.program, "--raw", "--model", WEIGHTS / f"{style}.safetensors"]
        if faces:
            command += ["--detector", WEIGHTS / "detector.safetensors", "--parser", WEIGHTS / "parser.safetensors",
                        "--portrait", WEIGHTS / "portrait.safetensors"]
        for name, value in options.items():
            command += ["--set", f"{name}={value}"]
        told = subprocess.run([*command, source, result], check=True, capture_output=True, text=True).stdout
        raw = np.fromfile(result, np.uint8)
    width, height, channels = raw[:12].view("<u4")
    found = [[float(v) for v in line.split()[1:]] for line in told.splitlines() if line.startswith("face ")]
    return raw[12:].reshape(height, width, channels)[..., :3], np.array(found).reshape(-1, 6)


def pictures_with_faces(names, size_px):
    """[(picture, [(index of the face, x, y)])]: COLUMNS x ROWS crops of size_px to a picture."""
    cell = int(CELL * size_px)
    scenes, made = data.scene_paths()[1], []
    for start in range(0, len(names), COLUMNS * ROWS):
        some = names[start : start + COLUMNS * ROWS]
        scene = data.read_rgb(scenes[(start * 7) % len(scenes)])
        picture = cv2.resize(scene, (COLUMNS * cell, ROWS * cell), interpolation=cv2.INTER_AREA)
        places = []
        for i, name in enumerate(some):
            x, y = i % COLUMNS * cell + (cell - size_px) // 2, i // COLUMNS * cell + (cell - size_px) // 2
            picture[y : y + size_px, x : x + size_px] = data.read_face(name, size_px)
            places.append((start + i, x, y))
        made.append((picture, places))
    return made


def was_used(found, x, y, size_px):
    """Whether a painted face has its middle in the middle of the crop."""
    used = found[found[:, 5] > 0]
    middle = (used[:, :2] + used[:, 2:4]) / 2 - (x + size_px / 2, y + size_px / 2)
    return bool((np.abs(middle) < size_px / 4).all(1).any())


def identity_figures(arguments, names, style, size_px, identity, photos, tiles):
    e = {"photo": np.zeros_like(photos), "off": np.zeros_like(photos), "on": np.zeros_like(photos)}
    used = np.zeros(len(names), bool)
    for picture, places in pictures_with_faces(names, size_px):
        off, _ = paint(arguments, picture, style, False)
        on, found = paint(arguments, picture, style, True, character=arguments.character)
        for i, x, y in places:
            cut = [p[y : y + size_px, x : x + size_px] for p in (picture, off, on)]
            for key, face in zip(e, cut):
                e[key][i] = identity(np.ascontiguousarray(face))
            used[i] = was_used(found, x, y, size_px)
            if i < 6:
                tiles.append(np.concatenate([cv2.resize(c, (256, 256), interpolation=cv2.INTER_CUBIC) for c in cut], 1))
    cosine = {key: (v * photos).sum(1) for key, v in e.items()}
    rank1 = {key: float(((v @ photos.T).argmax(1) == np.arange(len(names))).mean()) for key, v in e.items()}
    means = {key: float(v.mean()) for key, v in cosine.items()}
    return {"style": style, "size_px": size_px, "character": arguments.character, "faces": len(names), "used": int(used.sum()),
            "cosine": means, "gain": means["on"] / max(means["off"], 1e-6),
            "gain_of_used": float(cosine["on"][used].mean() / max(cosine["off"][used].mean(), 1e-6)) if used.any() else None,
            "rank1": rank1}


def identity(arguments):
    names, network, tiles, figures = data.face_names()[1][: arguments.faces], Identity(), [], []
    photos = np.stack([network(data.read_face(n)) for n in names])
    for style in arguments.styles.split(","):
        for size_px in map(int, arguments.sizes.split(",")):
            f = identity_figures(arguments, names, style, size_px, network, photos, tiles)
            figures.append(f)
            c, r = f["cosine"], f["rank1"]
            print(f"{style:9s} {size_px:4d} px  character {arguments.character}  used {f['used']}/{f['faces']}  "
                  f"photo {c['photo']:.3f} off {c['off']:.3f} on {c['on']:.3f}  gain {100 * f['gain'] - 100:+.0f} % "
                  f"(of used {100 * (f['gain_of_used'] or 0) - 100:+.0f} %)  rank-1 off {r['off']:.3f} on {r['on']:.3f}", flush=True)
    return figures, tiles


def adjust(arguments):
    """Gradient energy over edge_preserve 0.5..1.5, distance to the photo's palette over color_shift 0..1."""
    names = data.face_names()[1][:6]
    picture, _ = pictures_with_faces(names, 256)[0]
    figures = []
    for style in arguments.styles.split(","):
        energy = [measures.gradient_energy(paint(arguments, picture, style, edge_preserve=v)[0]) for v in np.linspace(0.5, 1.5, STEPS)]
        palette = lambda p: cv2.GaussianBlur(measures.lab(p), (0, 0), 8)
        away = [float(np.linalg.norm(palette(paint(arguments, picture, style, color_shift=v)[0]) - palette(picture), axis=2).mean())
                for v in np.linspace(0, 1, STEPS)]
        figures.append({"style": style, "gradient_energy": energy, "palette_distance": away,
                        "monotone": bool((np.diff(energy) > 0).all() and (np.diff(away) > 0).all())})
        print(f"{style}: monotone {figures[-1]['monotone']}, energy {[round(v) for v in energy]}, palette {[round(v, 2) for v in away]}", flush=True)
    return figures, [picture]


def skin(arguments):
    """Mean Lab of the face's skin and of the neck beside it: photo, faces off, faces on."""
    names, figures, tiles = data.face_names()[1][: arguments.faces], [], []
    size_px = int(arguments.sizes.split(",")[-1])
    for style in arguments.styles.split(","):
        rows = {key: [] for key in ("photo", "off", "on")}
        for picture, places in pictures_with_faces(names, size_px):
            off, _ = paint(arguments, picture, style, False)
            on, found = paint(arguments, picture, style, True, character=arguments.character)
            for i, x, y in places:
                mask = cv2.resize(data.read_mask(names[i]), (size_px, size_px), interpolation=cv2.INTER_NEAREST)
                face, neck = np.isin(mask, SKIN), np.isin(mask, NECK)
                if neck.sum() < 0.01 * mask.size or not was_used(found, x, y, size_px):
                    continue
                cut = [p[y : y + size_px, x : x + size_px] for p in (picture, off, on)]
                for key, part in zip(rows, cut):
                    lab = measures.lab(np.ascontiguousarray(part))
                    rows[key].append(np.concatenate([lab[face].mean(0), lab[neck].mean(0)]))
                if len(tiles) < 6:
                    tiles.append(np.concatenate([cv2.resize(c, (256, 256)) for c in cut], 1))
        chroma = lambda v: np.hypot(v[:, 1], v[:, 2]).mean()
        figures.append({"style": style, "faces": len(rows["on"]), **{
            key: {"face_L": float(np.array(v)[:, 0].mean()), "face_chroma": float(chroma(np.array(v)[:, :3])),
                  "neck_L": float(np.array(v)[:, 3].mean()), "neck_chroma": float(chroma(np.array(v)[:, 3:]))} for key, v in rows.items()}})
        print(json.dumps(figures[-1], default=float), flush=True)
    return figures, tiles


def seams(arguments):
    """Mean gradient where the face is mixed with the scene, over that inside of the mask, over the photo's own ratio of these
    (outlines lie at the border of every face), and over the scene's gradient at the same place."""
    names, figures, tiles = data.face_names()[1][: arguments.faces], [], []
    size_px = int(arguments.sizes.split(",")[-1])
    disc = lambda part: cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(part * size_px)) + 1,) * 2)
    for style in arguments.styles.split(","):
        sums = {"border": [], "inside": [], "scene_at_border": [], "photo_at_border": [], "photo_inside": []}
        for picture, places in pictures_with_faces(names, size_px):
            off, _ = paint(arguments, picture, style, False)
            on, found = paint(arguments, picture, style)
            changed = (np.abs(on.astype(int) - off).max(2) > 0).astype(np.uint8)
            changed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, disc(0.04))
            inside = cv2.erode(changed, disc(0.06))
            g_on, g_off, g_photo = measures.edges(on), measures.edges(off), measures.edges(picture)
            for i, x, y in places:
                cut = np.s_[y : y + size_px, x : x + size_px]
                core, border = inside[cut] > 0, (changed[cut] > 0) & (inside[cut] == 0)
                if not was_used(found, x, y, size_px) or not core.any():
                    continue
                parts = ((g_on, border), (g_on, core), (g_off, border), (g_photo, border), (g_photo, core))
                for key, (gradient, where) in zip(sums, parts):
                    sums[key].append(gradient[cut][where].mean())
            tiles.append(np.concatenate([off, on], 1)) if len(tiles) < 2 else None
        mean = {key: float(np.mean(v)) for key, v in sums.items()}
        figures.append({"style": style, "faces": len(sums["border"]), **mean, "border_to_inside": mean["border"] / mean["inside"],
                        "photos_border_to_inside": mean["photo_at_border"] / mean["photo_inside"],
                        "border_to_scene": mean["border"] / mean["scene_at_border"]})
        print(json.dumps(figures[-1]), flush=True)
    return figures, tiles


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("identity", "adjust", "skin", "seams"))
    p.add_argument("--faces", type=int, default=90)
    p.add_argument("--styles", default=",".join(STYLES))
    p.add_argument("--sizes", default=",".join(map(str, SIZES_PX)))
    p.add_argument("--character", type=float, default=0)
    p.add_argument("--program", type=Path, default=PROGRAM)
    p.add_argument("--sheet")
    p.add_argument("--output")
    arguments = p.parse_args()
    figures, tiles = {"identity": identity, "adjust": adjust, "skin": skin, "seams": seams}[arguments.what](arguments)
    if arguments.sheet:
        cv2.imwrite(arguments.sheet, np.concatenate(tiles)[..., ::-1])
    if arguments.output:
        Path(arguments.output).write_text(json.dumps(figures, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
