"""evaluate.py - weights of a style -> figures against its teacher on held-out pictures, as JSON beside the weights.

    python3 evaluate.py anime ../weights/anime.safetensors --output ../cards/anime.json
    python3 evaluate.py anime RUN/ema.safetensors --pictures 12 --faces 0 --sheet /tmp/sheet.png
    python3 evaluate.py miyazaki ../weights/miyazaki.safetensors --blend ../weights/shinkai.safetensors
    python3 evaluate.py portrait ../weights/portrait.safetensors --output ../cards/portrait.json

Held out: every tenth photo of each set (prepare_data.py STYLE heldout writes the pairs) and every tenth face. Also
printed: the same figures of the teacher and of the photo, to compare with.
"""
import argparse
import glob
import json
import os

import cv2
import numpy as np
import torch

import generator
import measures
import prepare_data

# ---- settings -------------------------------------------------------------------------------------------------------
FACE_PX = 256                      # scenes' styles paint faces at this crop size
IDENTITY_PX = 112
# The five points in the 512 px face crops (shared/data/SOURCES.md) and in mobilefacenet's 112 px input.
CROP_POINTS = np.float32([[202, 245], [310, 245], [255, 296]])
IDENTITY_POINTS = np.float32([[38.3, 51.7], [73.5, 51.5], [56.0, 71.7]])
SKIN_CLASSES = (1, 2)              # skin, nose
BLEND_STEPS = 11
CORRECTED = 0.01                   # softened mask above which a portrait's target is no longer the teacher's alone
# ---------------------------------------------------------------------------------------------------------------------


class Painter:
    """Weights -> a function from u8 RGB to u8 RGB of any size (padded by replication, cropped after)."""

    def __init__(self, network):
        self.network = network.eval().to(memory_format=torch.channels_last)

    @torch.no_grad()
    def __call__(self, picture):
        h, w = picture.shape[:2]
        m = generator.MULTIPLE_OF
        x = np.pad(picture, ((0, -h % m), (0, -w % m), (0, 0)), mode="edge")
        x = (torch.from_numpy(x).float() / 127.5 - 1).permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)
        y = self.network(x)[0].clamp(-1, 1).permute(1, 2, 0).numpy()
        return np.rint((y + 1) * 127.5).astype(np.uint8)[:h, :w]


