"""contact_sheet.py - one photo for each kind of face -> photo, faces off, faces on side by side, to be looked at.

    contact_sheet.py FOLDER [--styles anime,miyazaki,shinkai] [--character 0] [--set hair_color=0x1f6feb ...] [--cases profile,glasses]

Needs ../shared/data (held-out faces and scenes) and the demo photos of the npm package @vladmandic/face-api (npm ci); paints
with tests/native/p2a-convert. Writes FOLDER/STYLE-CASE.png (photo, off, on) and FOLDER/STYLE.jpg with all of them.
"""
import argparse
from pathlib import Path

import cv2
import numpy as np

import faces_data as data
from evaluate_painting import PROGRAM, ROOT, STYLES, paint

# ---- settings -------------------------------------------------------------------------------------------------------
SIDE_PX = 384                   # of a portrait; a face in it is about 240 px
DEMO = ROOT / "node_modules" / "@vladmandic" / "face-api" / "demo"
# number among the held-out faces
PORTRAITS = {"front": 18, "45-degrees": 79, "profile": 68, "glasses": 13, "dim": 28, "beard": 16, "dark-skin": 23,
             "light-skin": 0, "child": 40, "hat": 39}
GROUP = (1, 3, 10, 24, 36, 51, 54, 60)
GROUP_CELL_PX = 180
GROUP_FACE_PX = 112             # the crop; a face in it is about 70 px
TILTED, TILT_DEGREES = 4, 60
AT_BORDER, OUTSIDE = 11, 0.42   # this part of the crop's width is cut off
# ---------------------------------------------------------------------------------------------------------------------


def group():
    picture = cv2.resize(data.read_rgb(data.scene_paths()[1][3]), (4 * GROUP_CELL_PX, 2 * GROUP_CELL_PX), interpolation=cv2.INTER_AREA)
    names = data.face_names()[1]
    for i, number in enumerate(GROUP):
        x, y = (v * GROUP_CELL_PX + (GROUP_CELL_PX - GROUP_FACE_PX) // 2 for v in (i % 4, i // 4))
        picture[y : y + GROUP_FACE_PX, x : x + GROUP_FACE_PX] = data.read_face(names[number], GROUP_FACE_PX)
    return picture


def tilted():
    face = data.read_face(data.face_names()[1][TILTED])
    turn = cv2.getRotationMatrix2D((256, 256), TILT_DEGREES, 0.7)
    return cv2.resize(cv2.warpAffine(face, turn, (512, 512), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT_101), (SIDE_PX, SIDE_PX),
                      interpolation=cv2.INTER_AREA)


def at_border():
    return np.ascontiguousarray(data.read_face(data.face_names()[1][AT_BORDER], SIDE_PX)[:, int(OUTSIDE * SIDE_PX) :])


def drawing():
    """A face of a few strokes."""
    p = np.full((SIDE_PX, SIDE_PX, 3), 244, np.uint8)
    ink, c = (40, 30, 30), SIDE_PX // 2
    cv2.ellipse(p, (c, c + 10), (105, 135), 0, 0, 360, (255, 224, 196), -1, cv2.LINE_AA)
    cv2.ellipse(p, (c, c + 10), (105, 135), 0, 0, 360, ink, 3, cv2.LINE_AA)
    cv2.ellipse(p, (c, c - 60), (112, 90), 0, 180, 360, (90, 50, 30), -1, cv2.LINE_AA)
    for x in (c - 42, c + 42):
        cv2.ellipse(p, (x, c - 5), (22, 14), 0, 0, 360, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.ellipse(p, (x, c - 5), (22, 14), 0, 0, 360, ink, 2, cv2.LINE_AA)
        cv2.circle(p, (x, c - 5), 9, (60, 90, 160), -1, cv2.LINE_AA)
        cv2.ellipse(p, (x, c - 32), (26, 8), 0, 180, 360, ink, 4, cv2.LINE_AA)
    cv2.line(p, (c, c + 5), (c - 10, c + 42), ink, 2, cv2.LINE_AA)
    cv2.ellipse(p, (c, c + 78), (38, 14), 0, 0, 180, (170, 50, 60), -1, cv2.LINE_AA)
    return p


def demo(name, left, top, width, height, to_px):
    photo = data.read_rgb(DEMO / name)[top : top + height, left : left + width]
    return cv2.resize(photo, (to_px, round(to_px * height / width)), interpolation=cv2.INTER_AREA)


def cases():
    names = data.face_names()[1]
    yield from ((case, data.read_face(names[number], SIDE_PX)) for case, number in PORTRAITS.items())
    yield "group-of-8", group()
    yield "at-the-border", at_border()
    yield "tilted-60", tilted()
    yield "drawing", drawing()
    yield "no-face", cv2.resize(data.read_rgb(data.scene_paths()[1][7]), (512, 341), interpolation=cv2.INTER_AREA)
    yield "backlit", demo("sample2.jpg", 380, 30, 1480, 760, 900)
    yield "group-demo", demo("sample5.jpg", 300, 40, 1400, 1150, 800)
    yield "dark-background", demo("sample1.jpg", 340, 150, 1420, 640, 900)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    p.add_argument("--styles", default=",".join(STYLES))
    p.add_argument("--character", type=float, default=0)
    p.add_argument("--set", action="append", default=[])
    p.add_argument("--cases")
    p.add_argument("--program", type=Path, default=PROGRAM)
    arguments = p.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    wanted, options = arguments.cases and arguments.cases.split(","), dict(one.split("=") for one in arguments.set)
    for style in arguments.styles.split(","):
        rows = []
        for case, photo in cases():
            if wanted and case not in wanted:
                continue
            off, _ = paint(arguments, photo, style, False)
            on, found = paint(arguments, photo, style, True, character=arguments.character, **options)
            row = np.concatenate([photo, off, on], 1)
            cv2.imwrite(str(arguments.folder / f"{style}-{case}.png"), row[..., ::-1])
            rows.append(cv2.resize(row, (1152, round(1152 * row.shape[0] / row.shape[1])), interpolation=cv2.INTER_AREA))
            cv2.putText(rows[-1], case, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 0, 0), 2, cv2.LINE_AA)
            print(f"{style}: {case}, {len(found)} faces found, {int((found[:, 5] > 0).sum())} painted", flush=True)
        cv2.imwrite(str(arguments.folder / f"{style}.jpg"), np.concatenate(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])


if __name__ == "__main__":
    main()
