"""The ADE20K training pipeline as mmsegmentation writes it (mmcv's calls of OpenCV and NumPy), one thread. Prints images a second."""
import random
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(0)


def resize(img, gt):
    ratio = np.random.random_sample() * 1.5 + 0.5
    scale = int(2048 * ratio), int(512 * ratio)
    h, w = img.shape[:2]
    factor = min(max(scale) / max(h, w), min(scale) / min(h, w))
    size = int(w * factor + 0.5), int(h * factor + 0.5)
    return cv2.resize(img, size, interpolation=cv2.INTER_LINEAR), cv2.resize(gt, size, interpolation=cv2.INTER_NEAREST)


def crop(img, gt, edge=512, cat_max_ratio=0.75):
    def box():
        y = np.random.randint(0, max(img.shape[0] - edge, 0) + 1)
        x = np.random.randint(0, max(img.shape[1] - edge, 0) + 1)
        return slice(y, y + edge), slice(x, x + edge)

    b = box()
    for _ in range(10):
        labels, counts = np.unique(gt[b], return_counts=True)
        counts = counts[labels != 255]
        if len(counts) > 1 and np.max(counts) / np.sum(counts) < cat_max_ratio:
            break
        b = box()
    return img[b], gt[b]


def convert(img, alpha=1, beta=0):
    return np.clip(img.astype(np.float32) * alpha + beta, 0, 255).astype(np.uint8)


def photometric(img):
    if random.randint(0, 1):
        img = convert(img, beta=random.uniform(-32, 32))
    mode = random.randint(0, 1)
    if mode == 1 and random.randint(0, 1):
        img = convert(img, alpha=random.uniform(0.5, 1.5))
    if random.randint(0, 1):
        img = cv2.cvtColor(img, cv2.COLOR_BGR2HSV)
        img[:, :, 1] = convert(img[:, :, 1], alpha=random.uniform(0.5, 1.5))
        img = cv2.cvtColor(img, cv2.COLOR_HSV2BGR)
    if random.randint(0, 1):
        img = cv2.cvtColor(img, cv2.COLOR_BGR2HSV)
        img[:, :, 0] = (img[:, :, 0].astype(int) + random.randint(-18, 17)) % 180
        img = cv2.cvtColor(img, cv2.COLOR_HSV2BGR)
    if mode == 0 and random.randint(0, 1):
        img = convert(img, alpha=random.uniform(0.5, 1.5))
    return img


mean = np.array([123.675, 116.28, 103.53]).reshape(1, -1)
stdinv = 1 / np.array([58.395, 57.12, 57.375]).reshape(1, -1)


def normalize(img):
    img = img.copy().astype(np.float32)
    cv2.cvtColor(img, cv2.COLOR_BGR2RGB, img)
    cv2.subtract(img, mean, img)
    cv2.multiply(img, stdinv, img)
    return img


def pad(img, gt, edge=512):
    h, w = img.shape[:2]
    img = cv2.copyMakeBorder(img, 0, edge - h, 0, edge - w, cv2.BORDER_CONSTANT, value=0)
    return img, cv2.copyMakeBorder(gt, 0, edge - h, 0, edge - w, cv2.BORDER_CONSTANT, value=255)


def pipeline(img, gt):
    img, gt = crop(*resize(img, gt))
    if np.random.rand() < 0.5:
        img, gt = cv2.flip(img, 1), cv2.flip(gt, 1)
    return pad(normalize(photometric(img)), gt)


file, width, height, count, rounds = sys.argv[1], *map(int, sys.argv[2:6])
raw = np.fromfile(file, np.uint8).reshape(count, 4, height, width)
samples = [(np.ascontiguousarray(r[:3].reshape(height, width, 3)), np.ascontiguousarray(r[3])) for r in raw]
for s in samples:
    pipeline(*s)
start = time.process_time()
for _ in range(rounds):
    for s in samples:
        pipeline(*s)
print(rounds * count / (time.process_time() - start))
