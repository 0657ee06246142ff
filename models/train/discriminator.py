"""discriminator.py - PatchGAN: a painting [N,3,H,W] in [-1,1] -> one realness value per patch [N,1,H/8,W/8].

Each value sees 38x38 pixels: line ends, line width and flatness, not the scene. It judges the luma and its slopes beside
the colours, because lines are what the other losses leave weak.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from losses import luma


class PatchGan(nn.Module):
    def __init__(self, channels=32):
        super().__init__()
        c = channels
        norm = nn.utils.parametrizations.spectral_norm
        self.layers = nn.ModuleList([
            norm(nn.Conv2d(4, c, 4, 2, 1)),
            norm(nn.Conv2d(c, 2 * c, 4, 2, 1)),
            norm(nn.Conv2d(2 * c, 4 * c, 4, 2, 1)),
        ])
        self.score = nn.Conv2d(4 * c, 1, 3, 1, 1)

    def forward(self, x):                                              # [N,3,H,W]
        y = luma(x)
        slope = F.pad(y[..., 1:] - y[..., :-1], (0, 1)).abs() + F.pad(y[..., 1:, :] - y[..., :-1, :], (0, 0, 0, 1)).abs()
        h = torch.cat([x, slope], 1)
        for layer in self.layers:
            h = F.leaky_relu(layer(h), 0.2)                            # [N,32,H/2,W/2] [N,64,H/4,W/4] [N,128,H/8,W/8]
        return self.score(h)
