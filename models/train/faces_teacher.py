"""faces_teacher.py - 8-bit RGB picture -> the faces that the published RetinaFace network finds in it: what train_detector.py
learns from and evaluate_faces.py compares with. Run as a program it writes those of all of shared/data into one .npz.

The network (shared/data/teachers/retinaface_mobilenet0.25.onnx) enters nothing in the repository.
"""
import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

import faces_data as data
from detector import Faces, anchors, decode, keep_best

MEAN_BGR = np.array([104, 117, 123], np.float32)
LONG_SIDE_PX = 1280
FLOOR = 0.15              # fainter answers are not kept; those below the threshold mark regions not to learn from
ZOOM, ZOOMED_PX, CLOSELY_FLOOR = 1.7, 1500, 0.4   # a closer look at training photos: enlarged up to this long side
FACE_MARGIN = 96 / 512    # grey around an aligned crop, in its sides, so that the face does not touch the picture's border
STEADY_PX = (512, 400, 320, 256)   # sides of the looks whose median is taken


class Teacher:
    def __init__(self, threads=1):
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
        path = data.SHARED / "teachers" / "retinaface_mobilenet0.25.onnx"
        self.session = ort.InferenceSession(str(path), options, ["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name

    def __call__(self, picture, floor=FLOOR):
        h, w = picture.shape[:2]
        picture = np.pad(picture, ((0, -h % 32), (0, -w % 32), (0, 0)))
        x = (picture[..., ::-1].astype(np.float32) - MEAN_BGR).transpose(2, 0, 1)[None]
        boxes, scores, points = (y[0] for y in self.session.run(None, {self.input: x}))
        return keep_best(decode(boxes, scores[:, 1], points, anchors(*picture.shape[:2]), floor))


def mirrored(faces, width_px):
    boxes = faces.boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [width_px, 0, width_px, 0]
    return Faces(boxes, faces.scores, (faces.points * [-1, 1] + [width_px, 0])[:, [1, 0, 2, 4, 3]])


def label(teacher, picture, closely=False):
    """A picture's faces from two sizes, so that neither very small nor very large ones are missed; closely: also enlarged and
    mirrored, for training."""
    found = teacher(picture)
    if closely:
        w = picture.shape[1]
        zoom = min(ZOOM, ZOOMED_PX / max(picture.shape[:2]))
        large = cv2.resize(picture, None, fx=zoom, fy=zoom)
        flipped = mirrored(teacher(np.ascontiguousarray(picture[:, ::-1]), CLOSELY_FLOOR), w)
        found = keep_best(Faces.joined([found, teacher(large, CLOSELY_FLOOR).moved(w / large.shape[1]), flipped]))
    if max(picture.shape[:2]) >= 500:
        half = data.shrink_to(picture, max(picture.shape[:2]) // 2)
        grown = teacher(half).moved(picture.shape[1] / half.shape[1])
        grown.scores *= 0.98
        found = keep_best(Faces.joined([found, grown]))
    return found


def in_portrait(teacher, picture):
    """The answer about an aligned portrait's own face, in its pixels."""
    side = picture.shape[0]
    m = round(FACE_MARGIN * side)
    found = teacher(np.pad(picture, ((m, m), (m, m), (0, 0)), constant_values=128))
    best = np.argmax(found.scores * (abs(found.boxes[:, [0, 2]].mean(1) - side / 2 - m) < 0.23 * side))
    return found.chosen([best]).shifted(-m, -m)


def steady_landmarks(teacher, picture):
    """[5,2]: the median over looks at several sizes, as it is and mirrored. One look's landmarks are 4 % of the distance of the
    eyes from it, and those of a portrait and of its mirror image 6 % from each other."""
    looks = []
    for side in STEADY_PX:
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        turned = mirrored(in_portrait(teacher, np.ascontiguousarray(small[:, ::-1])), side)
        looks += [face.points[0] * picture.shape[0] / side for face in (in_portrait(teacher, small), turned)]
    return np.median(looks, 0)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    out = options.parse_args().out
    teacher, answers = Teacher(), {}
    photos = [p for part in (*data.scene_paths(), *data.people_paths()) for p in part]
    training = set(data.scene_paths()[0] + data.people_paths()[0])
    for i, path in enumerate(sorted(photos)):
        picture = data.shrink_to(data.read_rgb(path), LONG_SIDE_PX)
        answers[str(path.relative_to(data.SHARED))] = label(teacher, picture, closely=path in training)
        if i % 100 == 0:
            print(f"{i} of {len(photos)} photos", flush=True)
    for name in [n for part in data.face_names() for n in part]:
        answers[f"faces/{name}"] = in_portrait(teacher, data.read_face(name))
    np.savez(out, **{f"{k}|{part}": getattr(v, part) for k, v in answers.items() for part in ("boxes", "scores", "points")})
    print(f"{len(answers)} pictures, {sum(len(v.scores) for v in answers.values())} answers")


def read_labels(path):
    """The file that main() wrote -> {picture's name: Faces}."""
    parts = {}
    with np.load(path) as file:
        for key in file.files:
            name, part = key.rsplit("|", 1)
            parts.setdefault(name, {})[part] = file[key]
    return {name: Faces(**p) for name, p in parts.items()}


def marks():
    """What a person said of the teacher's answers from 0.5 and an earlier student's mistakes: {photo: [(kind, box)]}, kind face
    or none. Of held-out photos: only those of the teacher's faces above 24 px that are none."""
    made = {}
    with open(Path(__file__).with_name("faces_marks.csv"), newline="") as file:
        for row in csv.DictReader(file):
            box = [float(row[k]) for k in ("left", "top", "right", "bottom")]
            made.setdefault(row["photo"], []).append((row["kind"], box))
    return made


if __name__ == "__main__":
    main()
