"""train_parser_teacher.py - the published BiSeNetV2 and shared/data/faces -> the same network, used to our masks: what
train_parser.py --teacher learns from. Measured on the held-out tenth. Its weights enter nothing in the repository.

    train_parser_teacher.py --out teacher.pt
"""
import argparse
import copy
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import faces_data as data
from evaluate_faces import parser_figures, print_parser
from parser import INPUT_PX, OUTPUT_STRIDE
from parser_teacher import ParserTeacher, at_size
from train_parser import Wardrobe, batch_of, every_second, load, odds_of

MINUTES = 36              # of training, of the process's own time
LEARNING_RATE = 2e-4
WARMUP_STEPS = 100
WEIGHT_DECAY = 1e-3
AVERAGE_DECAY = 0.998
EXCHANGE = 0.5            # times train_parser.py's shares of exchanged things
RARE_STRENGTH = 0.5       # of how much more often rare classes are drawn there, as a power
SEED = 31
REPORT_MINUTES = 6


class AtHalf(torch.nn.Module):
    """The teacher with logits at half the input, as the parser has them, for evaluate_faces.py."""

    def __init__(self, teacher):
        super().__init__()
        self.teacher = teacher

    def forward(self, x):
        return at_size(self.teacher(x), INPUT_PX // OUTPUT_STRIDE)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="the checkpoint file")
    options.add_argument("--minutes", type=float, default=MINUTES)
    arguments = options.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pictures, masks = load(data.face_names()[0])
    wardrobe = Wardrobe(pictures, masks, EXCHANGE)
    odds = odds_of(masks, RARE_STRENGTH)
    rng = np.random.default_rng(SEED)
    network = ParserTeacher()
    average = copy.deepcopy(network)
    print_parser("as published", parser_figures(AtHalf(average)))
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    step, start, told = 0, time.process_time(), time.process_time()

    def save(tag):
        torch.save({"average": average.state_dict(), "step": step, "seed": SEED, "commit": data.source_commit()}, arguments.out)
        print_parser(f"{tag}, step {step}", parser_figures(AtHalf(average)))

    while (progress := (time.process_time() - start) / (60 * arguments.minutes)) < 1:
        rate = LEARNING_RATE * min(1, (step + 1) / WARMUP_STEPS) * (0.5 + 0.5 * np.cos(np.pi * progress))
        for group in optimiser.param_groups:
            group["lr"] = max(rate, 1e-6)
        x, labels = batch_of(wardrobe, odds, rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(x.to(memory_format=torch.channels_last))
        loss = F.cross_entropy(*every_second(at_size(logits, INPUT_PX // OUTPUT_STRIDE), labels, *rng.integers(0, 2, 2)))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            for kept, new in zip(average.parameters(), network.parameters()):
                kept.lerp_(new, 1 - min(AVERAGE_DECAY, (1 + step) / (10 + step)))
        if time.process_time() - told > 60 * REPORT_MINUTES:
            save("training")
            told = time.process_time()
    save("done")


if __name__ == "__main__":
    main()
