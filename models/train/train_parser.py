"""train_parser.py - shared/data/faces -> a checkpoint of the face parser (averaged weights), measured on the held-out tenth.

With --teacher it also learns what train_parser_teacher.py's network says of the very crops that it sees: where hair, hat, face,
clothes and background are. With --from it goes on from published weights or another checkpoint's averaged ones.
Runs on one CPU thread in bf16 (AVX-512 BF16 or AMX) with f32 master weights. The checkpoint holds everything that --resume needs.
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
from evaluate_faces import parser_figures, print_parser
from export_faces import load_parser
from parser import CLASSES, INPUT_PX, OUTPUT_STRIDE, Parser, unfold
from parser_teacher import STRIDE, ParserTeacher, at_size, group_chances

MINUTES = 42              # of training, of the process's own time; the learning rate follows it
BATCH = 8
LEARNING_RATE = 2e-3
WARMUP_STEPS = 200
WEIGHT_DECAY = 1e-2
AVERAGE_DECAY = 0.999     # of the averaged weights (EMA)
DICE_WEIGHT = 0.7
AUX_WEIGHT = 0.3
HARD_SHARE = 0.5          # the share of pixels, hardest first, that the cross entropy counts
RARE = {3: 2.0, 14: 4.0, 15: 2.0, 16: 5.0}   # class -> how much more often its pictures are drawn
SCENE_SHARE = 0.4         # of the crops get the background of another photo
WORN_SHARE = 0.35         # of the crops wear the hat, glasses, necklace or earrings of another portrait
HEAD_SHARE = 0.35         # of the faces look out of another portrait's head and surroundings
TINT_SHARE = 0.5          # of the hats and clothes change their colour
HAIR_TINT_SHARE = 0.2     # of the heads of hair do
BEND_SHARE = 0.5          # of the crops are bent out of shape
BEND = 0.07               # by how much, about: deviation of a grid's knots, in its cells
DROP = 0.05               # of the channels at 1/16 and of the first merge, in every step
TRUTH_WEIGHT, TEACHER_WEIGHT = 0.5, 3.0   # beside a teacher: of the loss above, and of the teacher's
START_BATCHES = 12        # of crops, whose statistics the norms of published weights start with
CACHE_PX = 320
SEED = 4
REPORT_STEPS = 50
SAVE_MINUTES = 7


def load(names):
    pictures = np.stack([data.read_face(n, CACHE_PX) for n in names])
    masks = np.stack([data.read_mask(n) for n in names])
    return pictures, masks


class Wardrobe:
    """What the training portraits wear, and backgrounds: both are exchanged between them (copy-paste augmentation,
    Ghiasi et al. 2021). The portraits are aligned by the same landmarks, so that a thing fits where it was."""

    WORN = (3, 14, 15, 16)
    HAT, HAIR, CLOTH = 14, 13, 18
    FACE = tuple(CLASSES.index(name) for name in ("skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "mouth", "u_lip",
                                                  "l_lip"))

    def __init__(self, pictures, masks, share):
        self.pictures, self.masks, self.share = pictures, masks, share
        self.wearers = {c: [i for i, m in enumerate(masks) if (m == c).sum() > 100] for c in self.WORN}
        scenes = data.scene_paths()[0]
        self.scenes = [data.shrink_to(data.read_rgb(p), 640) for p in scenes[::max(1, len(scenes) // 250)]]

    def scene(self, rng):
        """A part of a photo without a held-out scene, CACHE_PX wide."""
        photo = self.scenes[rng.integers(len(self.scenes))]
        side = int(min(photo.shape[:2]) * rng.uniform(0.35, 1))
        y, x = (rng.integers(0, n - side + 1) for n in photo.shape[:2])
        return cv2.resize(photo[y:y + side, x:x + side], (CACHE_PX, CACHE_PX), interpolation=cv2.INTER_AREA)

    def change(self, picture, mask, rng):
        if rng.random() < WORN_SHARE * self.share:
            picture, mask = self.wear(picture, mask, rng)
        if rng.random() < SCENE_SHARE * self.share:
            scene = data.change_light(self.scene(rng), rng)
            picture = blended(picture, scene, mask == 0)
        if rng.random() < HEAD_SHARE * self.share:
            other, face = rng.integers(len(self.pictures)), np.isin(mask, self.FACE)
            picture, mask = blended(self.pictures[other], picture, face), np.where(face, mask, self.masks[other])
        for part, share in ((self.HAT, TINT_SHARE), (self.CLOTH, TINT_SHARE), (self.HAIR, HAIR_TINT_SHARE)):
            if rng.random() < share * self.share and (mask == part).any():
                picture = blended(picture, tinted(picture, rng), mask == part)
        return picture, mask

    def wear(self, picture, mask, rng):
        worn = self.WORN[rng.choice(4, p=(0.2, 0.4, 0.15, 0.25))]
        if (mask == worn).any() or not self.wearers[worn]:
            return picture, mask
        donor = self.wearers[worn][rng.integers(len(self.wearers[worn]))]
        other, other_mask = self.pictures[donor], self.masks[donor]
        take = other_mask == worn
        if worn == self.HAT:     # what stands behind the hat comes with it: hair of one's own must not stick out above
            lowest = np.where(take.any(0), mask.shape[0] - take[::-1].argmax(0), 0)          # of each column
            above = np.arange(mask.shape[0])[:, None] < lowest[None]
            side = ~take.any(0)[None] & (np.arange(mask.shape[0])[:, None] < np.median(lowest[lowest > 0]) * 0.8)
            take = take | ((above | side) & np.isin(mask, (0, self.HAIR)) & np.isin(other_mask, (0, self.HAIR)))
        else:
            take &= mask != self.HAT
        mask = np.where(take, other_mask, mask)
        return blended(picture, other, take), mask


def blended(below, above, where):
    """above where a [512,512] mask says so, its edge as soft as the pictures' resolution."""
    soft = cv2.resize(where.astype(np.float32), (CACHE_PX, CACHE_PX), interpolation=cv2.INTER_AREA)[..., None]
    return (below + (above.astype(np.float32) - below) * soft + 0.5).astype(np.uint8)


