"""train_detector.py - photos, portraits and the teacher's answers -> a checkpoint of the face detector (averaged weights).

The teacher looks at every training picture too: the student learns its score at every anchor and the channels from which it
tells a face, and for pasted faces, which the teacher may miss, the truth. Needs the file that faces_teacher.py writes;
evaluate_faces.py measures the result. Runs on one CPU thread in bf16 (AMX) with f32 master weights.
"""
import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import faces_data as data
from detector import NECK, SCORE_MIN, VARIANCES, Detector, anchors, flat, overlap
from faces_paste import SURE, Photo, Portrait, make_frames, make_pieces, make_scene
from faces_teacher import LONG_SIDE_PX, marks, read_labels
from muon import Muon
from teacher_features import FEATURES, FeatureTeacher

MINUTES = 60
SIZE_PX = 384
FRESH, AGAIN = 4, 4            # new pictures of a batch; older ones, the harder the sooner, in other light and quality
FRAMES_SHARE = 0.35            # of new pictures that hold four upright frames
PIECES_SHARE = 0.3             # of new pictures that hold four pieces of photos
KEPT = 320                     # older pictures
MATRIX_LR, OTHER_LR = 0.012, 1.5e-3   # Muon's step size for convolutions, Adam's for the rest
WARMUP_STEPS = 100
AVERAGE_DECAY = 0.998
MATCH, NO_MATCH = 0.4, 0.3     # overlap of an anchor that answers for a face; of one that must not
SAME = 0.5                     # overlap of a mark and an answer
TOLD_MIN = 0.5                 # the teacher's score from which its boxes and landmarks count
FACES_LEAST = 6.0              # of a picture, for the means: a picture without a face must count too
SCORE_WEIGHT, BOX_WEIGHT, FEATURES_WEIGHT = 2.0, 2.0, 4.0
POINTS_WEIGHT = 40.0, 80.0     # in a run's first half, in its second
FACE_FEATURES = 10.0           # how much more channels count where the teacher sees a face
BETA = 0.1                     # where the smooth L1 loss of boxes turns from square to straight
EYES_PX = 16                   # landmarks of faces with the eyes nearer than this count less
PHOTO_PX = 800
SEED = 4
REPORT_STEPS = 100
SAVE_MINUTES = 5


def marked(faces, notes):
    """The teacher's faces with marked ones sure (score 1) and wrong ones gone; boxes of the wrong ones [W,4]."""
    wrong = np.array([box for kind, box in notes if kind == "none"]).reshape(-1, 4)
    sure = np.array([box for kind, box in notes if kind == "face"]).reshape(-1, 4)
    if len(faces.scores):
        known = overlap(faces.boxes, sure).max(1, initial=0) > SAME
        faces.scores[known] = 1
        faces = faces.chosen(known | (overlap(faces.boxes, wrong).max(1, initial=0) <= SAME))
    return faces, wrong


def load(labels):
    photos, notes = [], marks()
    for path in data.scene_paths()[0] + data.people_paths()[0]:
        picture, name = data.read_rgb(path), str(path.relative_to(data.SHARED))
        used = min(1, LONG_SIDE_PX / max(picture.shape[:2]))       # faces_teacher.py looked at no more than that
        faces, wrong = marked(labels[name], notes.get(name, []))
        faces = faces.moved(1 / used)
        crowded = (faces.scores >= SURE).any()
        photos.append(Photo(picture, faces, LONG_SIDE_PX if crowded else PHOTO_PX, wrong / used))
    portraits = []
    for name in data.face_names()[0]:
        face = labels[f"faces/{name}"]
        if face.scores[0] >= SCORE_MIN:
            portraits.append(Portrait(data.read_face(name), data.read_mask(name), face))
    return photos, portraits


@dataclass
class Lesson:
    """A picture and what each of its anchors shall answer."""
    picture: np.ndarray       # [S,S,3] u8
    chance: torch.Tensor      # [A] of a face; -1: no matter
    boxes: torch.Tensor       # [A,4]
    points: torch.Tensor      # [A,10]
    eyes: torch.Tensor        # [A] anchor over the distance of the eyes; 0: no box and no landmarks here
    heed: list                # of each level [h,w]: how much the channels count
    features: list            # of each level [64,h,w] bf16
    difficulty: float = 10.0


