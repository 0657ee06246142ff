"""evaluate_faces.py - the exported face networks -> every figure that their cards give, on data held out from training.

    evaluate_faces.py detector --labels FILE      (FILE: what faces_teacher.py wrote)
    evaluate_faces.py parser
    either with --sheet PICTURE for a contact sheet, --checkpoint FILE to measure a checkpoint instead of the exported file
"""
import argparse
import colorsys
import json
from pathlib import Path

import cv2
import numpy as np
import torch

import faces_data as data
from detector import SCORE_MIN, Detector, overlap
from faces_teacher import marks
from find_faces import find
from parser import CLASSES, INPUT_PX, logits_at

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
SIZE_MIN_PX = 24          # smaller faces count neither for nor against
OVERLAP_HIT = 0.5
DOUBT_SCORE = 0.15        # an answer where the teacher is in doubt is no mistake in the lenient precision
QUIET_SCENES = 200
GROUPS, GROUP_PX, GROUP_SEED = 120, 640, 77


def matches(boxes, truth):
    """For each truth box: whether some box overlaps it enough."""
    if len(boxes) == 0 or len(truth) == 0:
        return np.zeros(len(truth), bool)
    return (overlap(truth, boxes) >= OVERLAP_HIT).any(1)


class Count:
    """Recall and precision over many pictures."""

    def __init__(self):
        self.truth = self.hit = self.answers = self.right = self.right_or_doubtful = 0

    def add(self, found, boxes, sizes, doubtful):
        """found: Faces; boxes: all true ones, sizes: their longer sides; doubtful: boxes where an answer is no mistake."""
        counted = sizes > SIZE_MIN_PX
        self.truth += int(counted.sum())
        self.hit += int(matches(found.boxes, boxes[counted]).sum())
        large = found.boxes[found.sizes() > SIZE_MIN_PX]
        right = matches(boxes, large)
        self.answers += len(large)
        self.right += int(right.sum())
        self.right_or_doubtful += int((right | matches(doubtful, large)).sum())

    def figures(self):
        return {"faces": self.truth, "recall": self.hit / max(self.truth, 1), "answers": self.answers,
                "precision": self.right / max(self.answers, 1),
                "precision_lenient": self.right_or_doubtful / max(self.answers, 1)}


def photos_against_teacher(find_in, labels, paths):
    count = Count()
    for path in paths:
        teacher = labels[str(path.relative_to(data.SHARED))]
        found = find_in(path)
        sure = teacher.chosen(teacher.scores >= SCORE_MIN)
        count.add(found, sure.boxes, sure.sizes(), teacher.chosen(teacher.scores < SCORE_MIN).boxes)
    return count.figures()


def photos_as_marked(find_in, labels, paths):
    """As photos_against_teacher(), without those of the teacher's faces that are none: an answer there is a mistake."""
    count, notes = Count(), marks()
    for path in paths:
        name = str(path.relative_to(data.SHARED))
        teacher, wrong = labels[name], np.array([box for _, box in notes.get(name, [])]).reshape(-1, 4)
        if len(teacher.scores):
            teacher = teacher.chosen(overlap(teacher.boxes, wrong).max(1, initial=0) < OVERLAP_HIT)
        sure = teacher.chosen(teacher.scores >= SCORE_MIN)
        count.add(find_in(path), sure.boxes, sure.sizes(), teacher.chosen(teacher.scores < SCORE_MIN).boxes)
    return count.figures()


def quiet_scenes(find_in, labels, most):
    """(pictures looked at, faces found in them) of held-out scenes in which the teacher finds none."""
    quiet = [p for p in data.scene_paths()[1]
             if (labels[str(p.relative_to(data.SHARED))].scores < SCORE_MIN).all()][:most]
    return len(quiet), sum(len(find_in(p).scores) for p in quiet)


