"""generator.py - the two-path generator: a photo [N,3,H,W] RGB in [-1,1] -> a painting of the same shape.

H and W are multiples of 16. The caller clamps the output to [-1,1]. There is no normalisation at run time, so a pixel
depends on its receptive field alone. The module names are those that the model files carry (stem, b0, d, m, p, f, g, out).
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

MULTIPLE_OF = 16
BLOCK = 2
# name: (channels at 1/2 1/4 1/8 1/16, residual blocks at each)
TIERS = {
    "full": ((24, 48, 96, 128), (1, 1, 2, 3)),      # 23,952 MAC per pixel, 1.59 M parameters
    "live": ((16, 24, 48, 64), (0, 1, 2, 2)),       # for video: at most 8,000 MAC per pixel
}
EDGE = 0.3      # size of the random part beside the identity at the start


def conv3(inputs, outputs, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


class Residual(nn.Module):
    """x + conv(relu(conv(x))); starts as almost the identity."""

    def __init__(self, channels):
        super().__init__()
        self.a, self.b = conv3(channels, channels), conv3(channels, channels)
        with torch.no_grad():
            self.b.weight.mul_(0.1)

    def forward(self, x):
        return x + self.b(F.relu(self.a(x)))


def residuals(channels, count):
    return nn.Sequential(*[Residual(channels) for _ in range(count)])


class TwoPath(nn.Module):
    def __init__(self, k=TIERS["full"][0], n=TIERS["full"][1]):
        super().__init__()
        down = range(3)
        self.k, self.n = tuple(k), tuple(n)
        self.stem = conv3(12, k[0])                                            # style path
        self.b0 = residuals(k[0], n[0])
        self.d = nn.ModuleList(conv3(k[i], k[i + 1], 2) for i in down)         # content path
        self.m = nn.ModuleList(residuals(k[i + 1], n[i + 1]) for i in down)
        self.p = nn.ModuleList(nn.Conv2d(k[i + 1], k[i], 1) for i in down)     # to the next scale up
        self.g = nn.ModuleList(nn.Conv2d(k[i], k[i], 1) for i in down)         # content gates style
        self.f = nn.ModuleList(conv3(k[i], k[i]) for i in down)                # fuse
        self.out = nn.Sequential(Residual(k[0]), conv3(k[0], 12))
        self.start_as_identity()

    @torch.no_grad()
    def start_as_identity(self):
        """Let the photo through at the start: learning then spends its time on the difference to the painting."""
        for conv in (self.stem, self.f[0], self.out[1]):
            conv.weight.mul_(EDGE)
            conv.bias.zero_()
        signed = self.k[0] >= 24                   # room for relu(x) and relu(-x) of all 12 inputs
        for c in range(12):
            self.stem.weight[c, c, 1, 1] += 1
            self.out[1].weight[c, c, 1, 1] += 1
            if signed:
                self.stem.weight[c + 12, c, 1, 1] -= 1
                self.out[1].weight[c, c + 12, 1, 1] -= 1
        if not signed:                             # shift into relu's range and back
            self.stem.bias[:12] += 1
            self.out[1].bias -= 1
        for c in range(24 if signed else 12):
            self.f[0].weight[c, c, 1, 1] += 2      # the gate starts near sigmoid(0) = 1/2
        self.p[0].weight.mul_(EDGE)
        self.g[0].weight.mul_(EDGE)

    def forward(self, x):                                                      # [N,3,H,W]
        style = [self.b0(F.relu(self.stem(F.pixel_unshuffle(x, 2))))]          # [N,k0,H/2,W/2]
        for down, blocks in zip(self.d, self.m):
            style.append(blocks(F.relu(down(style[-1]))))                      # k1 @ 1/4, k2 @ 1/8, k3 @ 1/16
        y = style[3]                                                           # [N,k3,H/16,W/16]
        for i in (2, 1, 0):
            content = F.interpolate(self.p[i](y), scale_factor=2, mode="bilinear", align_corners=False)
            gate = torch.sigmoid(self.g[i](content))
            y = F.relu(self.f[i](style[i] * gate + content))                   # [N,ki,H/2^(i+1),W/2^(i+1)]
        return F.pixel_shuffle(self.out(y), 2)                                 # [N,3,H,W]


def make(tier):
    if tier not in TIERS:
        raise ValueError(f"expected one of {', '.join(TIERS)} for tier, got {tier!r}")
    return TwoPath(*TIERS[tier])


def load(path):
    """Weights in torch's names and layouts, or a model file of export.py -> the generator, with its own k and n."""
    from model_file import block_order, read_safetensors
    metadata, arrays = read_safetensors(path)
    state = {name: torch.from_numpy(value.astype("f4")) for name, value in arrays.items()}
    if "graph" in metadata:
        back = torch.from_numpy(block_order(3, BLOCK).argsort())
        state = {name: v.permute(0, 3, 1, 2) if v.ndim == 4 else v for name, v in state.items()}
        state["stem.weight"] = state["stem.weight"][:, back]
        for name in ("out.1.weight", "out.1.bias"):
            state[name] = state[name][back]
    k = [state[name].shape[0] for name in ("stem.bias", "d.0.bias", "d.1.bias", "d.2.bias")]
    n = [sum(f"{blocks}.{i}.a.bias" in state for i in range(9)) for blocks in ("b0", "m.0", "m.1", "m.2")]
    network = TwoPath(k, n)
    network.load_state_dict(state)
    return network


def mac_per_pixel(k, n):
    """Multiplications of all convolutions per pixel of the photo; the out block has one residual block and one conv."""
    total = (9 * 12 * k[0] + 18 * n[0] * k[0] ** 2) / 4
    for i in range(3):
        coarse, fine = 4 ** -(i + 2), 4 ** -(i + 1)
        total += coarse * (9 * k[i] * k[i + 1] + 18 * n[i + 1] * k[i + 1] ** 2 + k[i] * k[i + 1])
        total += fine * (9 + 1) * k[i] ** 2
    return total + (18 * k[0] ** 2 + 9 * 12 * k[0]) / 4
