"""detector.py - the face detector: RGB in [-1,1], sides multiples of 32 -> box, score and 5 landmarks for every anchor.

RetinaFace's scheme (strides 8, 16, 32; anchors 16/32, 64/128, 256/512; variances 0.1 and 0.2) on a small backbone of
plain convolutions: about 2.2 k MAC per pixel, 0.43 M parameters. Batch norms exist for training only and are folded into
the convolutions on export. Landmarks: the picture's left eye, right eye, nose, left and right corner of the mouth.
"""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from parser import Conv, Residual, space_to_depth

STRIDES = (8, 16, 32)
ANCHOR_PX = ((16, 32), (64, 128), (256, 512))
VARIANCES = (0.1, 0.2)     # of centres and landmarks, of sizes
MULTIPLE_OF = 32
SCORE_MIN = 0.6
OVERLAP_MAX = 0.4          # of kept boxes (non-maximum suppression)
WIDTHS = (16, 32, 64, 80)  # at 1/4, 1/8, 1/16, 1/32
NECK = 40
VALUES = 2 * (4 + 1 + 10)  # per pixel of a level: box, score, landmarks for each of 2 anchors


class Head(nn.Module):
    """Three fields of view joined (3x3, 5x5, 7x7 as chains of 3x3), then all answers of a level in one 1x1 convolution."""

    def __init__(self):
        super().__init__()
        self.near = Conv(NECK, NECK // 2, relu=False)
        self.mid = Conv(NECK, NECK // 4)
        self.mid_out = Conv(NECK // 4, NECK // 4, relu=False)
        self.far = Conv(NECK // 4, NECK // 4)
        self.far_out = Conv(NECK // 4, NECK // 4, relu=False)
        self.answers = nn.Conv2d(NECK, VALUES, 1)

    def forward(self, x):
        mid = self.mid(x)
        y = torch.cat([self.near(x), self.mid_out(mid), self.far_out(self.far(mid))], 1)
        return self.answers(F.relu(y))


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        w4, w8, w16, w32 = WIDTHS
        self.stem = Conv(12, w4, stride=2)                                  # [16,H/4,W/4]
        self.stage4 = nn.Sequential(Residual(w4))
        self.down8 = Conv(w4, w8, stride=2)                                 # [32,H/8,W/8]
        self.stage8 = nn.Sequential(Residual(w8))
        self.down16 = Conv(w8, w16, stride=2)                               # [64,H/16,W/16]
        self.stage16 = nn.Sequential(Residual(w16), Residual(w16))
        self.down32 = Conv(w16, w32, stride=2)                              # [80,H/32,W/32]
        self.stage32 = nn.Sequential(Residual(w32))
        self.skip8 = Conv(w8, NECK, kernel=1)
        self.skip16 = Conv(w16, NECK, kernel=1)
        self.skip32 = Conv(w32, NECK, kernel=1)
        self.merge16 = Conv(NECK, NECK)
        self.merge8 = Conv(NECK, NECK)
        self.head8 = Head()
        self.head16 = Head()
        self.head32 = Head()
        for head in (self.head8, self.head16, self.head32):
            nn.init.normal_(head.answers.weight, 0, 0.01)
            nn.init.zeros_(head.answers.bias)
            head.answers.bias.data[8:10] = -4.0                             # faces are rare

    def forward(self, x):
        """[N,3,H,W] -> for each stride [N,30,H/s,W/s]: boxes 2 x 4, score logits 2, landmarks 2 x 10."""
        x4 = self.stage4(self.stem(space_to_depth(x)))
        x8 = self.stage8(self.down8(x4))
        x16 = self.stage16(self.down16(x8))
        y32 = self.skip32(self.stage32(self.down32(x16)))
        y16 = self.merge16(self.skip16(x16) + F.interpolate(y32, scale_factor=2, mode="nearest"))
        y8 = self.merge8(self.skip8(x8) + F.interpolate(y16, scale_factor=2, mode="nearest"))
        return self.head8(y8), self.head16(y16), self.head32(y32)


def flat(answers):
    """The three levels' answers -> boxes [N,A,4], score logits [N,A], landmarks [N,A,10] in the order of anchors()."""
    boxes, scores, points = [], [], []
    for y in answers:
        y = y.permute(0, 2, 3, 1).float()                                   # [N,h,w,30]
        n = y.shape[0]
        boxes.append(y[..., 0:8].reshape(n, -1, 4))
        scores.append(y[..., 8:10].reshape(n, -1))
        points.append(y[..., 10:30].reshape(n, -1, 10))
    return torch.cat(boxes, 1), torch.cat(scores, 1), torch.cat(points, 1)


def anchors(h, w):
    """[A,4] centre x, centre y, width, height in pixels: level by level, row by row, the smaller anchor first."""
    made = []
    for stride, sizes in zip(STRIDES, ANCHOR_PX):
        rows, columns = -(-h // stride), -(-w // stride)
        y, x, size = np.meshgrid(np.arange(rows), np.arange(columns), sizes, indexing="ij")
        made.append(np.stack([(x + 0.5) * stride, (y + 0.5) * stride, size, size], -1).reshape(-1, 4))
    return np.concatenate(made).astype(np.float32)


@dataclass
class Faces:
    """boxes [F,4] left, top, right, bottom; scores [F]; points [F,5,2] x, y: all in pixels of one picture."""
    boxes: np.ndarray
    scores: np.ndarray
    points: np.ndarray

    def chosen(self, which):
        return Faces(self.boxes[which], self.scores[which], self.points[which])

    def moved(self, factor):
        return Faces(self.boxes * factor, self.scores.copy(), self.points * factor)

    def shifted(self, x, y):
        return Faces(self.boxes + [x, y, x, y], self.scores, self.points + [x, y])

    def sizes(self):
        """The longer side of each box."""
        return np.maximum(self.boxes[:, 2] - self.boxes[:, 0], self.boxes[:, 3] - self.boxes[:, 1])

    @staticmethod
    def joined(parts):
        return Faces(*(np.concatenate([getattr(p, k) for p in parts]) for k in ("boxes", "scores", "points")))


def decode(boxes, scores, points, anchor, score_min):
    """One picture's raw answers (scores as chances) -> Faces, before non-maximum suppression."""
    keep = scores >= score_min
    boxes, scores, points, anchor = boxes[keep], scores[keep], points[keep], anchor[keep]
    centre = anchor[:, :2] + boxes[:, :2] * VARIANCES[0] * anchor[:, 2:]
    half = anchor[:, 2:] * np.exp(boxes[:, 2:] * VARIANCES[1]) / 2
    points = points.reshape(-1, 5, 2) * VARIANCES[0] * anchor[:, None, 2:] + anchor[:, None, :2]
    return Faces(np.concatenate([centre - half, centre + half], 1), scores, points)


def overlap(a, b):
    """Boxes [A,4] and [B,4] -> intersection over union [A,B]."""
    size = np.clip(np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2]), 0, None)
    shared = size.prod(2)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(1), (b[:, 2:] - b[:, :2]).prod(1)
    return shared / np.maximum(area_a[:, None] + area_b[None] - shared, 1e-6)


def keep_best(faces, overlap_max=OVERLAP_MAX, most=750):
    """Non-maximum suppression: the best-scored face of each heap."""
    order = np.argsort(-faces.scores, kind="stable")[:4 * most]
    faces = faces.chosen(order)
    overlaps, kept = overlap(faces.boxes, faces.boxes), []
    free = np.ones(len(order), bool)
    for i in range(len(order)):
        if free[i]:
            kept.append(i)
            free &= overlaps[i] <= overlap_max
    return faces.chosen(np.array(kept[:most], int))