def held_out_portraits(labels):
    made = []
    for name in data.face_names()[1]:
        face = labels[f"faces/{name}"]
        if face.scores[0] >= SCORE_MIN:
            made.append((name, data.read_face(name), data.read_mask(name), face))
    return made


def landmark_errors(network, portraits, steady, size_px):
    """Each aligned portrait set into a larger grey picture: mean distance of the 5 points over the distance of the eyes, against
    the teacher's steady landmarks; against its one look at the portrait."""
    errors, of_one_look, missed = [], [], 0
    for (_, picture, _, face), points in zip(portraits, steady):
        scale = size_px / 512
        small = cv2.resize(picture, (size_px, size_px), interpolation=cv2.INTER_AREA)
        margin = size_px // 4
        found = find(network, np.pad(small, ((margin, margin), (margin, margin), (0, 0)), constant_values=128))
        found = found.shifted(-margin, -margin).moved(1 / scale)
        hits = overlap(face.boxes, found.boxes)[0] if len(found.scores) else np.zeros(0)
        if len(hits) == 0 or hits.max() < OVERLAP_HIT:
            missed += 1
            continue
        answer = found.points[hits.argmax()]
        for list_, truth in ((errors, points), (of_one_look, face.points[0])):
            list_.append(np.linalg.norm(answer - truth, axis=1).mean() / np.linalg.norm(truth[1] - truth[0]))
    return {"size_px": size_px, "mean": float(np.mean(errors)), "median": float(np.median(errors)),
            "within_5_percent": float(np.mean(np.array(errors) <= 0.05)), "missed": missed,
            "mean_against_one_look": float(np.mean(of_one_look)), "median_against_one_look": float(np.median(of_one_look))}


def teachers_spread(portraits, steady):
    """The error of the teacher's one look, as landmark_errors() has it."""
    return float(np.mean([np.linalg.norm(face.points[0] - points, axis=1).mean() / np.linalg.norm(points[1] - points[0])
                          for (_, _, _, face), points in zip(portraits, steady)]))


def groups(labels, count):
    """Pasted groups of held-out faces on held-out scenes without faces: (scene, turn of each face in degrees)."""
    from faces_paste import Photo, Portrait, make_scene
    quiet = []
    for path in data.scene_paths()[1]:
        if (labels[str(path.relative_to(data.SHARED))].scores < DOUBT_SCORE).all():
            quiet.append(Photo(data.read_rgb(path), labels[str(path.relative_to(data.SHARED))], 800))
    portraits = [Portrait(*p[1:]) for p in held_out_portraits(labels)]
    rng = np.random.default_rng(GROUP_SEED)
    made = []
    while len(made) < count:
        scene = make_scene(quiet, quiet, portraits, GROUP_PX, rng)
        if len(scene.faces.scores):
            eyes = scene.faces.points[:, 1] - scene.faces.points[:, 0]
            made.append((scene, abs(np.rad2deg(np.arctan2(eyes[:, 1], eyes[:, 0])))))
    return made


def groups_figures(find, made, teacher_answers=None):
    """Recall and precision of find(picture) against the pasting's truth, recall by turn and size, against the teacher."""
    count, against_teacher, parts = Count(), Count(), {}
    for i, (scene, turns) in enumerate(made):
        found, sizes = find(scene.picture), scene.faces.sizes()
        count.add(found, scene.faces.boxes, sizes, scene.unsure)
        hit = matches(found.boxes, scene.faces.boxes)
        for size, turn, h in zip(sizes, turns, hit):
            bands = [f"turn_to_{next(t for t in (15, 45, 75, 180) if turn <= t)}"] if size > SIZE_MIN_PX else []
            for band in bands + [f"size_to_{next(s for s in (16, 24, 48, 96, 999) if size <= s)}_px"]:
                parts.setdefault(band, []).append(h)
        if teacher_answers:
            sure = teacher_answers[i]
            against_teacher.add(found, sure.boxes, sure.sizes(), scene.faces.boxes)
    figures = count.figures()
    figures["recall_by"] = {k: [len(v), round(float(np.mean(v)), 3)] for k, v in sorted(parts.items())}
    if teacher_answers:
        figures["recall_of_teachers_faces"] = against_teacher.figures()["recall"]
        figures["teachers_faces"] = against_teacher.truth
    return figures


