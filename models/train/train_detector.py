"""train_detector.py - photos, portraits and the teacher's answers -> a checkpoint of the face detector (averaged weights).

Needs the file that faces_teacher.py writes; evaluate_faces.py measures the result. Runs on one CPU thread in bf16 (AMX) with f32 master weights.
"""
import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import faces_data as data
from detector import SCORE_MIN, VARIANCES, Detector, anchors, flat, overlap
from faces_paste import DOUBTFUL, SURE, Photo, Portrait, make_scene
from faces_teacher import read_labels

MINUTES = 48
BATCH = 8
SIZE_PX = 384
LEARNING_RATE = 2e-3
WARMUP_STEPS = 300
WEIGHT_DECAY = 5e-4
AVERAGE_DECAY = 0.998
MATCH, NO_MATCH = 0.4, 0.3     # overlap of an anchor that answers for a face; of one that must not
NEGATIVES = 7                  # hardest anchors without a face for each with one
NEGATIVES_LEAST = 48           # and at least so many for each picture
BOX_WEIGHT, POINTS_WEIGHT = 2.0, 1.0
BETA = 0.1                     # where the smooth L1 losses turn from square to straight
PHOTO_PX = 800
SEED = 4
REPORT_STEPS = 100
SAVE_MINUTES = 5


def load(labels):
    photos = []
    for path in data.scene_paths()[0] + data.people_paths()[0]:
        picture = data.read_rgb(path)
        faces = labels[str(path.relative_to(data.SHARED))]
        used = min(1, 1280 / max(picture.shape[:2]))               # faces_teacher.py looked at no more than that
        photos.append(Photo(picture, faces.moved(1 / used), PHOTO_PX))
    portraits = []
    for name in data.face_names()[0]:
        face = labels[f"faces/{name}"]
        if face.scores[0] >= SCORE_MIN:
            portraits.append(Portrait(data.read_face(name), data.read_mask(name), face))
    return photos, portraits


def targets(scene, anchor):
    """What each anchor shall answer: state [A] (1 face, 0 none, -1 no matter), boxes [A,4], landmarks [A,10]."""
    state = np.zeros(len(anchor), np.int64)
    boxes, points = np.zeros((len(anchor), 4), np.float32), np.zeros((len(anchor), 10), np.float32)
    corners = np.concatenate([anchor[:, :2] - anchor[:, 2:] / 2, anchor[:, :2] + anchor[:, 2:] / 2], 1)
    for box in scene.unsure:
        inside = ((anchor[:, :2] > box[:2]) & (anchor[:, :2] < box[2:])).all(1)
        state[inside | (overlap(corners, box[None])[:, 0] > NO_MATCH)] = -1
    if len(scene.faces.scores) == 0:
        return state, boxes, points
    overlaps = overlap(corners, scene.faces.boxes)
    owner, best = overlaps.argmax(1), overlaps.max(1)
    state[(best >= NO_MATCH) & (best < MATCH)] = -1
    state[best >= MATCH] = 1
    for face, a in enumerate(overlaps.argmax(0)):                  # a face of odd size still has one anchor
        owner[a], state[a] = face, 1
    hit = state == 1
    box, a = scene.faces.boxes[owner[hit]], anchor[hit]
    boxes[hit, :2] = ((box[:, :2] + box[:, 2:]) / 2 - a[:, :2]) / (VARIANCES[0] * a[:, 2:])
    boxes[hit, 2:] = np.log(np.maximum(box[:, 2:] - box[:, :2], 1) / a[:, 2:]) / VARIANCES[1]
    moved = (scene.faces.points[owner[hit]] - a[:, None, :2]) / (VARIANCES[0] * a[:, None, 2:])
    points[hit] = moved.reshape(-1, 10)
    return state, boxes, points


