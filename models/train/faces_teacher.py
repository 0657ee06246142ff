"""faces_teacher.py - 8-bit RGB picture -> the faces that the published RetinaFace network finds in it: what train_detector.py
learns from and evaluate_faces.py compares with. Run as a program it writes those of all of shared/data into one .npz.

The network (shared/data/teachers/retinaface_mobilenet0.25.onnx) enters nothing in the repository.
"""
import argparse
from pathlib import Path

import numpy as np

import faces_data as data
from detector import Faces, anchors, decode, keep_best

MEAN_BGR = np.array([104, 117, 123], np.float32)
LONG_SIDE_PX = 1280
FLOOR = 0.15              # fainter answers are not kept; those below the threshold mark regions not to learn from
FACE_MARGIN_PX = 96       # grey around an aligned crop, so that the face does not touch the picture's border


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


def label(teacher, picture):
    """A picture's faces from two sizes, so that neither very small nor very large ones are missed."""
    found = teacher(picture)
    if max(picture.shape[:2]) >= 500:
        half = data.shrink_to(picture, max(picture.shape[:2]) // 2)
        grown = teacher(half).moved(picture.shape[1] / half.shape[1])
        grown.scores *= 0.98
        found = keep_best(Faces.joined([found, grown]))
    return found


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    out = options.parse_args().out
    teacher, answers = Teacher(), {}
    photos = [p for part in (*data.scene_paths(), *data.people_paths()) for p in part]
    for i, path in enumerate(sorted(photos)):
        answers[str(path.relative_to(data.SHARED))] = label(teacher, data.shrink_to(data.read_rgb(path), LONG_SIDE_PX))
        if i % 100 == 0:
            print(f"{i} of {len(photos)} photos", flush=True)
    for name in [n for part in data.face_names() for n in part]:
        m = FACE_MARGIN_PX
        padded = np.pad(data.read_face(name), ((m, m), (m, m), (0, 0)), constant_values=128)
        found = teacher(padded)
        best = np.argmax(found.scores * (abs(found.boxes[:, [0, 2]].mean(1) - 256 - m) < 120))
        answers[f"faces/{name}"] = found.chosen([best]).shifted(-m, -m)
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


if __name__ == "__main__":
    main()