def tinted(picture, rng):
    """Another hue, saturation and brightness, the same shading."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(0, 180)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.5, 1.5) + rng.uniform(0, 60), 0, 255)
    hsv[..., 2] = np.clip(hsv[..., 2] * rng.uniform(0.6, 1.4), 0, 255)
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)


PIXELS = np.stack(np.meshgrid(np.arange(INPUT_PX), np.arange(INPUT_PX)), -1).astype(np.float32)     # [y,x]: (x,y)


def bent(pixels, rng):
    """Places [N,N,2] moved by a smooth random field, as over a grid of 3 to 6 knots a side."""
    knots = rng.integers(3, 7)
    deviation = BEND * rng.uniform(0.6, 1.4) * INPUT_PX / knots
    field = rng.normal(0, deviation, (knots, knots, 2)).astype(np.float32)
    return pixels + cv2.resize(field, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_CUBIC)


def example(picture, mask, rng):
    """One picture of CACHE_PX and its mask of 512 -> a changed picture and mask, both INPUT_PX."""
    degrees = np.clip(rng.normal(0, 9), -25, 25)
    scale = np.exp(rng.normal(0, 0.09))
    shift = rng.normal(0, 0.03, 2)
    c, s = np.cos(np.deg2rad(degrees)) * scale, np.sin(np.deg2rad(degrees)) * scale
    turn = np.array([[c, -s], [s, c]])
    if rng.random() < 0.5:
        turn = turn @ np.array([[-1, 0], [0, 1]])
        mask = data.MIRROR[mask]
    border = cv2.BORDER_REFLECT_101 if rng.random() < 0.8 else cv2.BORDER_REPLICATE
    places = bent(PIXELS, rng) if rng.random() < BEND_SHARE else PIXELS
    places = ((places + 0.5) / INPUT_PX - 0.5 - shift) @ np.linalg.inv(turn).T + 0.5      # in sides of the source
    warped = []
    for source, way in ((picture, cv2.INTER_LINEAR), (mask, cv2.INTER_NEAREST)):
        at = (places * source.shape[0] - 0.5).astype(np.float32)
        warped.append(cv2.remap(source, at[..., 0], at[..., 1], way, borderMode=border))
    picture, mask = warped
    if rng.random() < 0.85:
        picture = data.change_light(picture, rng)
    if rng.random() < 0.25:
        picture = data.shade(picture, rng, mask != 0)
    return data.lose_quality(picture, rng), mask


def odds_of(masks, strength=1.0):
    """How often each picture is drawn: those with rare classes more often."""
    odds = np.ones(len(masks))
    for rare, factor in RARE.items():
        odds[[(m == rare).sum() > 100 for m in masks]] *= factor ** strength
    return odds / odds.sum()


def batch_of(wardrobe, odds, rng):
    chosen = rng.choice(len(odds), BATCH, p=odds)
    made = [example(*wardrobe.change(wardrobe.pictures[i], wardrobe.masks[i], rng), rng) for i in chosen]
    x = torch.from_numpy(data.to_input([p for p, _ in made])).permute(0, 3, 1, 2)
    return x, torch.from_numpy(np.stack([m for _, m in made]).astype(np.int64))


def class_weights(masks):
    share = np.bincount(masks[:, ::4, ::4].ravel(), minlength=len(CLASSES)) / masks[:, ::4, ::4].size
    weights = (0.05 / np.maximum(share, 1e-5)) ** 0.35
    return torch.tensor(np.clip(weights, 0.5, 4.0), dtype=torch.float32)


def every_second(logits, labels, row, column):
    """Logits at 1/2 and labels [N,H,W] -> both at every second pixel of H x W, from (row, column).

    The same values as logits_at() gives there, for a quarter of the work.
    """
    def between(x, dim, first):
        n = x.shape[dim]
        near = torch.cat([x.narrow(dim, 0, 1), x.narrow(dim, 0, n - 1)] if first == 0 else
                         [x.narrow(dim, 1, n - 1), x.narrow(dim, n - 1, 1)], dim)
        return 0.75 * x + 0.25 * near
    return between(between(logits.float(), 2, row), 3, column), labels[:, row::2, column::2]


def parse_loss(logits, labels, weights):
    """Cross entropy of the hardest pixels + soft dice over the classes that the batch holds."""
    log_chance = logits.log_softmax(1)
    true_log = log_chance.gather(1, labels[:, None])[:, 0]
    cross = (-true_log * weights[labels]).flatten()
    hard = torch.topk(cross, int(cross.numel() * HARD_SHARE), sorted=False).values.mean()
    held = torch.bincount(labels.flatten(), minlength=len(CLASSES))
    shared = torch.zeros(len(CLASSES)).index_add(0, labels.flatten(), true_log.exp().flatten())
    dice = 1 - (2 * shared + 20) / (log_chance.exp().sum((0, 2, 3)) + held + 20)
    present = held > 0
    return hard + DICE_WEIGHT * dice[present].mean()


def teacher_loss(logits, answer):
    """Cross entropy of the chances of groups of classes, in the middle between the two networks' resolutions."""
    cells = answer.shape[-1] * STRIDE // (2 * OUTPUT_STRIDE)
    chances = group_chances(F.avg_pool2d(logits.float(), logits.shape[-1] // cells))
    return -(group_chances(at_size(answer, cells)) * torch.log(chances + 1e-6)).sum(1).mean()


def read_teacher(path):
    teacher = ParserTeacher().eval()
    teacher.load_state_dict(torch.load(path, weights_only=False)["average"])
    return teacher


def networks(start, batches):
    """The network that is trained, and its average: new, or from published weights or a checkpoint's averaged ones."""
    if start is None:
        network = Parser()
    elif start.suffix == ".safetensors":
        network = unfold(load_parser(start), torch.cat([next(batches)[0] for _ in range(START_BATCHES)]))
    else:
        network = Parser()
        network.load_state_dict(torch.load(start, weights_only=False)["average"])
    average = Parser()
    average.load_state_dict(network.state_dict())
    drop = torch.nn.Dropout2d(DROP)
    for part in (network.stage16, network.merge8):
        part.register_forward_hook(lambda module, inputs, y: drop(y) if module.training else y)
    return network.to(memory_format=torch.channels_last), average.to(memory_format=torch.channels_last)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True, help="the checkpoint file")
    options.add_argument("--resume", action="store_true", help="go on from --out")
    options.add_argument("--from", dest="start", type=Path, help="published weights (.safetensors) or a checkpoint to begin with")
    options.add_argument("--teacher", type=Path, help="what train_parser_teacher.py wrote")
    options.add_argument("--truth", type=float, default=TRUTH_WEIGHT, help="beside a teacher: the masks' weight in the loss")
    options.add_argument("--plain", action="store_true", help="for the end: portraits drawn evenly, plain cross entropy")
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--minutes", type=float, default=MINUTES)
    options.add_argument("--rate", type=float, default=LEARNING_RATE)
    options.add_argument("--exchange", type=float, default=1.0, help="times the shares of exchanged things; less at the end")
    arguments = options.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pictures, masks = load(data.face_names()[0])
    wardrobe = Wardrobe(pictures, masks, arguments.exchange)
    odds = odds_of(masks, 0.0 if arguments.plain else 1.0)
    weights = torch.ones(len(CLASSES)) if arguments.plain else class_weights(masks)
    rng = np.random.default_rng(arguments.seed)
    teacher = read_teacher(arguments.teacher) if arguments.teacher else None
    network, average = networks(arguments.start, iter(lambda: batch_of(wardrobe, odds, rng), None))
    optimiser = torch.optim.AdamW(network.parameters(), arguments.rate, weight_decay=WEIGHT_DECAY)
    step, before_s = 0, 0.0
    if arguments.resume:
        saved = torch.load(arguments.out, weights_only=False)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        step, before_s = saved["step"], saved["seconds"]
        rng = np.random.default_rng(arguments.seed + step)
    commit = data.source_commit()
    start, saved_at, first = time.process_time(), time.process_time(), step

    def save():
        torch.save({"network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
                    "step": step, "seconds": before_s + time.process_time() - start, "seed": arguments.seed, "commit": commit,
                    "versions": [sys.version, torch.__version__, cv2.__version__]}, arguments.out)

    while True:
        progress = (time.process_time() - start) / (60 * arguments.minutes)
        if progress >= 1:
            break
        rate = arguments.rate * min(1, (step + 1) / WARMUP_STEPS) * (0.5 + 0.5 * np.cos(np.pi * progress))
        for group in optimiser.param_groups:
            group["lr"] = max(rate, 1e-5)
        x, labels = batch_of(wardrobe, odds, rng)
        network.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits, aux4, aux8 = network(x.to(memory_format=torch.channels_last))
        pixels = every_second(logits, labels, *rng.integers(0, 2, 2))
        loss = F.cross_entropy(*pixels) if arguments.plain else parse_loss(*pixels, weights)
        for aux in (aux4, aux8):
            near = labels[:, 1::INPUT_PX // aux.shape[-1], 1::INPUT_PX // aux.shape[-1]]
            loss = loss + AUX_WEIGHT * F.cross_entropy(aux.float(), near, weights)
        if teacher:
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                answer = teacher(x.to(memory_format=torch.channels_last))
            loss = arguments.truth * loss + TEACHER_WEIGHT * teacher_loss(logits, answer)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        step += 1
        decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            for kept, new in zip(average.state_dict().values(), network.state_dict().values()):
                kept.lerp_(new, 1 - decay) if kept.is_floating_point() else kept.copy_(new)
        if step % REPORT_STEPS == 0:
            print(f"step {step} loss {loss.item():.4f} rate {rate:.2e} "
                  f"{(time.process_time() - start) / (step - first):.3f} s/step", flush=True)
        if time.process_time() - saved_at > 60 * SAVE_MINUTES:
            save()
            print_parser(f"step {step}", parser_figures(average.eval()))
            saved_at = time.process_time()
    save()
    print_parser(f"done, step {step}", parser_figures(average.eval()))


if __name__ == "__main__":
    main()