def lesson_of(scene, told, n, anchor):
    """The truth where the scene knows it, elsewhere what the teacher told of picture n."""
    chance, boxes, points = told.logits[n].sigmoid(), told.boxes[n].clone(), told.points[n].clone()
    corners = np.concatenate([anchor[:, :2] - anchor[:, 2:] / 2, anchor[:, :2] + anchor[:, 2:] / 2], 1)
    counts = chance > TOLD_MIN
    away = points.view(-1, 5, 2)
    size = torch.from_numpy(anchor[:, 2])
    eyes_px = (away[:, 1] - away[:, 0]).norm(dim=1) * VARIANCES[0] * size
    seen = chance.clone()
    if len(scene.wrong):
        wrong = torch.from_numpy(overlap(corners, scene.wrong).max(1) >= NO_MATCH)
        chance[wrong], seen[wrong] = 0, 0
        counts = counts & ~wrong
    for box in scene.unsure:
        inside = torch.from_numpy(((anchor[:, :2] > box[:2]) & (anchor[:, :2] < box[2:])).all(1))
        chance[inside & (chance < TOLD_MIN)] = -1
    if len(scene.faces.scores):
        overlaps = overlap(corners, scene.faces.boxes)
        owner, best = overlaps.argmax(1), overlaps.max(1)
        for face, a in enumerate(overlaps.argmax(0)):              # a face of odd size still has one anchor
            owner[a], best[a] = face, 1
        between = torch.from_numpy((best >= NO_MATCH) & (best < MATCH))
        chance[between & (chance < TOLD_MIN)] = -1
        hit = best >= MATCH
        box, a = scene.faces.boxes[owner[hit]], anchor[hit]
        centre = ((box[:, :2] + box[:, 2:]) / 2 - a[:, :2]) / (VARIANCES[0] * a[:, 2:])
        sides = np.log(np.maximum(box[:, 2:] - box[:, :2], 1) / a[:, 2:]) / VARIANCES[1]
        moved = (scene.faces.points[owner[hit]] - a[:, None, :2]) / (VARIANCES[0] * a[:, None, 2:])
        eyes = np.linalg.norm(scene.faces.points[:, 1] - scene.faces.points[:, 0], axis=1)
        eyes = np.maximum(eyes, 0.3 * scene.faces.sizes())         # a profile's are near each other
        hit_t = torch.from_numpy(hit)
        chance[hit_t] = 1
        boxes[hit_t] = torch.from_numpy(np.concatenate([centre, sides], 1).astype(np.float32))
        points[hit_t] = torch.from_numpy(moved.reshape(-1, 10).astype(np.float32))
        eyes_px[hit_t] = torch.from_numpy(eyes[owner[hit]].astype(np.float32))
        counts = counts | hit_t
    heed, first = [], 0
    for features in told.features:
        h, w = features.shape[2:]
        seen_here, wanted = (v[first:first + 2 * h * w].view(h, w, 2).amax(2) for v in (seen, chance))
        heed.append(torch.where((wanted > 0.9) & (seen_here < TOLD_MIN), 0.0, 1 + FACE_FEATURES * seen_here))
        first += 2 * h * w
    ratio = torch.where(counts, size / eyes_px.clamp(min=2), torch.zeros(()))
    return Lesson(scene.picture, chance, boxes, points, ratio, heed, [f[n].clone() for f in told.features])


class Student(nn.Module):
    """The detector and, for training only, what turns its channels into the teacher's."""

    def __init__(self):
        super().__init__()
        self.detector = Detector()
        self.to_teacher = nn.ModuleList([nn.Conv2d(NECK, FEATURES, 1) for _ in range(3)])
        self.seen = {}
        for level, head in enumerate((self.detector.head8, self.detector.head16, self.detector.head32)):
            head.answers.register_forward_pre_hook(lambda _, x, level=level: self.seen.__setitem__(level, x[0]))

    def forward(self, x):
        answers = self.detector(x)
        return flat(answers), [to(self.seen[level]) for level, to in enumerate(self.to_teacher)]


