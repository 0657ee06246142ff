"""measures.py - two pictures -> one figure: what evaluate.py reports, in numpy and free of any network. u8 RGB [H,W,3]."""
import cv2
import numpy as np

LINE_THRESHOLD = 1.5


def psnr(a, b):
    mse = np.square(a.astype(np.float64) - b).mean()
    return 10 * np.log10(255**2 / max(mse, 1e-12))


def luma(picture):
    return picture.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])


def lines(picture):
    """Dark-line response: how much darker a place is than its surroundings, at ink width."""
    y = luma(picture)
    wide, narrow = (cv2.GaussianBlur(y, (0, 0), s, borderType=cv2.BORDER_REFLECT) for s in (2.4, 0.8))
    return np.maximum(0, wide - narrow - LINE_THRESHOLD)


def edges(picture):
    y = luma(picture)
    return np.hypot(cv2.Sobel(y, cv2.CV_32F, 1, 0), cv2.Sobel(y, cv2.CV_32F, 0, 1))


def gradient_energy(picture):
    return float(np.square(edges(picture)).mean())


def correlation(a, b):
    a, b = a.ravel() - a.mean(), b.ravel() - b.mean()
    return float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-9))


def lab(picture):
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).astype(np.float64)


def ciede2000(a, b):
    """Colour difference of two Lab arrays [...,3] (Sharma, Wu and Dalal 2005, equations 2 to 22)."""
    l1, a1, b1 = np.moveaxis(a, -1, 0)
    l2, a2, b2 = np.moveaxis(b, -1, 0)
    c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    g = 0.5 * (1 - np.sqrt(c7 / (c7 + 25.0**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(y, x)) % 360 for y, x in ((b1, a1), (b2, a2)))
    grey = c1 * c2 == 0
    dh = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    dl, dc = l2 - l1, c2 - c1
    dhh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh) / 2)
    l, c = (l1 + l2) / 2, (c1 + c2) / 2
    far = np.abs(h1 - h2) > 180
    h = np.where(grey, h1 + h2, np.where(far, (h1 + h2 + np.where(h1 + h2 < 360, 360, -360)) / 2, (h1 + h2) / 2))
    cos = lambda degrees: np.cos(np.radians(degrees))
    t = 1 - 0.17 * cos(h - 30) + 0.24 * cos(2 * h) + 0.32 * cos(3 * h + 6) - 0.20 * cos(4 * h - 63)
    sl = 1 + 0.015 * (l - 50) ** 2 / np.sqrt(20 + (l - 50) ** 2)
    sc, sh = 1 + 0.045 * c, 1 + 0.015 * c * t
    c7 = c**7
    rt = -2 * np.sqrt(c7 / (c7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2))))
    x, y, z = dl / sl, dc / sc, dhh / sh
    return np.sqrt(np.maximum(0, x * x + y * y + z * z + rt * y * z))
