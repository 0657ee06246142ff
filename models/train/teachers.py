"""teachers.py - the published networks that the students learn from: 8-bit RGB picture -> 8-bit RGB painting.

Files are read from ../shared/data/teachers (see its SOURCES.md for their terms); nothing of them enters the repository.
CartoonGAN is a torch port (bf16 convolutions, f32 statistics); AnimeGANv3 runs in onnxruntime after its fp16 weights
and casts were rewritten to fp32, which is twice as fast on a CPU.
"""
import numpy as np
import torch
import torch.nn.functional as F

MULTIPLE_OF = 8


def pad_to_multiple(picture, multiple=MULTIPLE_OF):
    """[H,W,3] u8 -> the same, replicated at the right and bottom so that both sides are multiples."""
    h, w = picture.shape[:2]
    return np.pad(picture, ((0, -h % multiple), (0, -w % multiple), (0, 0)), mode="edge")


def to_u8(value):
    return np.clip(np.rint(value), 0, 255).astype(np.uint8)


class CartoonGan:
    """CartoonGAN (MIT / Apache-2.0). Its instance norms take their statistics from the whole picture, which tints whole
    regions; after fix_statistics() every picture is painted with the same ones, and a pixel depends on what is near it."""

    def __init__(self, path, device="cpu"):
        from safetensors.torch import load_file
        self.device = device
        self.w = {k: v.float().to(device) for k, v in load_file(path).items()}
        self.gathered = None       # norm: [(mean, deviation) of each picture], while they are gathered
        self.fixed = None          # norm: (mean, variance)

    def fix_statistics(self, pictures):
        """From now on: the mean of the means and of the deviations that these pictures have, each normed by its own."""
        self.fixed, self.gathered = None, {}
        for picture in pictures:
            self(picture)
        stack = {name: [torch.stack(v).mean(0) for v in zip(*found)] for name, found in self.gathered.items()}
        self.fixed = {name: (mean, deviation.square()) for name, (mean, deviation) in stack.items()}
        self.gathered = None

    def conv(self, name, x, stride=1, reflect=0, pad=0):
        if reflect:
            x = F.pad(x, (reflect,) * 4, mode="reflect")
        weight, bias = self.w[name + ".weight"], self.w[name + ".bias"]
        return F.conv2d(x, weight, bias, stride, pad)

    def up(self, name, x):
        return F.conv_transpose2d(x, self.w[name + ".weight"], self.w[name + ".bias"], 2, 1, 1)

    def norm(self, name, x):
        """Instance norm: for one picture a batch norm with the batch's own statistics is the same, and much faster."""
        if self.gathered is not None:
            values = x.float()
            found = values.mean((0, 2, 3)), values.std((0, 2, 3), unbiased=False)
            self.gathered.setdefault(name, []).append(found)
        mean, variance = self.fixed[name] if self.fixed else (None, None)
        return F.batch_norm(x, mean, variance, self.w[name + ".scale"], self.w[name + ".shift"], not self.fixed, eps=1e-9)

    def forward(self, x):                                              # [1,3,H,W] BGR in [-1,1]
        y = F.relu(self.norm("in01_1", self.conv("conv01_1", x, reflect=3)))
        y = self.conv("conv02_2", self.conv("conv02_1", y, 2, pad=1), pad=1)
        y = F.relu(self.norm("in02_1", y))
        y = self.conv("conv03_2", self.conv("conv03_1", y, 2, pad=1), pad=1)
        y = F.relu(self.norm("in03_1", y))                             # [1,256,H/4,W/4]
        for i in range(4, 12):
            r = F.relu(self.norm(f"in{i:02d}_1", self.conv(f"conv{i:02d}_1", y, reflect=1)))
            y = y + self.norm(f"in{i:02d}_2", self.conv(f"conv{i:02d}_2", r, reflect=1))
        y = F.relu(self.norm("in12_1", self.conv("deconv01_2", self.up("deconv01_1", y), pad=1)))
        y = F.relu(self.norm("in13_1", self.conv("deconv02_2", self.up("deconv02_1", y), pad=1)))
        return torch.tanh(self.conv("deconv03_1", y, reflect=3).float())

    @torch.no_grad()
    def __call__(self, picture):
        h, w = picture.shape[:2]
        x = torch.from_numpy(pad_to_multiple(picture)[..., ::-1].copy()).to(self.device)
        x = (x.float() / 127.5 - 1).permute(2, 0, 1)[None].to(memory_format=torch.channels_last)
        with torch.autocast(self.device.split(":")[0], dtype=torch.bfloat16):
            y = self.forward(x)[0]
        y = ((y + 1) * 127.5).permute(1, 2, 0).cpu().numpy()[..., ::-1]
        return to_u8(y)[:h, :w]


class AnimeGan3:
    """AnimeGANv3 (non-commercial), ONNX, NHWC RGB in [-1,1], sides multiples of 8."""

    def __init__(self, path, threads=1):
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = ort.InferenceSession(rewrite_to_f32(path), options, ["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name

    def __call__(self, picture):
        h, w = picture.shape[:2]
        x = (pad_to_multiple(picture).astype(np.float32) / 127.5 - 1)[None]
        y = self.session.run(None, {self.name: x})[0][0]
        return to_u8((y + 1) * 127.5)[:h, :w]


def rewrite_to_f32(path):
    """The bytes of an ONNX file whose fp16 tensors, casts and values are fp32."""
    import onnx
    from onnx import TensorProto, numpy_helper
    model = onnx.load(path)
    half, single = TensorProto.FLOAT16, TensorProto.FLOAT

    def widen(tensor):
        if tensor.data_type == half:
            wide = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name)
            tensor.CopyFrom(wide)

    for tensor in model.graph.initializer:
        widen(tensor)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                widen(attribute.t)
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == half:
                attribute.i = single
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        if value.type.tensor_type.elem_type == half:
            value.type.tensor_type.elem_type = single
    return model.SerializeToString()