def lesson_losses(answers, features, lessons, scales):
    """(score of each picture [N], box, points, features)."""
    boxes, logits, points = answers
    chance = torch.stack([v.chance for v in lessons])
    ratio = torch.stack([v.eyes for v in lessons])
    told = chance.clamp(0, 1)
    least = -(torch.xlogy(told, told) + torch.xlogy(1 - told, 1 - told))
    each = (F.binary_cross_entropy_with_logits(logits, told, reduction="none") - least) * (chance >= 0)
    faces = ((chance > TOLD_MIN) & (ratio > 0)).sum(1)
    score = each.sum(1) / (faces + FACES_LEAST)
    counts = ratio > 0
    total = max(int(counts.sum()), 1)
    if not counts.any():
        box = point = boxes.sum() * 0
    else:
        wanted = torch.stack([v.boxes for v in lessons])[counts]
        box = F.smooth_l1_loss(boxes[counts], wanted, beta=BETA, reduction="sum") / total
        away = (points[counts] - torch.stack([v.points for v in lessons])[counts]).view(-1, 5, 2)
        size = torch.from_numpy(anchors(SIZE_PX, SIZE_PX)[:, 2]).expand_as(chance)[counts]
        apart = (away.square().sum(2) + 1e-4).sqrt().mean(1) * VARIANCES[0] * ratio[counts]   # in distances of the eyes
        point = (apart * (size / ratio[counts] / EYES_PX).clamp(0.25, 1)).sum() / total
    hint = 0.0
    for level, got in enumerate(features):
        wanted = torch.stack([v.features[level] for v in lessons]).float()
        heed = torch.stack([v.heed[level] for v in lessons])[:, None]
        apart = F.smooth_l1_loss(got.float() / scales[level], wanted / scales[level], reduction="none")
        hint = hint + (apart * heed).mean() / 3
    return score, box, point, hint


class School:
    """Makes batches: new lessons, and older ones again."""

    def __init__(self, labels, rng):
        self.photos, self.portraits = load(labels)
        self.crowded = [p for p in self.photos if len(p.faces.scores)]
        self.anchor, self.rng, self.teacher, self.kept = anchors(SIZE_PX, SIZE_PX), rng, FeatureTeacher(), []

    def fresh(self, count):
        scenes = []
        for _ in range(count):
            chance = self.rng.random()
            make = make_frames if chance < FRAMES_SHARE else make_pieces if chance < FRAMES_SHARE + PIECES_SHARE else make_scene
            scenes.append(make(self.photos, self.crowded, self.portraits, SIZE_PX, self.rng))
        told = self.teacher(np.stack([s.picture for s in scenes]))
        return [lesson_of(s, told, n, self.anchor) for n, s in enumerate(scenes)]

    def again(self, lesson):
        picture = data.change_light(lesson.picture, self.rng, 0.7) if self.rng.random() < 0.7 else lesson.picture
        return data.lose_quality(picture, self.rng, smallest_px=int(0.7 * SIZE_PX))

    def batch(self):
        if len(self.kept) < AGAIN:
            lessons = self.fresh(FRESH + AGAIN)
            pictures = [v.picture for v in lessons]
        else:
            odds = np.array([v.difficulty for v in self.kept])
            old = [self.kept[i] for i in self.rng.choice(len(self.kept), AGAIN, False, odds / odds.sum())]
            new = self.fresh(FRESH)
            lessons, pictures = new + old, [v.picture for v in new] + [self.again(v) for v in old]
            while len(self.kept) > KEPT - FRESH:
                self.kept.pop(self.rng.integers(len(self.kept)))
        self.kept += lessons[:FRESH]
        x = torch.from_numpy(data.to_input(pictures)).permute(0, 3, 1, 2)
        return x.contiguous(memory_format=torch.channels_last), lessons


def scales_of(lessons):
    """Of each level: how much each channel of the teacher varies, [1,64,1,1]."""
    levels = [torch.stack([v.features[level] for v in lessons]).float() for level in range(3)]
    return [v.std((0, 2, 3), keepdim=True) + 0.1 * v.std() for v in levels]


