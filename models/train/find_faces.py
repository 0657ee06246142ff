"""find_faces.py - [H,W,3] u8 RGB -> Faces, by a detector's two looks: what src/pipeline/find.c does, for training's figures.

First the whole picture, and a small copy of it for large faces, with a low bar. Then each candidate again, cut out upright
by its landmarks at one scale, and where that may be a face, by the landmarks found there, as it is and mirrored: the mean
score of the three decides whether it is a face, and its landmarks are the mean of the last two.
"""
import cv2
import numpy as np
import torch

import faces_data as data
from detector import MULTIPLE_OF, OVERLAP_MAX, Faces, anchors, decode, flat, overlap
from faces_paste import inverse, photo_from_frame, warp

LONG_SIDE_PX = 1280       # of the first look
SMALL_SIDE_PX = 320       # of the look at the small copy, for pictures at least twice as large
FIRST_SCORE = 0.1         # from which a candidate gets its second look
SCORE = 0.97              # from which the mean score of the second look's frames says face
FRAMES = 3                # of a face
FRAME_PX = 192            # side of a candidate's upright frame
OFF_CENTRE = 0.25         # farther from the frame's face, in frames, is another face
SIZE_SPREAD = 1.8         # a box this much larger or smaller than the frame's face is none
ASKED_IOU = 0.6           # answers that overlap the best one this much give the landmarks, as their mean
FRAME_FACE = (0.498, 0.551, 0.637)   # middle of an aligned face's box and its mean side, in frames (90 portraits)
SAME_INSIDE, SAME_CENTRE = 0.7, 0.35     # as src/face/detect.c


@torch.no_grad()
def answers(network, pictures):
    """[N,H,W,3] u8, sides multiples of 32 -> boxes [N,A,4], chances [N,A], landmarks [N,A,10]."""
    x = torch.from_numpy(data.to_input(pictures)).permute(0, 3, 1, 2)
    boxes, logits, points = flat(network(x.contiguous(memory_format=torch.channels_last)))
    return boxes.numpy(), logits.sigmoid().numpy(), points.numpy()


def first_look(network, picture, score):
    h, w = picture.shape[:2]
    padded = np.pad(picture, ((0, -h % MULTIPLE_OF), (0, -w % MULTIPLE_OF), (0, 0)), mode="symmetric")
    raw = [v[0] for v in answers(network, [padded])]
    return decode(*raw, anchors(*padded.shape[:2]), score)


def merge(passes):
    """Non-maximum suppression over several looks, as p2a_detect_merge()."""
    every = Faces.joined(passes)
    of = np.concatenate([np.full(len(p.scores), i) for i, p in enumerate(passes)])
    order = np.argsort(-every.scores, kind="stable")
    every, of = every.chosen(order), of[order]
    overlaps, area = overlap(every.boxes, every.boxes), np.prod(every.boxes[:, 2:] - every.boxes[:, :2], 1)
    centre, kept = (every.boxes[:, :2] + every.boxes[:, 2:]) / 2, []
    for i in range(len(of)):
        known = False
        for k in kept:
            small = min((i, k), key=lambda v: area[v])
            shared = overlaps[i, k] * (area[i] + area[k]) / (1 + overlaps[i, k])
            near = np.linalg.norm(centre[i] - centre[k]) < SAME_CENTRE * every.sizes()[small]
            known |= overlaps[i, k] > OVERLAP_MAX or (of[i] != of[k] and shared >= SAME_INSIDE * area[small] and near)
        if not known:
            kept.append(i)
    return every.chosen(np.array(kept, int))


def frame_of(picture, m):
    """The upright frame, antialiased where the photo is larger."""
    scale = np.sqrt(abs(np.linalg.det(m[:, :2])))
    if scale > 1:
        h, w = picture.shape[:2]
        small = cv2.resize(picture, (max(1, round(w / scale)), max(1, round(h / scale))), interpolation=cv2.INTER_AREA)
        m = np.diag([small.shape[1] / w, small.shape[0] / h]) @ m
        picture = small
    return warp(picture, inverse(m), (FRAME_PX, FRAME_PX), cv2.BORDER_REPLICATE)


def mirror(m):
    """The frame as in a mirror that stands on its right side."""
    return np.column_stack([-m[:, 0], m[:, 1], m[:, 2] + m[:, 0] * FRAME_PX])


def look_at_frames(network, picture, transforms, least):
    """The frame's own face in each frame: None, or (score, box, landmarks) in the picture."""
    anchor, made = anchors(FRAME_PX, FRAME_PX), []
    middle, side = np.array(FRAME_FACE[:2]) * FRAME_PX, FRAME_FACE[2] * FRAME_PX
    raw = answers(network, [frame_of(picture, m) for m in transforms])
    for n, m in enumerate(transforms):
        found = decode(*(v[n] for v in raw), anchor, least)
        away = np.linalg.norm((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - middle, axis=1)
        size = (found.boxes[:, 2:] - found.boxes[:, :2]).mean(1)
        fits = (away < OFF_CENTRE * FRAME_PX) & (size < side * SIZE_SPREAD) & (size > side / SIZE_SPREAD)
        if not fits.any():
            made.append(None)
            continue
        best = np.flatnonzero(fits)[found.scores[fits].argmax()]
        asked = overlap(found.boxes[best:best + 1], found.boxes)[0] >= ASKED_IOU
        scale, box = np.sqrt(abs(np.linalg.det(m[:, :2]))), found.boxes[best]
        half = (box[2:] - box[:2]) / 2 * scale
        if abs(m[0, 1]) > abs(m[0, 0]):
            half = half[::-1]
        centre = (box[:2] + box[2:]) / 2 @ m[:, :2].T + m[:, 2]
        points = found.points[asked].mean(0) @ m[:, :2].T + m[:, 2]
        made.append((found.scores[best], np.concatenate([centre - half, centre + half]), points))
    return made


def second_look(network, picture, faces, score=SCORE, batch=16):
    """Faces -> those of them that are faces, with the second look's score, box and landmarks."""
    least = FRAMES * score - (FRAMES - 1)     # with a lower score in one frame the mean cannot be enough
    kept = []
    for start in range(0, len(faces.scores), batch):
        coarse = [photo_from_frame(points, FRAME_PX) for points in faces.points[start:start + batch]]
        seen = [s for s in look_at_frames(network, picture, coarse, least) if s]
        fine = [photo_from_frame(points, FRAME_PX) for _, _, points in seen]
        as_is = look_at_frames(network, picture, fine, least) if fine else []
        turned = look_at_frames(network, picture, [mirror(m) for m in fine], least) if fine else []
        for (first, box, _), a, b in zip(seen, as_is, turned):
            if a and b and (first + a[0] + b[0]) / FRAMES >= score:
                kept.append((box, (first + a[0] + b[0]) / FRAMES, (a[2] + b[2][[1, 0, 2, 4, 3]]) / 2))
    if not kept:
        return Faces(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2)))
    return Faces(*(np.array(part) for part in zip(*kept)))


def find(network, picture, score=SCORE, first_score=FIRST_SCORE):
    seen = data.shrink_to(picture, LONG_SIDE_PX)
    passes = [first_look(network, seen, first_score).moved(picture.shape[1] / seen.shape[1])]
    if max(seen.shape[:2]) >= 2 * SMALL_SIDE_PX:
        small = data.shrink_to(picture, SMALL_SIDE_PX)
        passes.append(first_look(network, small, first_score).moved(picture.shape[1] / small.shape[1]))
    return merge([second_look(network, picture, merge(passes), score)])
