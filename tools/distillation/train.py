"""Trains a large teacher on a GPU, then the student that answers as the teacher does.

    python tools/distillation/train.py PACKED OUT --seconds 480

The student learns from the teacher's answers to the same augmented and mixed images
(Beyer and others: Knowledge distillation: a good teacher is patient and consistent,
2022), and from its vectors before the last layer. `take_weights.py` brings the weights
into TensorFlow's graph.
"""

import argparse
import copy
import json
import math
import random
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.distillation.augmentation import augment, mixed, whole
from tools.distillation.networks import ResNet, weights
from tools.distillation.photos import drawn, unpack

BATCH = 512
SIZES = ((0.0, 96), (0.5, 112))  # (share done, pixels): small images first, faster
SIZE = 128  # the network's own
WEAK_FROM, WEAK = 0.85, 0.5  # strength of the augmentation late in the training
WARM_UP = 0.04  # share of the steps
SMOOTHING = 0.05
MOMENTUM = 0.9
KEEP = 0.998  # of the moving averages, a step
EPSILON = 1e-9

TEACHER = {
    "stem": (64, 128),
    "stages": ((128, 2, 1), (256, 3, 2), (512, 2, 2)),
    "excites": 3,
}
STUDENTS = {
    "student": {
        "stem": (32, 64),
        "stages": ((64, 2, 1), (128, 3, 2), (160, 1, 2)),
        "excites": 3,
    },
}


class Data(NamedTuple):
    """What is trained on and validated with, on the device."""

    images: torch.Tensor  # uint8 [N, 3, SIDE, SIDE]
    targets: torch.Tensor  # float32 [N, 2]: one-hot; uniform for nothing known
    validation: torch.Tensor  # uint8 [M, 3, SIDE, SIDE]
    labels: torch.Tensor  # int64 [M]


