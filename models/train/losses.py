"""losses.py - painting and target [N,3,H,W] in [-1,1] -> the named parts of the composite loss.

Each part is a mean over pixels; LAMBDA in the training run weighs them. All sums are taken in f32.
"""
import functools

import torch
import torch.nn.functional as F

LUMA = (0.299, 0.587, 0.114)
LINE_SIGMAS = (2.4, 0.8)               # ink lines: darker than their surroundings at this width
LINE_THRESHOLD = 1.5 / 127.5           # 1.5 of 255
INK_VARIANCE = (1 / 127.5) ** 2        # of a crop with hardly a line: its error counts less


def luma(x):
    r, g, b = LUMA
    return r * x[:, :1] + g * x[:, 1:2] + b * x[:, 2:]                  # [N,1,H,W]


def gaussian_taps(sigma):
    radius = int(3 * sigma + 0.5)
    t = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    return t / t.sum()


@functools.lru_cache(maxsize=16)
def blur_matrix(size_px, sigma):
    """[size,size]: a row of pixels times this is the row blurred, mirrored at its ends."""
    taps = gaussian_taps(sigma)
    radius = taps.numel() // 2
    matrix = torch.zeros(size_px, size_px)
    for out in range(size_px):
        for tap, weight in enumerate(taps):
            at = abs(out + tap - radius)
            matrix[min(at, 2 * (size_px - 1) - at), out] += weight
    return matrix


def blur(x, sigma):
    """As matrix products: on a CPU several times faster than convolutions of one channel."""
    rows, columns = (blur_matrix(n, sigma).to(x) for n in x.shape[-2:])
    return rows.t() @ (x @ columns)


def line_response(y):
    """Luma [N,1,H,W] -> strength of dark lines, the measure that evaluate.py reports."""
    wide, narrow = LINE_SIGMAS
    return F.relu(blur(y, wide) - blur(y, narrow) - LINE_THRESHOLD)


def sobel(y):
    """Luma [N,1,H,W] -> [N,2,H-2,W-2] horizontal and vertical slope per pixel."""
    down = y[..., :-2, :] + 2 * y[..., 1:-1, :] + y[..., 2:, :]
    across = y[..., :-2] + 2 * y[..., 1:-1] + y[..., 2:]
    return torch.cat([down[..., 2:] - down[..., :-2], across[..., 2:, :] - across[..., :-2, :]], 1) / 8


def slopes_l1(a, b):
    d = a - b
    return (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()


def parts(painting, target):
    """content: each pixel; style: slopes at three scales (texture and shading); edge: Sobel slopes where the target has
    edges; line, ink: dark lines; colour: local mean colours; all against the target. line is the plain error, whose best guess
    is a median: half-hearted lines; ink is squared, as a share of each target's own variance: about 1 - correlation^2, and
    pictures with faint lines count as much as others."""
    p, t = (v.float().contiguous() for v in (painting, target))
    p2, t2 = F.avg_pool2d(p, 2), F.avg_pool2d(t, 2)
    p4, t4 = F.avg_pool2d(p2, 2), F.avg_pool2d(t2, 2)
    yp, yt = luma(p), luma(t)
    sp, st = sobel(yp), sobel(yt)
    strength = st.square().sum(1, keepdim=True).sqrt()
    weight = strength / (strength.mean((2, 3), keepdim=True) + 1e-3)
    lp, lt = line_response(yp), line_response(yt)
    return {
        "content": (p - t).abs().mean(),
        "style": slopes_l1(p, t) + slopes_l1(p2, t2) + slopes_l1(p4, t4),
        "edge": ((sp - st).abs() * weight.clamp(max=4)).mean(),
        "line": (lp - lt).abs().mean(),
        "ink": ((lp - lt).square().mean((1, 2, 3)) / (lt.var((1, 2, 3)) + INK_VARIANCE)).mean(),
        "colour": (F.avg_pool2d(p4, 2) - F.avg_pool2d(t4, 2)).abs().mean(),
    }


def realness(logits, is_real):
    """Least-squares adversarial loss (Mao et al. 2017)."""
    return (logits.float() - (1.0 if is_real else 0.0)).square().mean()
