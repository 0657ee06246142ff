"""calibrate_parser.py - checkpoints of train_parser.py -> the mean of their averaged weights, with logits' biases that fit the
training faces as they are.

    calibrate_parser.py one.pt another.pt --out parser.pt      (runs from one start: others have no mean)

Training draws rare classes more often, dresses portraits in them and weighs them: the network then answers glasses, brows or hats
too readily. One bias a class, fitted by plain cross entropy on unchanged training faces, takes that back (logit adjustment, Menon
et al., Long-tail learning via logit adjustment, ICLR 2021).
"""
import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import faces_data as data
from evaluate_faces import parser_figures, print_parser
from export_faces import load_parser
from parser import CLASSES, INPUT_PX

PLACES = 1500             # of a face, drawn evenly
PULL = 1e-4               # towards no change
STEPS = 60
SEED = 3


@torch.no_grad()
def answers(network, names):
    """Logits [P,19] and classes [P] at places of unchanged faces."""
    rng, logits, labels = np.random.default_rng(SEED), [], []
    for name in names:
        small = data.read_face(name, INPUT_PX)
        answer = network(torch.from_numpy(data.to_input([small])).permute(0, 3, 1, 2))[0]
        mask = data.read_mask(name)
        y, x = rng.integers(0, answer.shape[-1], (2, PLACES))
        at = (np.stack([y, x]) + 0.5) * mask.shape[0] / answer.shape[-1]
        logits.append(answer[:, y, x].T)
        labels.append(torch.from_numpy(mask[tuple(at.astype(int))].astype(np.int64)))
    return torch.cat(logits), torch.cat(labels)


def fitted(logits, labels):
    """[19]: what is added to the logits."""
    biases = torch.zeros(len(CLASSES), requires_grad=True)
    optimiser = torch.optim.LBFGS([biases], max_iter=STEPS)

    def loss():
        optimiser.zero_grad()
        value = F.cross_entropy(logits + biases, labels) + PULL * biases.square().sum()
        value.backward()
        return value
    optimiser.step(loss)
    return biases.detach() - biases.detach()[CLASSES.index("skin")]


def mean_of(paths):
    states = [torch.load(path, weights_only=False)["average"] for path in paths]
    return {key: torch.stack([s[key] for s in states]).mean(0) if value.is_floating_point() else value
            for key, value in states[0].items()}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("checkpoints", type=Path, nargs="+")
    options.add_argument("--out", type=Path, required=True, help="the checkpoint that is made")
    arguments = options.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    average = mean_of(arguments.checkpoints)
    torch.save({"average": average}, arguments.out)
    network = load_parser(arguments.out)
    print_parser("before", parser_figures(network))
    biases = fitted(*answers(network, data.face_names()[0]))
    print({name: round(float(value), 2) for name, value in zip(CLASSES, biases)})
    average["logits.bias"] += biases
    torch.save({"average": average}, arguments.out)
    print_parser("after", parser_figures(load_parser(arguments.out)))


if __name__ == "__main__":
    main()