def detector_figures(network, labels, quick=False):
    """All figures of the detector; quick: fewer pictures, for a glance during training."""
    people, scenes = data.people_paths()[1], data.scene_paths()[1]
    portraits = held_out_portraits(labels)
    found = {}

    def find_in(path):
        if path not in found:
            found[path] = find(network, data.shrink_to(data.read_rgb(path), 1280))
        return found[path]

    quiet_count, false_faces = quiet_scenes(find_in, labels, 60 if quick else QUIET_SCENES)
    figures = {"quiet_scenes": quiet_count, "false_faces": false_faces,
               "photos": photos_against_teacher(find_in, labels, scenes[::4] if quick else scenes + people),
               "photos_as_marked": photos_as_marked(find_in, labels, scenes[::4] if quick else scenes + people)}
    if not quick:
        figures["people_all"] = photos_against_teacher(find_in, labels, sum(data.people_paths(), []))
    from faces_teacher import Teacher, steady_landmarks
    teacher = Teacher()
    some, sizes = (portraits[::3], (256,)) if quick else (portraits, (512, 256, 128, 64))
    steady = [steady_landmarks(teacher, picture) for _, picture, _, _ in some]
    figures["landmarks"] = [landmark_errors(network, some, steady, s) for s in sizes]
    figures["landmarks_of_the_teachers_one_look"] = teachers_spread(some, steady)
    made, answers = groups(labels, 20 if quick else GROUPS), None
    if not quick:
        answers = [teacher(scene.picture, SCORE_MIN) for scene, _ in made]
        told = iter(answers)
        figures["teacher_on_groups"] = groups_figures(lambda _: next(told), made)
    figures["groups"] = groups_figures(lambda picture: find(network, picture), made, answers)
    return figures


def print_detector(tag, figures):
    print(f"{tag} {json.dumps(figures, indent=None if 'people_all' not in figures else 1, default=float)}", flush=True)


def draw_faces(picture, faces):
    picture = picture.copy()
    for box, score, points in zip(faces.boxes, faces.scores, faces.points):
        l, t, r, b = (int(v) for v in box)
        cv2.rectangle(picture, (l, t), (r, b), (255, 40, 40), 2)
        cv2.putText(picture, f"{score:.2f}", (l, max(t - 4, 12)), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 0), 1)
        for i, p in enumerate(points):
            colour = ((0, 255, 0), (0, 160, 255), (255, 255, 255), (255, 0, 255), (255, 160, 0))[i]
            cv2.circle(picture, (int(p[0]), int(p[1])), 2, colour, -1)
    return picture


def sheet(tiles, columns, tile_px):
    """Pictures of any size -> one sheet, each shrunk into a square."""
    cells = []
    for tile in tiles:
        scale = tile_px / max(tile.shape[:2])
        small = cv2.resize(tile, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:tile_px, :tile_px]
        cells.append(np.pad(small, ((0, tile_px - small.shape[0]), (0, tile_px - small.shape[1]), (0, 0))))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    return np.concatenate([np.concatenate(cells[i:i + columns], 1) for i in range(0, len(cells), columns)])


def palette():
    hues = [colorsys.hsv_to_rgb(i * 0.381 % 1, 0.9 - 0.4 * (i % 2), 1 - 0.3 * (i % 3 == 2)) for i in range(len(CLASSES))]
    return np.array([(0, 0, 0)] + [tuple(255 * v for v in h) for h in hues[1:]], np.uint8)