def groups_of(student, matrix_lr, other_lr):
    pixels = {id(student.detector.stem.conv.weight)} | {id(p) for p in student.to_teacher.parameters()}
    pixels |= {id(h.answers.weight) for h in (student.detector.head8, student.detector.head16, student.detector.head32)}
    matrix = [p for p in student.parameters() if p.ndim == 4 and id(p) not in pixels]
    chosen = {id(p) for p in matrix}
    other = [p for p in student.parameters() if id(p) not in chosen]
    return [dict(params=matrix, lr=matrix_lr, top_lr=matrix_lr, matrix=True),
            dict(params=other, lr=other_lr, top_lr=other_lr, matrix=False)]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--labels", type=Path, required=True, help="what faces_teacher.py wrote")
    options.add_argument("--out", type=Path, required=True, help="the checkpoint file")
    options.add_argument("--resume", action="store_true", help="go on from --out")
    options.add_argument("--minutes", type=float, default=MINUTES)
    options.add_argument("--rate", type=float, default=1.0, help="times the step sizes above")
    arguments = options.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    student = Student().to(memory_format=torch.channels_last)
    average = Detector().to(memory_format=torch.channels_last)
    optimiser = Muon(groups_of(student, MATRIX_LR * arguments.rate, OTHER_LR * arguments.rate))
    step, before_s, scales = 0, 0.0, None
    if arguments.resume:
        saved = torch.load(arguments.out, weights_only=False)
        student.detector.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        step, before_s = saved["step"], saved["seconds"]
        if "to_teacher" in saved:
            student.to_teacher.load_state_dict(saved["to_teacher"])
            optimiser.state = {p: s for p, s in zip(student.parameters(), saved["state"]) if s}
            scales = saved["scales"]
    else:
        average.load_state_dict(student.detector.state_dict())
    rng = np.random.default_rng(SEED + step)
    school = School(read_labels(arguments.labels), rng)
    scales = scales or scales_of(school.fresh(24))
    print(f"{len(school.photos)} photos, {len(school.crowded)} with faces, {len(school.portraits)} portraits", flush=True)
    start, saved_at, first = time.time(), time.time(), step
    commit, sums = data.source_commit(), np.zeros(4)

    def save():
        torch.save({"network": student.detector.state_dict(), "average": average.state_dict(),
                    "to_teacher": student.to_teacher.state_dict(), "scales": scales,
                    "state": [optimiser.state.get(p, {}) for p in student.parameters()],
                    "step": step, "seconds": before_s + time.time() - start, "seed": SEED, "commit": commit,
                    "versions": [sys.version, torch.__version__, cv2.__version__]}, arguments.out)

    while True:
        progress = (time.time() - start) / (60 * arguments.minutes)
        if progress >= 1:
            break
        share = min(1, (step - first + 1) / WARMUP_STEPS) * min(1, 1.4 * (1 - progress))   # flat, then straight down
        for group in optimiser.param_groups:
            group["lr"] = max(group["top_lr"] * share, 1e-6)
        x, lessons = school.batch()
        student.train()
        with torch.autocast("cpu", torch.bfloat16):
            answers, features = student(x)
        score, box, point, hint = lesson_losses(answers, features, lessons, scales)
        loss = SCORE_WEIGHT * score.mean() + BOX_WEIGHT * box + POINTS_WEIGHT[progress > 0.5] * point + FEATURES_WEIGHT * hint
        for p in student.parameters():
            p.grad = None
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 20.0)
        optimiser.step()
        step += 1
        for lesson, value in zip(lessons, score.detach()):
            lesson.difficulty = float(value.clamp(0.02, 2)) if torch.isfinite(value) else 0.02
        decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            for kept, new in zip(average.state_dict().values(), student.detector.state_dict().values()):
                kept.lerp_(new, 1 - decay) if kept.is_floating_point() else kept.copy_(new)
        sums += [score.mean().item(), box.item(), point.item(), hint.item()]
        if step % REPORT_STEPS == 0:
            means = sums / min(REPORT_STEPS, step - first)
            print(f"step {step} score {means[0]:.3f} box {means[1]:.3f} points {means[2]:.4f} features {means[3]:.3f} "
                  f"rate {share:.2f} {(time.time() - start) / (step - first):.3f} s/step", flush=True)
            sums[:] = 0
        if time.time() - saved_at > 60 * SAVE_MINUTES:
            save()
            saved_at = time.time()
    save()


if __name__ == "__main__":
    main()
