"""faces_paste.py - photos and cut-out faces -> training pictures of the detector whose faces are known exactly.

A picture is a turned and scaled piece of a photo with 0 to 10 portraits pasted in: cut out by their masks, at 10 to 420 px,
turned up to 100 degrees, squeezed, turned away, in their own light, some wearing a mask or dark glasses. Boxes and landmarks
of a pasted face are the teacher's on the upright portrait, moved by the pasting transform: so turned faces, which the teacher
misses, have true answers. Boxes of turned faces surround the ellipse that fills the upright box. The photos' own faces are
shown as they are, or with somebody else's head in their place.
"""
from dataclasses import dataclass, field

import cv2
import numpy as np

import faces_data as data
from detector import Faces

FACE_PX = (10, 420)       # longer side of a pasted face's box
TURN_DEGREES = 100
HIDDEN_MAX = 0.45         # a face hidden more than this is neither an answer nor a mistake
SURE, DOUBTFUL = 0.95, 0.15   # the teacher's scores: surely a face; a region not to learn from (it takes some shirts for faces)
FLIPPED = [1, 0, 2, 4, 3]
NECK_AND_CLOTH = (16, 17, 18)
EXCHANGED, EXCHANGE_LEAST_PX = 0.4, 14   # share of the photos' own faces that get another's; the smallest
SIDEWAYS = 0.2            # from which the eyes' distance over the box's size allows a portrait in a face's place
AWAY, AWAY_DEGREES = 0.3, (15, 50)       # share of portraits turned away from the camera, and how far
LOOKED_AT_PX = (14, 240)  # a face that a piece of a photo is chosen for


@dataclass
class Scene:
    picture: np.ndarray   # [S,S,3] u8
    faces: Faces          # to be found
    unsure: np.ndarray    # [U,4] boxes where any answer is right
    wrong: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))   # [W,4] boxes that only look like faces


class Photo:
    """A photo in memory with the teacher's answers in its pixels, and what a person says of some: marked faces have score 1,
    wrong: boxes that are none."""

    def __init__(self, picture, faces, long_side_px, wrong=np.zeros((0, 4))):
        self.picture = data.shrink_to(picture, long_side_px)
        factor = self.picture.shape[1] / picture.shape[1]
        faces = faces.moved(factor)
        self.faces = faces.chosen(faces.scores >= SURE)
        self.unsure = faces.boxes[(faces.scores < SURE) & (faces.scores >= DOUBTFUL)]
        self.wrong = wrong * factor


def turned_boxes(boxes, m):
    """Boxes under the 2x3 transform m: around the image of the ellipse that fills each box."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 @ m[:, :2].T + m[:, 2]
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    reach = np.sqrt((half ** 2) @ (m[:, :2] ** 2).T)
    return np.concatenate([centre - reach, centre + reach], 1)


def moved_faces(faces, m):
    points = faces.points @ m[:, :2].T + m[:, 2]
    if np.linalg.det(m[:, :2]) < 0:
        points = points[:, FLIPPED]
    return Faces(turned_boxes(faces.boxes, m), faces.scores, points)


def transform(size_from, to, scale_x, scale_y, degrees, flip):
    """2x3: the point size_from/2 goes to `to`, scaled, then turned."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    unit = np.array([[c, -s], [s, c]]) @ np.diag([-scale_x if flip else scale_x, scale_y])
    return np.column_stack([unit, np.asarray(to) - unit @ (np.asarray(size_from) / 2)])


def warp(source, m, size, border):
    """Pixels under m into a picture of size (w, h)."""
    m = m.copy()
    m[:, 2] += m[:, :2] @ [0.5, 0.5] - 0.5                       # cv2's pixel centres lie on whole numbers
    return cv2.warpAffine(source, m, size, flags=cv2.INTER_LINEAR, borderMode=border)


class Portrait:
    """An aligned portrait in memory, with its mask and the teacher's answer, at 512 px and at the halves of it."""

    def __init__(self, picture, mask, face):
        self.levels = []
        while picture.shape[0] >= 32:
            self.levels.append((picture, mask, face))
            half = picture.shape[0] // 2
            picture = cv2.resize(picture, (half, half), interpolation=cv2.INTER_AREA)
            mask, face = mask[::2, ::2], face.moved(0.5)

    def level(self, face_px):
        """The smallest level that need not be enlarged for a face of face_px."""
        for picture, mask, face in reversed(self.levels):
            if face.sizes()[0] >= face_px:
                return picture, mask, face
        return self.levels[0]