def detector_sheet(network, labels, path):
    tiles = []
    crowded = [p for p in data.scene_paths()[1] + data.people_paths()[1]
               if (labels[str(p.relative_to(data.SHARED))].scores >= SCORE_MIN).any()]
    for p in crowded[:12]:
        picture = data.read_rgb(p)
        tiles.append(draw_faces(picture, find(network, picture)))
    for scene, _ in groups(labels, 12):
        tiles.append(draw_faces(scene.picture, find(network, scene.picture)))
    cv2.imwrite(str(path), sheet(tiles, 6, 400)[..., ::-1])


def parser_sheet(network, path):
    tiles, colours = [], palette()
    for name in data.face_names()[1][::5]:
        picture, mask = data.read_face(name), data.read_mask(name)
        tiles += [picture, colours[parse(network, picture)], colours[mask]]
    cv2.imwrite(str(path), sheet(tiles, 9, 220)[..., ::-1])


@torch.no_grad()
def parse(network, portrait):
    """[512,512,3] u8 -> classes [512,512]."""
    small = cv2.resize(portrait, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA)
    x = torch.from_numpy(data.to_input([small])).permute(0, 3, 1, 2)
    return logits_at(network(x.to(memory_format=torch.channels_last)), 512).argmax(1)[0].numpy().astype(np.uint8)


def confusions(network):
    """[2,19,19] counts of pixels at 512x512 over the held-out faces: truth in rows, answer in columns; with the masks'
    left and right put right, and as published."""
    counts = np.zeros((2, len(CLASSES), len(CLASSES)), np.int64)
    for name in data.face_names()[1]:
        answer = parse(network, data.read_face(name))
        for part, as_published in zip(counts, (False, True)):
            truth = data.read_mask(name, as_published).ravel().astype(int)
            part += np.bincount(truth * len(CLASSES) + answer.ravel(), minlength=part.size).reshape(part.shape)
    return counts


def parser_figures(network):
    counts, published = confusions(network)
    raw = counted(published)
    return {**counted(counts), "as_published": {k: raw[k] for k in ("mean_f", "pixel_accuracy")}}


def counted(counts):
    hit, all_of = np.diag(counts), counts.sum(0) + counts.sum(1)
    f, iou = 2 * hit / np.maximum(all_of, 1), hit / np.maximum(all_of - hit, 1)
    return {"mean_f": f.mean(), "mean_f_without_background": f[1:].mean(), "pixel_accuracy": hit.sum() / counts.sum(),
            "iou_skin": iou[CLASSES.index("skin")], "iou_hair": iou[CLASSES.index("hair")],
            "f": {c: round(float(v), 3) for c, v in zip(CLASSES, f)}}


def print_parser(tag, figures):
    print(f"{tag} {json.dumps(figures, default=lambda v: round(float(v), 4))}", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("network", choices=("detector", "parser"))
    options.add_argument("--labels", type=Path)
    options.add_argument("--checkpoint", type=Path)
    options.add_argument("--sheet", type=Path)
    arguments = options.parse_args()
    torch.set_num_threads(1)
    from export_faces import ExportedNetwork, load_parser
    if arguments.checkpoint and arguments.network == "parser":
        network = load_parser(arguments.checkpoint)
    elif arguments.checkpoint:
        network = Detector()
        network.load_state_dict(torch.load(arguments.checkpoint, weights_only=False)["average"])
        network.eval()
    else:
        network = ExportedNetwork(WEIGHTS / f"{arguments.network}.safetensors")
    if arguments.network == "parser":
        print_parser("parser", parser_figures(network))
        if arguments.sheet:
            parser_sheet(network, arguments.sheet)
        return
    from faces_teacher import read_labels
    if arguments.labels is None:
        raise SystemExit("expected --labels FILE (what faces_teacher.py wrote) for detector, got none")
    labels = read_labels(arguments.labels)
    print_detector("detector", detector_figures(network, labels))
    if arguments.sheet:
        detector_sheet(network, labels, arguments.sheet)


if __name__ == "__main__":
    main()
