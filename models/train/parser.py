"""parser.py - the face parser: aligned portrait crop, RGB in [-1,1] -> logits of 19 CelebAMask-HQ classes at half its size.

Plain 3x3 convolutions (what XNNPACK runs fastest): a residual encoder at 1/2, 1/4, 1/8 and 1/16, a gate from the whole
picture's mean, and a decoder that adds the encoder's features on the way up. Batch norms exist for training only and are
folded into the convolutions on export. Shapes in comments are for a 256x256 input: about 1.2 G MAC.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

CLASSES = ("background", "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth",
           "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth")
MIRRORED = ((4, 5), (6, 7), (8, 9))   # the subject's left and right: they change places when a picture is flipped
INPUT_PX = 256
OUTPUT_STRIDE = 2                     # logits are at 1/2 of the input, resized by whoever needs more
WIDTHS = (24, 48, 96, 120)            # at 1/2, 1/4, 1/8, 1/16


class Conv(nn.Module):
    """3x3 or 1x1 convolution, batch norm, and relu where asked."""

    def __init__(self, inputs, outputs, kernel=3, stride=1, relu=True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.relu = relu

    def fold(self):
        """The norm, with the statistics that it has, becomes part of the convolution."""
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        self.conv.bias = nn.Parameter((self.norm.bias - self.norm.running_mean * scale).detach())
        self.conv.weight = nn.Parameter((self.conv.weight * scale[:, None, None, None]).detach())
        self.norm = nn.Identity()

    def forward(self, x):
        y = self.norm(self.conv(x))
        return F.relu(y) if self.relu else y


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.a = Conv(width, width)
        self.b = Conv(width, width, relu=False)

    def forward(self, x):
        return F.relu(x + self.b(self.a(x)))


def space_to_depth(x, block=2):
    """[N,C,H,W] -> [N,block*block*C,H/block,W/block]; channel (dy*block+dx)*C + c, as in nn/graph.h."""
    n, c, h, w = x.shape
    x = x.view(n, c, h // block, block, w // block, block)
    return x.permute(0, 3, 5, 1, 2, 4).reshape(n, c * block * block, h // block, w // block)


class Parser(nn.Module):
    def __init__(self):
        super().__init__()
        w2, w4, w8, w16 = WIDTHS
        self.stem = Conv(12, w2)                                              # [24,128,128]
        self.down4 = Conv(w2, w4, stride=2)                                   # [48,64,64]
        self.stage4 = nn.Sequential(Residual(w4), Residual(w4))
        self.down8 = Conv(w4, w8, stride=2)                                   # [96,32,32]
        self.stage8 = nn.Sequential(Residual(w8), Residual(w8))
        self.down16 = Conv(w8, w16, stride=2)                                 # [120,16,16]
        self.stage16 = nn.Sequential(Residual(w16))
        self.gate = nn.Linear(w16, w16)
        self.up8 = Conv(w16, 64, kernel=1, relu=False)
        self.skip8 = Conv(w8, 64, kernel=1, relu=False)
        self.merge8 = Conv(64, 64)                                            # [64,32,32]
        self.up4 = Conv(64, w4, kernel=1, relu=False)
        self.skip4 = Conv(w4, w4, kernel=1, relu=False)
        self.merge4 = nn.Sequential(Conv(w4, w4), Conv(w4, w4))               # [48,64,64]
        self.up2 = Conv(w4, w2, kernel=1, relu=False)
        self.skip2 = Conv(w2, w2, kernel=1, relu=False)
        self.merge2 = Conv(w2, w2)                                            # [24,128,128]
        self.logits = nn.Conv2d(w2, len(CLASSES), 1)
        self.aux8 = nn.Conv2d(64, len(CLASSES), 1)                            # training only
        self.aux4 = nn.Conv2d(w4, len(CLASSES), 1)                            # training only

    def forward(self, x):
        """[N,3,H,W], multiples of 16 -> logits [N,19,H/2,W/2]; in training also those at 1/4 and 1/8."""
        x2 = self.stem(space_to_depth(x))
        x4 = self.stage4(self.down4(x2))
        x8 = self.stage8(self.down8(x4))
        x16 = self.stage16(self.down16(x8))
        gate = torch.sigmoid(self.gate(x16.mean((2, 3))))
        x16 = x16 * gate[:, :, None, None]
        y8 = self.merge8(F.relu(self.skip8(x8) + upsample(self.up8(x16))))
        y4 = self.merge4(F.relu(self.skip4(x4) + upsample(self.up4(y8))))
        y2 = self.merge2(F.relu(self.skip2(x2) + upsample(self.up2(y4))))
        logits = self.logits(y2)
        return (logits, self.aux4(y4), self.aux8(y8)) if self.training else logits


def fold(network):
    """Without batch norms, for export and for training on from what was exported."""
    for block in network.modules():
        if isinstance(block, Conv):
            block.fold()
    return network


@torch.no_grad()
def unfold(folded, x):
    """A folded network -> one with batch norms again, which say the same and have the statistics of x: [N,3,H,W]."""
    network, modules = Parser(), dict(folded.named_modules())
    for name, module in network.named_modules():
        if isinstance(module, Conv):
            module.conv.weight.copy_(modules[name].conv.weight)
            module.norm.bias.copy_(modules[name].conv.bias)
        elif name.partition(".")[0] in ("gate", "logits"):
            module.weight.copy_(modules[name].weight)
            module.bias.copy_(modules[name].bias)

    def take_statistics(norm, inputs):
        mean, variance = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.add_(mean)
    hooks = [m.register_forward_pre_hook(take_statistics) for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    network.eval()(x)
    for hook in hooks:
        hook.remove()
    return network


def upsample(x, factor=2):
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def logits_at(logits, size_px):
    """Logits resized to size_px x size_px with half-pixel centres, as the C side does before its argmax."""
    return F.interpolate(logits.float(), size=(size_px, size_px), mode="bilinear", align_corners=False)
