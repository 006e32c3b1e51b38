"""Augmentation on the GPU: crops, colours, low resolutions, erased parts, mixtures."""

import math
import random

import torch
from torch.nn import functional

GROUPS = 4  # images of a group are blurred, or reduced, by the same amount


def augment(images: torch.Tensor, size: int, strength: float) -> torch.Tensor:
    """uint8 [N, 3, H, W] to float32 [N, 3, size, size] in [0, 1].

    Args:
      strength: 0 (small crops and flips only) to 1.
    """
    cropped = _cropped(images.float() / 255, size, strength)
    for transform in (_with_thumbnails, _blurred, _coloured, _darkened, _noisy):
        cropped = transform(cropped, strength)
    return _erased(cropped.clamp(0, 1), strength)


def whole(images: torch.Tensor, size: int) -> torch.Tensor:
    """The images as the served network gets them."""
    return functional.interpolate(
        images.float() / 255, (size, size), mode="bilinear", antialias=True
    )


def _uniform(count, low, high, device):
    return torch.empty(count, device=device).uniform_(low, high)


def _cropped(images, size, strength):
    count, device = len(images), images.device
    side = _uniform(count, 1 - 0.55 * strength, 1.0, device)
    aspect = torch.exp(_uniform(count, -0.2, 0.2, device) * strength)
    height, width = (side * aspect).clamp(max=1), (side / aspect).clamp(max=1)
    down = (1 - height) * _uniform(count, -1, 1, device)
    right = (1 - width) * _uniform(count, -1, 1, device)
    turn = _uniform(count, -0.2, 0.2, device) * strength  # radians
    flip = torch.where(torch.rand(count, device=device) < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(turn), torch.sin(turn)
    theta = torch.stack(
        [
            torch.stack([width * cos * flip, -height * sin, right], 1),
            torch.stack([width * sin * flip, height * cos, down], 1),
        ],
        1,
    )
    grid = functional.affine_grid(theta, [count, 3, size, size], align_corners=False)
    return functional.grid_sample(
        images, grid, padding_mode="reflection", align_corners=False
    )


def _chosen(images, share):
    """Rows chosen at random, in GROUPS groups."""
    count = round(len(images) * share)
    return torch.randperm(len(images), device=images.device)[:count].chunk(GROUPS)


def _with_thumbnails(images, strength):
    """Some are reduced and enlarged again."""
    size = images.shape[-1]
    for rows in _chosen(images, 0.2 * strength):
        reduced = int(size * math.exp(random.uniform(-1.5, -0.1)))
        small = functional.interpolate(
            images[rows], (reduced, reduced), mode="bilinear", antialias=True
        )
        mode = "bilinear" if random.random() < 0.7 else "bicubic"
        images[rows] = functional.interpolate(small, (size, size), mode=mode)
    return images


def _blurred(images, strength):
    for rows in _chosen(images, 0.15 * strength):
        sigma = random.uniform(0.4, 2.2)
        reach = math.ceil(2.5 * sigma)
        offsets = torch.arange(-reach, reach + 1, device=images.device)
        kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
        kernel = (kernel / kernel.sum()).view(1, 1, 1, -1).repeat(3, 1, 1, 1)
        padded = functional.pad(images[rows], [reach] * 4, mode="reflect")
        across = functional.conv2d(padded, kernel, groups=3)
        images[rows] = functional.conv2d(across, kernel.transpose(2, 3), groups=3)
    return images


def _coloured(images, strength):
    """Contrast, saturation (sometimes 0), tint and brightness."""
    count, device = len(images), images.device
    shape = (count, 1, 1, 1)
    contrast = torch.exp(0.2 * strength * torch.randn(shape, device=device))
    saturation = (1 + 0.3 * strength * torch.randn(shape, device=device)).clamp(0, 2)
    coloured = torch.rand(shape, device=device) > 0.06 * strength
    saturation = saturation * coloured
    tint = torch.exp(0.06 * strength * torch.randn(count, 3, 1, 1, device=device))
    bright = strength * (
        0.1 * (2 * torch.rand(shape, device=device) - 1)
        + 0.02 * torch.randn(count, 3, 1, 1, device=device)
    )
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * saturation
    return (images - 0.5) * contrast * tint + 0.5 + bright


def _darkened(images, strength):
    shape = (len(images), 1, 1, 1)
    light = torch.exp(-1.4 * torch.rand(shape, device=images.device))
    which = torch.rand(shape, device=images.device) < 0.12 * strength
    return torch.where(which, images * light, images)


def _noisy(images, strength):
    shape = (len(images), 1, 1, 1)
    amount = 0.05 * torch.rand(shape, device=images.device)
    which = torch.rand(shape, device=images.device) < 0.1 * strength
    return images + torch.where(which, amount, 0) * torch.randn_like(images)


def _erased(images, strength):
    """A rectangle of one colour in some of the images."""
    count, size, device = len(images), images.shape[-1], images.device
    area = _uniform(count, 0.02, 0.2, device)
    aspect = torch.exp(_uniform(count, -0.7, 0.7, device))
    half = torch.stack([(area * aspect).sqrt() / 2, (area / aspect).sqrt() / 2], 1)
    some = torch.rand(count, 1, device=device) < 0.25 * strength
    half = torch.where(some, half, -1)
    middle = torch.rand(count, 2, device=device)
    places = (torch.arange(size, device=device) + 0.5) / size
    rows = (places - middle[:, :1]).abs() < half[:, :1]
    columns = (places - middle[:, 1:]).abs() < half[:, 1:]
    inside = (rows[:, :, None] & columns[:, None, :])[:, None]
    return torch.where(inside, torch.rand(count, 3, 1, 1, device=device), images)


def mixed(
    images: torch.Tensor, targets: torch.Tensor, strength: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The batch as it is, or mixed with itself in another order: mixup or cutmix.

    Sources: Zhang and others: mixup, beyond empirical risk minimization, 2018; Yun and
    others: CutMix, 2019.
    """
    way = random.random()
    if way > 0.5 * strength:
        return images, targets
    share = random.betavariate(0.8, 0.8)
    order = torch.randperm(len(images), device=images.device)
    if way < 0.25 * strength:
        images = share * images + (1 - share) * images[order]
    else:
        size = images.shape[-1]
        side = int(size * math.sqrt(1 - share))
        top, left = random.randint(0, size - side), random.randint(0, size - side)
        box = (..., slice(top, top + side), slice(left, left + side))
        images = images.clone()
        images[box] = images[order][box]
        share = 1 - (side / size) ** 2
    return images, share * targets + (1 - share) * targets[order]