def detector_loss(answers, state, boxes, points):
    """Binary cross entropy of the faces and the hardest others, smooth L1 of boxes and landmarks; means over faces."""
    got_boxes, logits, got_points = flat(answers)
    hit, none = state == 1, state == 0
    faces = max(int(hit.sum()), 1)
    each = F.binary_cross_entropy_with_logits(logits, hit.float(), reduction="none")
    count = min(max(NEGATIVES * faces, NEGATIVES_LEAST * len(state)), int(none.sum()))
    score = (each[hit].sum() + torch.topk(each[none], count, sorted=False).values.sum()) / faces
    box = F.smooth_l1_loss(got_boxes[hit], boxes[hit], beta=BETA, reduction="sum") / faces
    point = F.smooth_l1_loss(got_points[hit], points[hit], beta=BETA, reduction="sum") / faces
    return score, box, point


def batch_of(photos, crowded, portraits, anchor, rng):
    scenes = [make_scene(photos, crowded, portraits, SIZE_PX, rng) for _ in range(BATCH)]
    x = torch.from_numpy(data.to_input([s.picture for s in scenes])).permute(0, 3, 1, 2)
    return x, [torch.from_numpy(np.stack(t)) for t in zip(*(targets(s, anchor) for s in scenes))]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--labels", type=Path, required=True, help="what faces_teacher.py wrote")
    options.add_argument("--out", type=Path, required=True, help="the checkpoint file")
    options.add_argument("--resume", action="store_true", help="go on from --out")
    options.add_argument("--minutes", type=float, default=MINUTES)
    options.add_argument("--rate", type=float, default=LEARNING_RATE)
    arguments = options.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    labels = read_labels(arguments.labels)
    photos, portraits = load(labels)
    crowded = [p for p in photos if len(p.faces.scores)]
    anchor = anchors(SIZE_PX, SIZE_PX)
    print(f"{len(photos)} photos, {len(crowded)} with faces, {len(portraits)} portraits; sure from {SURE}, "
          f"doubtful from {DOUBTFUL}", flush=True)
    network = Detector().to(memory_format=torch.channels_last)
    average = Detector().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), arguments.rate, weight_decay=WEIGHT_DECAY)
    step, before_s = 0, 0.0
    if arguments.resume:
        saved = torch.load(arguments.out, weights_only=False)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        step, before_s = saved["step"], saved["seconds"]
    else:
        average.load_state_dict(network.state_dict())
    rng = np.random.default_rng(SEED + step)
    start, saved_at, first = time.time(), time.time(), step
    commit = data.source_commit()

    def save():
        torch.save({"network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
                    "step": step, "seconds": before_s + time.time() - start, "seed": SEED, "commit": commit,
                    "versions": [sys.version, torch.__version__, cv2.__version__]}, arguments.out)

    while True:
        progress = (time.time() - start) / (60 * arguments.minutes)
        if progress >= 1:
            break
        rate = arguments.rate * min(1, (step + 1) / WARMUP_STEPS) * (0.5 + 0.5 * np.cos(np.pi * progress))
        for group in optimiser.param_groups:
            group["lr"] = max(rate, 1e-5)
        x, truth = batch_of(photos, crowded, portraits, anchor, rng)
        network.train()
        with torch.autocast("cpu", torch.bfloat16):
            answers = network(x.to(memory_format=torch.channels_last))
        score, box, point = detector_loss(answers, *truth)
        loss = score + BOX_WEIGHT * box + POINTS_WEIGHT * point
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()
        step += 1
        decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            for kept, new in zip(average.state_dict().values(), network.state_dict().values()):
                kept.lerp_(new, 1 - decay) if kept.is_floating_point() else kept.copy_(new)
        if step % REPORT_STEPS == 0:
            print(f"step {step} score {score.item():.3f} box {box.item():.3f} points {point.item():.3f} "
                  f"rate {rate:.2e} {(time.time() - start) / (step - first):.3f} s/step", flush=True)
        if time.time() - saved_at > 60 * SAVE_MINUTES:
            save()
            saved_at = time.time()
    save()


if __name__ == "__main__":
    main()
