"""muon.py - the optimiser: orthogonalised momentum for convolution weights (Jordan et al. 2024), Adam for the rest.

A convolution's step is its momentum with all singular values made about 1, so directions that appear rarely (thin lines)
move as fast as the common ones. Measured here: see README.md.
"""
import torch

# Quintic Newton-Schulz iteration whose fixed band is [0.7, 1.2]; coefficients from Jordan's description of Muon.
QUINTIC = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


def orthogonalise(g):                                                  # [rows, columns]
    a, b, c = QUINTIC
    x = g.bfloat16()
    wide = x.size(0) <= x.size(1)
    x = x if wide else x.t()
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.t()
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if wide else x.t()).float()


class Muon(torch.optim.Optimizer):
    """Parameter groups need "matrix": True (convolution weights) or False (Adam)."""

    def __init__(self, groups, momentum=0.95, betas=(0.9, 0.99)):
        super().__init__(groups, dict(momentum=momentum, betas=betas, lr=1e-3))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if group["matrix"]:
                    self.matrix_step(p, state, group)
                else:
                    self.adam_step(p, state, group)

    @staticmethod
    def matrix_step(p, state, group):
        m = state.setdefault("momentum", torch.zeros_like(p))
        m.lerp_(p.grad, 1 - group["momentum"])
        g = p.grad.lerp(m, group["momentum"]).flatten(1)
        scale = max(1.0, g.size(0) / g.size(1)) ** 0.5
        p.add_(orthogonalise(g).view_as(p), alpha=-group["lr"] * scale)

    @staticmethod
    def adam_step(p, state, group):
        b1, b2 = group["betas"]
        if not state:
            state.update(step=0, mean=torch.zeros_like(p), square=torch.zeros_like(p))
        state["step"] += 1
        state["mean"].lerp_(p.grad, 1 - b1)
        state["square"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
        mean = state["mean"] / (1 - b1 ** state["step"])
        square = state["square"] / (1 - b2 ** state["step"])
        p.addcdiv_(mean, square.sqrt() + 1e-8, value=-group["lr"])


def groups_of(network, matrix_lr, other_lr):
    """First and last convolution work on pixels, not features: they go with Adam, as biases do."""
    pixels = {id(network.stem.weight), id(network.out[1].weight)}
    matrix = [p for p in network.parameters() if p.ndim == 4 and id(p) not in pixels]
    chosen = {id(p) for p in matrix}
    other = [p for p in network.parameters() if id(p) not in chosen]
    return [dict(params=matrix, lr=matrix_lr, top_lr=matrix_lr, matrix=True),
            dict(params=other, lr=other_lr, top_lr=other_lr, matrix=False)]
