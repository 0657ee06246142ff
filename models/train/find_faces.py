"""find_faces.py - [H,W,3] u8 RGB -> Faces, by a detector's two looks: what src/pipeline/find.c does, for training's figures.

First the whole picture, and a small copy of it for large faces, with a low bar. Then each candidate again, cut out upright
by its landmarks at one scale: that look decides whether it is a face, and gives it its landmarks.
"""
import cv2
import numpy as np
import torch

import faces_data as data
from detector import MULTIPLE_OF, OVERLAP_MAX, Faces, anchors, decode, flat, overlap
from faces_paste import inverse, photo_from_frame, warp

LONG_SIDE_PX = 1280       # of the first look
SMALL_SIDE_PX = 320       # of the look at the small copy, for pictures at least twice as large
FIRST_SCORE = 0.4         # from which a candidate gets its second look
SCORE = 0.95              # from which the second look says face
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


def second_look(network, picture, faces, batch=16):
    """Faces -> as many, with the second look's score (0: none seen), box and landmarks."""
    made = Faces(faces.boxes.astype(float).copy(), np.zeros(len(faces.scores)), faces.points.astype(float).copy())
    anchor = anchors(FRAME_PX, FRAME_PX)
    middle, side = np.array(FRAME_FACE[:2]) * FRAME_PX, FRAME_FACE[2] * FRAME_PX
    for start in range(0, len(faces.scores), batch):
        part = range(start, min(start + batch, len(faces.scores)))
        transforms = [photo_from_frame(faces.points[i], FRAME_PX) for i in part]
        raw = answers(network, [frame_of(picture, m) for m in transforms])
        for n, i in enumerate(part):
            found = decode(*(v[n] for v in raw), anchor, 0.02)
            away = np.linalg.norm((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - middle, axis=1)
            size = (found.boxes[:, 2:] - found.boxes[:, :2]).mean(1)
            fits = (away < OFF_CENTRE * FRAME_PX) & (size < side * SIZE_SPREAD) & (size > side / SIZE_SPREAD)
            if not fits.any():
                continue
            best = np.flatnonzero(fits)[found.scores[fits].argmax()]
            m = transforms[n]
            made.scores[i] = found.scores[best]
            asked = overlap(found.boxes[best:best + 1], found.boxes)[0] >= ASKED_IOU
            asked &= found.scores >= min(SCORE, found.scores[best])
            made.points[i] = found.points[asked].mean(0) @ m[:, :2].T + m[:, 2]
            scale, box = np.sqrt(abs(np.linalg.det(m[:, :2]))), found.boxes[best]
            half = (box[2:] - box[:2]) / 2 * scale
            if abs(m[0, 1]) > abs(m[0, 0]):
                half = half[::-1]
            centre = (box[:2] + box[2:]) / 2 @ m[:, :2].T + m[:, 2]
            made.boxes[i] = np.concatenate([centre - half, centre + half])
    return made


def find(network, picture, score=SCORE, first_score=FIRST_SCORE):
    seen = data.shrink_to(picture, LONG_SIDE_PX)
    passes = [first_look(network, seen, first_score).moved(picture.shape[1] / seen.shape[1])]
    if max(seen.shape[:2]) >= 2 * SMALL_SIDE_PX:
        small = data.shrink_to(picture, SMALL_SIDE_PX)
        passes.append(first_look(network, small, first_score).moved(picture.shape[1] / small.shape[1]))
    first = merge(passes)
    again = second_look(network, picture, first)
    kept = again.chosen(again.scores >= score)
    return merge([kept])