class Identity:
    def __init__(self):
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        path = os.path.join(prepare_data.SHARED, "data/teachers/mobilefacenet.onnx")
        self.session = ort.InferenceSession(path, options, ["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name

    def __call__(self, face):
        """An aligned face crop of any size -> unit vector [128]."""
        scale = 512 / face.shape[0]
        identity_from_crop = cv2.estimateAffinePartial2D(CROP_POINTS / scale, IDENTITY_POINTS)[0]
        if scale < 2:                              # area filter first, warpAffine alone would alias
            face = cv2.GaussianBlur(face, (0, 0), 1.0 / scale)
        x = cv2.warpAffine(face, identity_from_crop, (IDENTITY_PX, IDENTITY_PX), flags=cv2.INTER_LINEAR)
        x = ((x.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]
        e = self.session.run(None, {self.name: x})[0][0]
        return e / np.linalg.norm(e)


def load_pairs(style, name, count):
    paths = sorted(glob.glob(os.path.join(prepare_data.CACHE, style, "heldout", name + "-*.npy")))
    if not paths:
        raise SystemExit(f"expected held-out pairs of {name} for {style}, found none: "
                         f"run `prepare_data.py {style} heldout` first")
    step = max(1, len(paths) // count) if count else 1
    return [(os.path.basename(p)[:-4], *np.load(p)) for p in paths[::step]]


def heldout_faces(count):
    folder = os.path.join(prepare_data.SHARED, "data/faces")
    paths = sorted(glob.glob(folder + "/images/*.jpg"))[:: prepare_data.HELDOUT_EVERY][:count]
    masks = [glob.glob(f"{folder}/masks/{os.path.splitext(os.path.basename(p))[0]}.*")[0] for p in paths]
    from PIL import Image
    return [prepare_data.read_photo(p) for p in paths], [np.asarray(Image.open(m)) for m in masks]


def scene_figures(triples):
    """[(photo, student, target)] -> means."""
    rows = []
    for photo, student, target in triples:
        lp, ls, lt = map(measures.lines, (photo, student, target))
        ep, es, et = map(measures.edges, (photo, student, target))
        rows.append({
            "psnr": measures.psnr(student, target), "psnr_photo": measures.psnr(photo, target),
            "line_correlation": measures.correlation(ls, lt), "line_correlation_photo": measures.correlation(lp, lt),
            "line_energy": float(ls.mean() / max(lt.mean(), 1e-6)),
            "edge_agreement": measures.correlation(es, ep), "edge_agreement_teacher": measures.correlation(et, ep),
            "sharpness": float((es**2).mean() / max((et**2).mean(), 1e-6)),
        })
    means = {key: round(float(np.mean([r[key] for r in rows])), 4) for key in rows[0]}
    means["line_miss_ratio"] = round((1 - means["line_correlation"]) / (1 - means["line_correlation_photo"]), 4)
    means["pictures"] = len(rows)
    return means


def face_figures(faces, masks, paintings):
    identity = Identity()
    photos = np.stack([identity(f) for f in faces])
    painted = np.stack([identity(p) for p in paintings])
    likeness = painted @ photos.T
    difference, lightness = [], []
    for face, mask, painting in zip(faces, masks, paintings):
        side = painting.shape[0]
        photo = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA) if side != face.shape[0] else face
        skin = np.isin(cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST), SKIN_CLASSES)
        a, b = measures.lab(photo)[skin], measures.lab(painting)[skin]
        difference.append(measures.ciede2000(a, b).mean())
        lightness.append(a[:, 0].mean())
    order, quarter = np.argsort(lightness), max(1, len(faces) // 4)
    difference = np.array(difference)
    return {"faces": len(faces), "cosine": round(float(np.diag(likeness).mean()), 4),
            "rank1": int((likeness.argmax(1) == np.arange(len(faces))).sum()),
            "skin_ciede2000": round(float(difference.mean()), 2),
            "skin_ciede2000_darkest_quarter": round(float(difference[order[:quarter]].mean()), 2),
            "skin_ciede2000_lightest_quarter": round(float(difference[order[-quarter:]].mean()), 2)}


def portrait_figures(paint, count):
    """Aligned faces at their full 512 px: likeness and skin of all held-out ones, and against the teacher those whose
    pairs are there. Outside the face the target is the teacher's painting; inside it is corrected."""
    faces, masks = heldout_faces(count)
    report = {"faces": face_figures(faces, masks, [paint(f) for f in faces])}
    rows, pairs = [], load_pairs("portrait", "faces", count)
    for name, photo, target in pairs:
        mask = prepare_data.face_mask(name[len("faces-"):-len("-0")] + ".jpg")
        painted = np.load(os.path.join(prepare_data.CACHE, "portrait/painted/heldout", name + ".npy"))
        corrected = cv2.GaussianBlur(np.isin(mask, prepare_data.FACE_CLASSES).astype(np.float32), (0, 0), 4) > CORRECTED
        rows.append((photo, mask, paint(photo), target, painted, corrected))
    photos, masks, students, targets, teachers, corrected = zip(*rows)
    for name, paintings in (("student", students), ("target", targets), ("teacher", teachers)):
        report["with_teacher_" + name] = face_figures(photos, masks, paintings)
    outside = [measures.psnr(s[~c], t[~c]) for s, t, c in zip(students, teachers, corrected)]
    report["psnr_outside_corrected_skin"] = round(float(np.mean(outside)), 2)
    report["psnr_target"] = round(float(np.mean([measures.psnr(s, t) for s, t in zip(students, targets)])), 2)
    report["psnr_photo_outside"] = round(float(np.mean([measures.psnr(p[~c], t[~c]) for p, t, c in zip(photos, teachers, corrected)])), 2)
    return report, list(zip(photos, students, targets, teachers))


def blend_figures(first, second, photos):
    a, b = generator.load(first), generator.load(second)
    wa, wb = a.state_dict(), b.state_dict()
    outputs, energy = [], []
    for t in np.linspace(0, 1, BLEND_STEPS):
        mixed = generator.TwoPath(a.k, a.n)
        mixed.load_state_dict({k: torch.lerp(wa[k], wb[k], float(t)) for k in wa})
        paint = Painter(mixed)
        outputs.append([paint(p) for p in photos])
        energy.append(float(np.mean([measures.gradient_energy(p) for p in outputs[-1]])))
    steps = [float(np.mean([np.abs(p.astype(int) - q).mean() for p, q in zip(x, y)]))
             for x, y in zip(outputs, outputs[1:])]
    return {"steps": [round(s, 3) for s in steps], "largest_to_smallest": round(max(steps) / min(steps), 3),
            "gradient_energy": [round(e, 1) for e in energy],
            "none_blurrier_than_both_ends": min(energy) >= min(energy[0], energy[-1]) - 1e-6}


def write_sheet(path, rows, width_px=420):
    """Rows of pictures side by side: photo | student | target (| the portrait teacher's own)."""
    fit = lambda p: cv2.resize(p, (width_px, round(p.shape[0] * width_px / p.shape[1])), interpolation=cv2.INTER_AREA)
    sheet = [np.concatenate([fit(p) for p in row], 1) for row in rows]
    cv2.imwrite(path, np.concatenate(sheet)[..., ::-1])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("style", choices=prepare_data.STYLES)
    p.add_argument("weights")
    p.add_argument("--pictures", type=int, default=0, help="of each set; 0: all")
    p.add_argument("--faces", type=int, default=90, help="0: none")
    p.add_argument("--sets", default="scenes,people,cc0_scenes")
    p.add_argument("--sheet", help="write photo | student | teacher as one PNG")
    p.add_argument("--blend", metavar="WEIGHTS", help="also blend from weights to these")
    p.add_argument("--teacher", action="store_true", help="also paint the faces with the teacher")
    p.add_argument("--output", help="JSON; beside the weights by default")
    a = p.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    network = generator.load(a.weights)
    paint = Painter(network)
    report = {"style": a.style, "weights": os.path.basename(a.weights),
              "mac_per_pixel": generator.mac_per_pixel(network.k, network.n),
              "parameters": sum(v.numel() for v in network.parameters())}
    rows = []
    if a.style == "portrait":
        figures, rows = portrait_figures(paint, a.faces)
        report |= figures
    for name in a.sets.split(",") if a.style != "portrait" else ():
        triples = [(photo, paint(photo), target) for _, photo, target in load_pairs(a.style, name, a.pictures)]
        report[name] = scene_figures(triples)
        rows += triples
    if a.faces and a.style != "portrait":
        faces, masks = heldout_faces(a.faces)
        small = [cv2.resize(f, (FACE_PX, FACE_PX), interpolation=cv2.INTER_AREA) for f in faces]
        report["faces"] = face_figures(faces, masks, [paint(f) for f in small])
        if a.teacher:
            teacher, correction = prepare_data.load_teacher(a.style), prepare_data.STYLES[a.style][3]
            painted = [prepare_data.paint(teacher, f) for f in small]
            report["faces_teacher"] = face_figures(faces, masks, painted)
            if correction:
                corrected = [prepare_data.correct(correction, f, p) for f, p in zip(small, painted)]
                report["faces_target"] = face_figures(faces, masks, corrected)
    if a.blend:
        report["blend"] = blend_figures(a.weights, a.blend, [row[0] for row in rows[:8]])
    if a.sheet:
        write_sheet(a.sheet, rows)
    output = a.output or os.path.splitext(a.weights)[0] + ".metrics.json"
    with open(output, "w") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