def turned_away(picture, mask, face, rng):
    """A portrait as if the head were turned about its own axis: its middle as the picture on a standing cylinder."""
    box, size_px = face.boxes[0], picture.shape[0]
    middle, radius = (box[0] + box[2]) / 2, 0.62 * (box[2] - box[0])
    turn = np.deg2rad(rng.uniform(*AWAY_DEGREES)) * (1 if rng.random() < 0.5 else -1)
    x = (np.arange(size_px, dtype=np.float32) + 0.5 - middle) / radius
    angle = np.clip(np.arcsin(np.clip(x, -1, 1)) - turn, -np.pi / 2, np.pi / 2)
    source = np.where(abs(x) < 1, np.sin(angle), x) * radius + middle - 0.5
    columns = np.broadcast_to(source.astype(np.float32), (size_px, size_px))
    rows = np.broadcast_to(np.arange(size_px, dtype=np.float32)[:, None], (size_px, size_px))
    moved = lambda v: middle + radius * np.sin(np.clip(np.arcsin(np.clip((v - middle) / radius, -1, 1)) + turn, -np.pi / 2, np.pi / 2))
    points, boxes = face.points.copy(), face.boxes.copy()
    points[..., 0], boxes[:, [0, 2]] = moved(points[..., 0]), moved(boxes[:, [0, 2]])
    picture = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.remap(mask, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return picture, mask, Faces(boxes, face.scores, points)


def similarity(source, target):
    """The 2x3 similarity that carries points [5,2] to others with the least squares."""
    p, q = source - source.mean(0), target - target.mean(0)
    a = (p @ [1, -1j] * (q @ [1, 1j])).sum() / (p ** 2).sum()
    unit = np.array([[a.real, -a.imag], [a.imag, a.real]])
    return np.column_stack([unit, target.mean(0) - unit @ source.mean(0)])


def own_colours(pixels, inside, wanted, where):
    """Pixels with the mean and spread that other pixels have, each channel of Lab on its own, most of the way."""
    source, target = (cv2.cvtColor(v, cv2.COLOR_RGB2LAB).astype(np.float32) for v in (pixels, wanted))
    a, b = source[inside], target[where]
    gain = np.clip(b.std(0) / np.maximum(a.std(0), 1), 0.6, 1.4)
    matched = (source - a.mean(0)) * gain + 0.15 * a.mean(0) + 0.85 * b.mean(0)
    return cv2.cvtColor(np.clip(matched, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)


def exchange(scene, portraits, rng):
    """Some of the scene's own faces become somebody else's: a portrait's head, in its light, on the body that is there."""
    h, w = scene.picture.shape[:2]
    for i in range(len(scene.faces.scores)):
        points, size = scene.faces.points[i], scene.faces.sizes()[i]
        sideways = np.linalg.norm(points[1] - points[0]) < SIDEWAYS * size
        if sideways or size < EXCHANGE_LEAST_PX or size > 0.9 * h or rng.random() > EXCHANGED:
            continue
        picture, mask, face = portraits[rng.integers(len(portraits))].level(size)
        if rng.random() < 0.5:
            picture, mask = picture[:, ::-1], data.MIRROR[mask[:, ::-1]]
            face = moved_faces(face, np.array([[-1.0, 0, picture.shape[1]], [0, 1, 0]]))
        if rng.random() < AWAY:
            picture, mask, face = turned_away(np.ascontiguousarray(picture), np.ascontiguousarray(mask), face, rng)
        m = similarity(face.points[0], points)
        moved = moved_faces(face, m)
        l, t, r, b = (np.concatenate([moved.boxes[0, :2] - 0.8 * size, moved.boxes[0, 2:] + 0.8 * size])).astype(int)
        l, t, r, b = max(l, 0), max(t, 0), min(r, w), min(b, h)
        if r - l < 8 or b - t < 8:
            continue
        m = m - np.array([[0, 0, l], [0, 0, t]])
        part = scene.picture[t:b, l:r]
        pixels = warp(np.ascontiguousarray(picture), m, (r - l, b - t), cv2.BORDER_REPLICATE)
        head = np.where((mask != 0) & ~np.isin(mask, NECK_AND_CLOTH), 255, 0).astype(np.uint8)
        skin = warp(np.isin(mask, (1, 2)).astype(np.uint8) * 255, m, (r - l, b - t), cv2.BORDER_CONSTANT) > 127
        if np.count_nonzero(skin) < 20:
            continue
        pixels = own_colours(pixels, skin, part, skin)
        share = warp(head, m, (r - l, b - t), cv2.BORDER_CONSTANT)
        share = cv2.GaussianBlur(share, (0, 0), max(0.6, 0.03 * size))[..., None] / np.float32(255)
        part[:] = (part + share * (pixels.astype(np.float32) - part)).astype(np.uint8)
        scene.faces.boxes[i], scene.faces.points[i] = moved.boxes[0], moved.points[0]
    return scene


def background(photos, size_px, rng):
    """A turned, scaled piece of one of the photos."""
    photo = photos[rng.integers(len(photos))]
    h, w = photo.picture.shape[:2]
    scale = np.exp(rng.uniform(np.log(0.35), np.log(1.6)))
    degrees = rng.uniform(-90, 90) if rng.random() < 0.25 else rng.normal(0, 8)
    centre = np.array([w, h]) / 2
    looked_at = photo.faces.boxes if len(photo.faces.scores) else photo.wrong
    if len(looked_at) and rng.random() < 0.7:                     # look at a face rather than at an empty wall
        box = looked_at[rng.integers(len(looked_at))]
        centre = (box[:2] + box[2:]) / 2
        scale = np.exp(rng.uniform(*np.log(LOOKED_AT_PX))) / (box[2:] - box[:2]).max()
        scale = max(np.clip(scale, 0.35, 2.5), 0.75 * size_px / min(h, w))
        centre = centre + rng.uniform(-0.4, 0.4, 2) * size_px / scale
    else:
        scale = max(scale, 0.75 * size_px / min(h, w))
        centre = centre + rng.uniform(-0.5, 0.5, 2) * np.maximum(np.array([w, h]) - 0.5 * size_px / scale, 0.4 * size_px / scale)
    m = transform(centre * 2, (size_px / 2, size_px / 2), scale, scale, degrees, rng.random() < 0.5)
    border = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT
    source, shrunk = photo.picture, m
    while scale <= 0.5:                                           # by area, or fine patterns would turn into noise
        source = cv2.resize(source, (source.shape[1] // 2, source.shape[0] // 2), interpolation=cv2.INTER_AREA)
        shrunk, scale = shrunk @ np.diag([2.0, 2.0, 1.0]), scale * 2
    picture = warp(source, shrunk, (size_px, size_px), border)
    return Scene(picture, moved_faces(photo.faces, m), turned_boxes(photo.unsure, m), turned_boxes(photo.wrong, m))


def dress(portrait, points, rng):
    """A face mask, dark glasses or a patch over a part of the face, drawn into the portrait."""
    portrait = portrait.copy()
    colour = [int(v) for v in (rng.integers(0, 256, 3) if rng.random() < 0.5 else (rng.integers(150, 256),) * 3)]
    left, right, nose, mouth_left, mouth_right = points
    eye = np.linalg.norm(right - left)
    what = rng.random()
    if what < 0.5:
        down = (mouth_left + mouth_right) / 2 - (left + right) / 2
        chin = (mouth_left + mouth_right) / 2 + 0.55 * down
        top = nose - rng.uniform(-0.05, 0.35) * down
        side = 0.95 * (right - left)
        outline = [top, nose + side * 0.9 - 0.15 * down, mouth_right + 0.35 * side, chin + 0.35 * side, chin + 0.1 * down,
                   chin - 0.35 * side, mouth_left - 0.35 * side, nose - side * 0.9 - 0.15 * down]
        cv2.fillPoly(portrait, [np.array(outline, np.int32)], colour, cv2.LINE_AA)
    elif what < 0.8:
        dark = [int(v) for v in rng.integers(0, 60, 3)]
        size = (int(eye * rng.uniform(0.3, 0.42)), int(eye * rng.uniform(0.22, 0.34)))
        for p in (left, right):
            cv2.ellipse(portrait, (int(p[0]), int(p[1])), size, 0, 0, 360, dark, -1, cv2.LINE_AA)
        cv2.line(portrait, left.astype(int).tolist(), right.astype(int).tolist(), dark, max(1, int(eye * 0.06)))
    else:
        a = (points.mean(0) + rng.normal(0, 0.6, 2) * eye).astype(int)
        size = (rng.uniform(0.2, 0.7, 2) * eye).astype(int)
        cv2.rectangle(portrait, (a - size).tolist(), (a + size).tolist(), colour, -1)
    return portrait


def cut_out(portrait, mask, rng):
    """A portrait and its classes -> how much of each pixel is pasted, 0 to 255."""
    size_px = mask.shape[0]
    how = rng.random()
    if how < 0.5:
        alpha = np.where(mask != 0, 255, 0).astype(np.uint8)
    elif how < 0.75:
        alpha = np.where((mask != 0) & ~np.isin(mask, NECK_AND_CLOTH), 255, 0).astype(np.uint8)
    else:
        alpha = np.zeros(mask.shape, np.uint8)
        edge = rng.integers(0, size_px // 6, 4)
        alpha[edge[0]:size_px - edge[1], edge[2]:size_px - edge[3]] = 255
    return cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.6, 2.0))


def crowds(box, others):
    """Whether a box shares more than a quarter of the smaller box with one of the others."""
    size = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None).prod(1)
    area = np.minimum((box[2:] - box[:2]).prod(), (others[:, 2:] - others[:, :2]).prod(1))
    return bool((size > 0.25 * area).any())


def paste(scene, portrait, rng, face_px, centre):
    """One portrait into the scene; returns its moved face and what it covers, or None where it does not fit."""
    size_px = scene.picture.shape[0]
    picture, mask, face = portrait.level(face_px)
    if rng.random() < AWAY:
        picture, mask, face = turned_away(picture, mask, face, rng)
    squeeze = rng.uniform(0.72, 1) if rng.random() < 0.25 else 1.0
    degrees = rng.uniform(-TURN_DEGREES, TURN_DEGREES) if rng.random() < 0.5 else rng.normal(0, 12)
    scale = face_px / face.sizes()[0]
    m = transform(face.boxes[0, :2] + face.boxes[0, 2:], centre, scale * squeeze, scale, degrees, rng.random() < 0.5)
    moved = moved_faces(face, m)
    if crowds(moved.boxes[0], np.concatenate([scene.faces.boxes, scene.unsure])):
        return None
    if rng.random() < 0.2:
        picture = dress(picture, face.points[0], rng)
    picture = data.change_light(picture, rng, 1.3)
    if rng.random() < 0.15:
        picture = data.shade(picture, rng)
    side = picture.shape[0]
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ m[:, :2].T + m[:, 2]
    l, t = np.clip(np.floor(corners.min(0)), 0, size_px).astype(int)
    r, b = np.clip(np.ceil(corners.max(0)), 0, size_px).astype(int)
    m = m - np.array([[0, 0, l], [0, 0, t]])
    alpha = warp(cut_out(picture, mask, rng), m, (int(r - l), int(b - t)), cv2.BORDER_CONSTANT)
    pixels = warp(picture, m, (int(r - l), int(b - t)), cv2.BORDER_REPLICATE)
    part = scene.picture[t:b, l:r]
    share = alpha[..., None].astype(np.float32) / 255
    part[:] = (part + share * (pixels.astype(np.float32) - part)).astype(np.uint8)
    return moved, (slice(t, b), slice(l, r)), alpha > 127


def hidden_share(box, covered):
    """The share of a box outside the picture or covered by what was pasted later."""
    size = covered.shape[0]
    l, t, r, b = np.clip(np.rint(box), 0, size).astype(int)
    seen = (r - l) * (b - t) - np.count_nonzero(covered[t:b, l:r])
    return 1 - seen / max((box[2] - box[0]) * (box[3] - box[1]), 1e-3)


def worsen(scene, size_px, rng):
    """Another light, a shadow, and a camera's and a file's losses, at times."""
    if rng.random() < 0.6:
        scene.picture = data.change_light(scene.picture, rng, 0.8)
    if rng.random() < 0.15:
        scene.picture = data.shade(scene.picture, rng)
    scene.picture = data.lose_quality(scene.picture, rng, smallest_px=int(0.6 * size_px))
    return scene


def make_scene(photos, crowded, portraits, size_px, rng):
    """photos: of any kind; crowded: those with faces; portraits: Portraits."""
    scene = background(crowded if rng.random() < 0.4 else photos, size_px, rng)
    scene = exchange(scene, portraits, rng)
    covers = [np.zeros((size_px, size_px), bool) for _ in scene.faces.scores]
    chance = rng.random()
    count = 0 if chance < 0.35 else 1 if chance < 0.6 else int(rng.integers(2, 11))
    largest = FACE_PX[1] if count == 1 else 200 if count < 5 else 90
    for _ in range(count):
        portrait = portraits[rng.integers(len(portraits))]
        face_px = np.exp(rng.uniform(np.log(FACE_PX[0]), np.log(largest)))
        room = np.clip(face_px * 0.3, 0, size_px / 2 - 1)
        done = paste(scene, portrait, rng, face_px, rng.uniform(room, size_px - room, 2))
        if done is None:
            continue
        for cover in covers:
            cover[done[1]] |= done[2]
        covers.append(np.zeros((size_px, size_px), bool))
        scene.faces = Faces.joined([scene.faces, done[0]])
    shares = np.array([hidden_share(b, c) for b, c in zip(scene.faces.boxes, covers)])
    small = scene.faces.sizes() < 0.9 * FACE_PX[0]
    doubtful = (shares > HIDDEN_MAX) | small
    scene.unsure = np.concatenate([scene.unsure, scene.faces.boxes[doubtful & (shares < 0.97)]])
    scene.faces = scene.faces.chosen(~doubtful)
    scene.faces.boxes = np.clip(scene.faces.boxes, 0, size_px)
    return worsen(scene, size_px, rng)


# Where a face's points lie in its upright frame of 512 px: p2a_frame_landmarks_px of src/face/align.c.
FRAME_FACE_SIDE = 0.637   # mean side of an aligned face's box, in frames: src/pipeline/confirm.c
FRAME = np.array([(193.0, 244.0), (317.5, 244.0), (255.3, 322.5), (201.0, 375.0), (309.5, 375.0)])


def photo_from_frame(points, frame_px):
    """The similarity that carries the frame's points to these, with the least squares: p2a_align_face() of src/face/align.c."""
    m = similarity(FRAME, points)
    return np.column_stack([m[:, :2] * (512 / frame_px), m[:, 2]])


def inverse(m):
    unit = np.linalg.inv(m[:, :2])
    return np.column_stack([unit, -unit @ m[:, 2]])


def then(first, second):
    """2x3 transforms: first, then second."""
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


def jitter(frame_px, rng):
    """What coarse landmarks get wrong: a small turn, scale and shift about the frame's middle."""
    scale = np.exp(rng.normal(0, 0.13))
    to = (0.5 + rng.normal(0, 0.04, 2)) * frame_px
    return transform((frame_px, frame_px), to, scale, scale, np.clip(rng.normal(0, 9), -35, 35), rng.random() < 0.5)


def make_frame(photos, crowded, portraits, frame_px, rng):
    """A face cut out upright by coarse landmarks, as the second look of the detector sees it, or a piece of a photo."""
    none, photo = Faces(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2))), None
    chance = rng.random()
    if chance < 0.5:
        portrait = portraits[rng.integers(len(portraits))]
        picture, mask, face = portrait.levels[0 if rng.random() < 0.3 else 1]
        if rng.random() < AWAY:
            picture, mask, face = turned_away(picture, mask, face, rng)
        m = then(np.eye(2, 3) * (frame_px / picture.shape[0]), jitter(frame_px, rng))
        if rng.random() < 0.2:
            picture = dress(picture, face.points[0], rng)
        made = warp(picture, m, (frame_px, frame_px), cv2.BORDER_REFLECT_101)
        if rng.random() < 0.35:
            photo = background(photos, frame_px, rng)
            share = warp(cut_out(picture, mask, rng), m, (frame_px, frame_px), cv2.BORDER_CONSTANT)[..., None] / np.float32(255)
            made = (photo.picture + share * (made.astype(np.float32) - photo.picture)).astype(np.uint8)
        scene = Scene(made, moved_faces(face, m), np.zeros((0, 4)))
    elif chance < 0.75:                                           # a photo's own face
        photo = crowded[rng.integers(len(crowded))]
        face = photo.faces.chosen([rng.integers(len(photo.faces.scores))])
        m = then(inverse(photo_from_frame(face.points[0], frame_px)), jitter(frame_px, rng))
        made = warp(photo.picture, m, (frame_px, frame_px), cv2.BORDER_REPLICATE)
        scene = Scene(made, moved_faces(face, m), turned_boxes(photo.unsure, m), turned_boxes(photo.wrong, m))
    else:
        photo = photos[rng.integers(len(photos))]
        if len(photo.wrong) == 0 and rng.random() < 0.5:
            wrong = [p for p in photos if len(p.wrong)]
            photo = wrong[rng.integers(len(wrong))]
        if len(photo.wrong) and rng.random() < 0.8:               # what was taken for a face, as the second look sees it
            box = photo.wrong[rng.integers(len(photo.wrong))]
            scale = FRAME_FACE_SIDE * frame_px / (box[2:] - box[:2]).mean()
            scale, middle = scale * np.exp(rng.normal(0, 0.2)), (box[:2] + box[2:]) / 2
            m = transform(middle * 2, (frame_px / 2, 0.55 * frame_px), scale, scale, rng.normal(0, 25), rng.random() < 0.5)
            source, shrunk = photo.picture, m
            while scale <= 0.5:
                source = cv2.resize(source, (source.shape[1] // 2, source.shape[0] // 2), interpolation=cv2.INTER_AREA)
                shrunk, scale = shrunk @ np.diag([2.0, 2.0, 1.0]), scale * 2
            made = warp(source, shrunk, (frame_px, frame_px), cv2.BORDER_REPLICATE)
            scene = Scene(made, moved_faces(photo.faces, m), turned_boxes(photo.unsure, m), turned_boxes(photo.wrong, m))
        else:
            scene = background([photo], frame_px, rng)
        inside = (scene.faces.boxes > -0.2 * frame_px) & (scene.faces.boxes < 1.2 * frame_px)
        scene = Scene(scene.picture, scene.faces.chosen(inside.all(1)),
                      np.concatenate([scene.unsure, scene.faces.boxes[~inside.all(1)]]), scene.wrong)
        if len(scene.faces.scores) == 0:
            scene.faces = none
    if rng.random() < 0.6:
        scene.picture = data.change_light(scene.picture, rng)
    if rng.random() < 0.2:
        scene.picture = data.shade(scene.picture, rng)
    if rng.random() < 0.45:                                       # a small face, enlarged
        small_px = int(np.exp(rng.uniform(np.log(24), np.log(frame_px))))
        small = cv2.resize(scene.picture, (small_px, small_px), interpolation=cv2.INTER_AREA)
        scene.picture = cv2.resize(small, (frame_px, frame_px), interpolation=cv2.INTER_LINEAR)
    scene.picture = data.lose_quality(scene.picture, rng, smallest_px=frame_px // 2)
    return scene


def make_piece(photos, crowded, portraits, size_px, rng):
    """A piece of a photo, most with its own faces or others in their places."""
    scene = exchange(background(crowded if rng.random() < 0.75 else photos, size_px, rng), portraits, rng)
    shown = np.clip(scene.faces.boxes, 0, size_px)
    area = lambda boxes: (boxes[:, 2:] - boxes[:, :2]).prod(1)
    whole = (area(shown) > (1 - HIDDEN_MAX) * area(scene.faces.boxes)) & (scene.faces.sizes() >= 0.9 * FACE_PX[0])
    partly = (area(shown) > 0) & ~whole
    scene.unsure = np.concatenate([scene.unsure, shown[partly]])
    scene.faces = scene.faces.chosen(whole)
    return worsen(scene, size_px, rng)


def make_pieces(photos, crowded, portraits, size_px, rng):
    """Four pieces of photos in one picture: small faces where they belong."""
    return four(make_piece, photos, crowded, portraits, size_px, rng)


def make_frames(photos, crowded, portraits, size_px, rng):
    """Four upright frames in one picture."""
    return four(make_frame, photos, crowded, portraits, size_px, rng)


def four(make, photos, crowded, portraits, size_px, rng):
    half = size_px // 2
    parts = []
    picture = np.empty((size_px, size_px, 3), np.uint8)
    for y in (0, half):
        for x in (0, half):
            part = make(photos, crowded, portraits, half, rng)
            picture[y:y + half, x:x + half] = part.picture
            faces = part.faces.shifted(x, y)
            faces.boxes = np.clip(faces.boxes, [x, y, x, y], [x + half, y + half] * 2)
            unsure, wrong = (np.clip(v + [x, y, x, y], [x, y, x, y], [x + half, y + half] * 2) for v in (part.unsure, part.wrong))
            parts.append(Scene(part.picture, faces, unsure, wrong))
    unsure, wrong = (np.concatenate([getattr(p, k) for p in parts]) for k in ("unsure", "wrong"))
    return Scene(picture, Faces.joined([p.faces for p in parts]), unsure, wrong)
