"""crops.py - cached pairs (photo, painting) -> random training batches; new pairs are taken up as they appear."""
import glob
import os

import cv2
import numpy as np
import torch


class Crops:
    """source: a folder of u8 [2,H,W,3] .npy pairs, or one .npz of JPEGs (see prepare_data.py)."""

    def __init__(self, source, crop_px, seed, degrade=0.25):
        self.source, self.crop_px, self.degrade = source, crop_px, degrade
        self.rng = np.random.default_rng(seed)
        self.pairs, self.names = [], set()
        self.reload()
        if not self.pairs:
            raise SystemExit(f"expected pairs in {source}, found none: run prepare_data.py first")

    def reload(self):
        if self.source.endswith(".npz"):
            if not self.pairs:
                with np.load(self.source) as archive:
                    for name in archive.files:
                        both = cv2.imdecode(archive[name], cv2.IMREAD_COLOR)[..., ::-1]
                        self.pairs.append(np.stack(np.split(both, 2, axis=1)))
        else:
            for path in sorted(glob.glob(os.path.join(self.source, "*.npy"))):
                if path not in self.names and not path.endswith(".part.npy"):
                    self.names.add(path)
                    pair = np.load(path)
                    if min(pair.shape[1:3]) >= self.crop_px:
                        self.pairs.append(pair)
        areas = np.array([p.shape[1] * p.shape[2] for p in self.pairs], np.float64)
        self.share = np.sqrt(areas) / np.sqrt(areas).sum() if len(areas) else areas
        return len(self.pairs)

    def damaged(self, photo):
        """What a cheap camera or a messenger does to the photo; the painting stays that of the clean photo."""
        if self.rng.random() < 0.5:
            quality = int(self.rng.integers(40, 90))
            jpeg = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            photo = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[..., ::-1]
        elif self.rng.random() < 0.5:
            noise = self.rng.standard_normal(photo.shape, np.float32) * self.rng.uniform(2, 10)
            photo = np.clip(photo + noise, 0, 255).astype(np.uint8)
        else:
            photo = cv2.GaussianBlur(photo, (0, 0), self.rng.uniform(0.4, 1.0))
        return photo

    def batch(self, count):
        """-> photo, painting: f32 [count,3,crop,crop] in [-1,1], channels last."""
        c = self.crop_px
        out = np.empty((2, count, c, c, 3), np.uint8)
        for n, i in enumerate(self.rng.choice(len(self.pairs), count, p=self.share)):
            pair = self.pairs[i]
            y, x = (int(self.rng.integers(0, s - c + 1)) for s in pair.shape[1:3])
            pair = pair[:, y : y + c, x : x + c]
            if self.rng.random() < 0.5:
                pair = pair[:, :, ::-1]
            photo = np.ascontiguousarray(pair[0])
            out[0, n] = self.damaged(photo) if self.rng.random() < self.degrade else photo
            out[1, n] = pair[1]
        both = torch.from_numpy(out).permute(0, 1, 4, 2, 3).float() / 127.5 - 1
        return [v.contiguous(memory_format=torch.channels_last) for v in both]