def load(folder: Path, drawings: int, outliers: int, device: torch.device) -> Data:
    """The packed photos with drawings and pictures of nothing known."""
    images, labels, validation = unpack(folder)
    more, others = drawn(drawings, outliers)
    known = np.concatenate([labels[~validation], others])
    targets = np.eye(2, dtype=np.float32)[known]
    targets[known < 0] = 0.5

    def on_device(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous().to(device)

    return Data(
        on_device(np.concatenate([images[~validation], more])),
        torch.from_numpy(targets).to(device),
        on_device(images[validation]),
        torch.from_numpy(labels[validation]).to(device),
    )


class Teaching(nn.Module):
    """The loss of a student: its teacher's answers, vectors, and the true classes."""

    def __init__(self, teacher: ResNet, student: ResNet):
        super().__init__()
        self.teacher = teacher.eval().requires_grad_(False)
        inputs, outputs = student.head.in_features, teacher.head.in_features
        self.projection = nn.Linear(inputs, outputs)
        self.standardize = nn.BatchNorm1d(outputs, affine=False)

    def forward(self, student, images, targets):
        with torch.no_grad():
            both = torch.cat([images, images.flip(3)])
            both = both.contiguous(memory_format=torch.channels_last)
            logits, vectors = (part.float().chunk(2) for part in self.teacher(both))
            taught = (sum(logits) / 2).softmax(1)
            uncertain = (targets - 0.5).abs().amax(1, keepdim=True) < EPSILON
            taught = torch.where(uncertain, targets, taught)
            vectors = self.standardize(vectors[0])
        logits, own = student(images)
        answers = functional.cross_entropy(logits.float(), taught)
        truth = functional.cross_entropy(logits.float(), targets)
        alike = functional.mse_loss(self.projection(own).float(), vectors)
        return 0.8 * answers + 0.2 * truth + 0.3 * alike


class Truth(nn.Module):
    """The loss of a teacher: the true classes, smoothed."""

    def forward(self, network, images, targets):
        smoothed = targets * (1 - SMOOTHING) + SMOOTHING / 2
        return functional.cross_entropy(network(images)[0].float(), smoothed)


class Training:
    """One training of a network on a device, with moving averages of its weights.

    The optimizer is Nesterov momentum with weight decay of matrices and kernels. On a
    GPU a whole step is recorded once for each image size, and then replayed: to start
    its hundreds of operations one by one takes longer than to run them.
    """

    def __init__(self, name, network, lesson, data, rate, decay):
        self.name, self.data, self.rate, self.decay = name, data, rate, decay
        device = data.images.device
        self.network = network.to(device, memory_format=torch.channels_last)
        self.lesson = lesson.to(device)
        self.averaged = copy.deepcopy(self.network).eval()
        modules = nn.ModuleList([self.network, self.lesson])
        self.trained = [p for p in modules.parameters() if p.requires_grad]
        self.moments = [torch.zeros_like(p) for p in self.trained]
        self.rate_now = torch.zeros((), device=device)
        self.forgotten = torch.ones((), device=device)  # share of the averages, a step
        self.done = 0
        self.seconds = 0.0  # that it was given
        pairs = zip(
            self.averaged.state_dict().values(),
            self.network.state_dict().values(),
            strict=True,
        )
        floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self.averages, self.currents = map(list, zip(*floats, strict=True))
        self.history: list[dict] = []
        self._order = torch.empty(0, dtype=torch.int64, device=device)
        self._recorded: dict[int, tuple] = {}

    def step(self, share: float) -> torch.Tensor:
        """One step when this share of the training is done; the loss."""
        warm = min(1.0, share / WARM_UP + 0.01)
        self.rate_now.fill_(self.rate * warm * (1 + math.cos(math.pi * share)) / 2)
        self.done += 1
        self.forgotten.fill_(max(1 - KEEP, 9 / (10 + self.done)))
        size = [pixels for start, pixels in SIZES if share >= start][-1]
        strength = WEAK if share >= WEAK_FROM else 1.0
        rows = self._rows()
        images = augment(self.data.images[rows], size, strength)
        images, targets = mixed(images, self.data.targets[rows], strength)
        images = images.contiguous(memory_format=torch.channels_last)
        self.network.train()
        if not images.is_cuda:
            return self._update(images, targets)
        if size not in self._recorded:
            self._recorded[size] = self._record(images, targets)
        graph, its_images, its_targets, loss = self._recorded[size]
        its_images.copy_(images)
        its_targets.copy_(targets)
        graph.replay()
        return loss

    def _record(self, images, targets) -> tuple:
        """The operations of a step on copies of these images and targets."""
        images, targets = images.clone(), targets.clone()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._update(images, targets)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss = self._update(images, targets)
        return graph, images, targets, loss

    def _update(self, images, targets) -> torch.Tensor:
        kind = images.device.type
        with torch.autocast(kind, torch.bfloat16, cache_enabled=False):
            loss = self.lesson(self.network, images, targets)
        gradients = list(torch.autograd.grad(loss, self.trained))
        with torch.no_grad():
            for parameter, gradient in zip(self.trained, gradients, strict=True):
                if parameter.ndim > 1:
                    gradient.add_(parameter, alpha=self.decay)
            torch._foreach_mul_(self.moments, MOMENTUM)
            torch._foreach_add_(self.moments, gradients)
            torch._foreach_add_(gradients, self.moments, alpha=MOMENTUM)
            torch._foreach_mul_(gradients, self.rate_now)
            torch._foreach_sub_(self.trained, gradients)
            changes = torch._foreach_sub(self.currents, self.averages)
            torch._foreach_mul_(changes, self.forgotten)
            torch._foreach_add_(self.averages, changes)
        return loss.detach()

    def _rows(self) -> torch.Tensor:
        count = len(self.data.images)
        if len(self._order) < BATCH:
            self._order = torch.randperm(count, device=self._order.device)
        rows, self._order = self._order[:BATCH], self._order[BATCH:]
        return rows

    def rate_of_steps(self, share: float, count: int = 30) -> float:
        """Steps in a second, at this share of the training."""
        for _ in range(8):
            self.step(share)
        self._finish_queue()
        started = time.perf_counter()
        for _ in range(count):
            self.step(share)
        self._finish_queue()
        return count / (time.perf_counter() - started)

    def _finish_queue(self) -> None:
        if self.data.images.is_cuda:
            torch.cuda.synchronize()

    def run(self, seconds: float, validations: int = 12) -> None:
        """Train for this long; the number of steps is found from the first ones."""
        started, self.seconds = time.perf_counter(), seconds
        rates = {pixels: self.rate_of_steps(share) for share, pixels in SIZES}
        left = seconds - (time.perf_counter() - started)
        ends = [start for start, _ in SIZES[1:]] + [1.0]
        pace = sum(
            (end - start) / rates[pixels]
            for (start, pixels), end in zip(SIZES, ends, strict=True)
        )
        steps = max(validations, int(0.97 * left / pace))
        every = max(1, steps // validations)
        epochs = steps * BATCH / len(self.data.images)
        print(f"{self.name}: {steps} steps, {epochs:.0f} epochs, {rates}", flush=True)
        for done in range(steps):
            loss = self.step(done / steps)
            if (done + 1) % every == 0:
                self._validate(done + 1, epochs * (done + 1) / steps, loss)

    def _validate(self, steps, epochs, loss) -> None:
        line = {
            "steps": steps,
            "epochs": round(epochs, 1),
            "loss": round(loss.item(), 4),
            "validation": round(accuracy(self.averaged, self.data), 4),
            "not averaged": round(accuracy(self.network.eval(), self.data), 4),
        }
        self.history.append(line)
        print(f"{self.name} {line}", flush=True)


@torch.no_grad()
def accuracy(network: nn.Module, data: Data, change=lambda images: images) -> float:
    """The share of the validation photos that a network gets right, 0 to 1."""
    right = 0
    for start in range(0, len(data.labels), BATCH):
        images = change(whole(data.validation[start : start + BATCH], SIZE))
        images = images.contiguous(memory_format=torch.channels_last)
        answers = network(images)[0].argmax(1)
        right += (answers == data.labels[start : start + BATCH]).sum().item()
    return right / len(data.labels)


def _again(images, size):
    small = functional.interpolate(
        images, (size, size), mode="bilinear", antialias=True
    )
    return functional.interpolate(small, images.shape[2:], mode="bilinear")


CHANGES = {
    "as they are": lambda images: images,
    "mirrored": lambda images: images.flip(3),
    "dark": lambda images: images * 0.35,
    "thumbnail": lambda images: _again(images, 48),
    "cropped": lambda images: functional.interpolate(
        images[:, :, 19:109, 19:109], (SIZE, SIZE), mode="bilinear"
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packed", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=480)
    parser.add_argument("--teacher-share", type=float, default=0.4)
    parser.add_argument("--drawings", type=int, default=1500)
    parser.add_argument("--outliers", type=int, default=1000)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started = time.perf_counter()
    torch.manual_seed(asked.seed)
    random.seed(asked.seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    asked.out.mkdir(parents=True, exist_ok=True)
    data = load(
        asked.packed, asked.drawings, asked.outliers, torch.device(asked.device)
    )
    loading = time.perf_counter() - started
    print(f"loaded {tuple(data.images.shape)} in {loading:.0f} s", flush=True)
    seconds = asked.seconds - loading - 5
    teacher = Training("teacher", ResNet(**TEACHER), Truth(), data, 0.3, 5e-4)
    teacher.run(seconds * asked.teacher_share)
    finish(teacher, TEACHER, asked, keep=False)
    for name, shape in STUDENTS.items():
        network = ResNet(**shape)
        lesson = Teaching(copy.deepcopy(teacher.averaged), network)
        student = Training(name, network, lesson, data, 0.4, 3e-4)
        share = (1 - asked.teacher_share) / len(STUDENTS)
        student.run(seconds * share)
        finish(student, shape, asked, keep=True)


def finish(training: Training, shape: dict, asked, *, keep: bool) -> None:
    """Write the history and the accuracy by copy; for a student, the weights too."""
    results = {
        name: round(accuracy(training.averaged, training.data, change), 4)
        for name, change in CHANGES.items()
    }
    print(f"{training.name} {results}", flush=True)
    device = training.data.images.device
    report = {
        "name": training.name,
        "network": shape,
        "parameters": sum(p.numel() for p in training.network.parameters()),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "torch": torch.__version__,
        "seed": asked.seed,
        "drawings": asked.drawings,
        "outliers": asked.outliers,
        "minutes": round(training.seconds / 60, 1),
        "validation": results,
        "history": training.history,
    }
    path = asked.out / f"{training.name}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    if keep:
        np.savez(path.with_suffix(".npz"), **weights(training.averaged))


if __name__ == "__main__":
    main()
