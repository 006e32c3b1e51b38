"""The student, which is the `resnet` of `helpers.training.networks`, and its teacher.

The modules have the names of the variables in TensorFlow's graph, so `weights` gives
arrays that `take_weights.py` can assign. Images are [N, 3, H, W] here.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-3  # of batch normalization, as in TensorFlow


class Convolution(nn.Module):
    """A convolution without bias, padded as TensorFlow's SAME pads."""

    def __init__(self, inputs: int, filters: int, size: int = 3, stride: int = 1):
        super().__init__()
        self.stride, self.size = stride, size
        self.kernel = nn.Parameter(torch.empty(filters, inputs, size, size))
        nn.init.kaiming_normal_(self.kernel)

    def forward(self, images):
        if self.stride == 1:
            return functional.conv2d(images, self.kernel, padding=self.size // 2)
        return functional.conv2d(
            functional.pad(images, (0, 1, 0, 1)), self.kernel, stride=self.stride
        )


class Normalization(nn.BatchNorm2d):
    def __init__(self, channels: int):
        super().__init__(channels, eps=EPSILON, momentum=0.05)


class Excitation(nn.Module):
    """Scales each channel by a function of the means of all channels."""

    def __init__(self, channels: int):
        super().__init__()
        self.excite1 = nn.Linear(channels, channels // 4)
        self.excite2 = nn.Linear(channels // 4, channels)

    def forward(self, images):
        hidden = functional.relu(self.excite1(images.mean((2, 3))))
        return images * torch.sigmoid(self.excite2(hidden))[:, :, None, None]


class Block(nn.Module):
    """A residual block: two convolutions, squeeze and excitation."""

    def __init__(self, inputs: int, filters: int, stride: int, excites: bool):
        super().__init__()
        self.stride = stride
        self.conv1 = Convolution(inputs, filters, stride=stride)
        self.norm1 = Normalization(filters)
        self.conv2 = Convolution(filters, filters)
        self.norm2 = Normalization(filters)
        self.excite = Excitation(filters) if excites else nn.Identity()
        if inputs != filters:
            self.shortcut = Convolution(inputs, filters, size=1)
            self.norm3 = Normalization(filters)
        else:
            self.shortcut = self.norm3 = nn.Identity()
        nn.init.zeros_(self.norm2.weight)  # each block begins as the identity

    def forward(self, images):
        direct = functional.avg_pool2d(images, 2) if self.stride > 1 else images
        hidden = functional.relu(self.norm1(self.conv1(images)))
        hidden = self.excite(self.norm2(self.conv2(hidden)))
        return functional.relu(self.norm3(self.shortcut(direct)) + hidden)


class ResNet(nn.Module):
    """Residual blocks on a stem.

    Args:
      stem: filters of the convolutions of stride 2 before the blocks.
      stages: (filters, blocks, stride) each.
      excites: the number of the last stages with squeeze and excitation.
    """

    def __init__(
        self,
        stem: tuple[int, ...],
        stages: tuple[tuple[int, int, int], ...],
        excites: int,
    ):
        super().__init__()
        self.excites = excites
        self.stem = nn.ModuleDict()
        inputs = 3
        for number, filters in enumerate(stem, start=1):
            self.stem[f"conv{number}"] = Convolution(inputs, filters, stride=2)
            self.stem[f"norm{number}"] = Normalization(filters)
            inputs = filters
        self.blocks = nn.ModuleDict()
        for stage, (filters, blocks, stride) in enumerate(stages, start=1):
            for block in range(blocks):
                self.blocks[f"stage{stage}_block{block}"] = Block(
                    inputs,
                    filters,
                    1 if block else stride,
                    excites=stage > len(stages) - excites,
                )
                inputs = filters
        self.head = nn.Linear(inputs, 2)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, images):
        """Logits [N, 2], and the vectors [N, C] of which they are computed."""
        for number in range(1, len(self.stem) // 2 + 1):
            images = self.stem[f"conv{number}"](images)
            images = functional.relu(self.stem[f"norm{number}"](images))
        for block in self.blocks.values():
            images = block(images)
        vectors = images.mean((2, 3))
        dropped = functional.dropout(vectors, 0.2, self.training)
        return self.head(dropped), vectors


NAMES = {  # of batch normalization
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "mean",
    "running_var": "variance",
}


def weights(network: nn.Module) -> dict[str, np.ndarray]:
    """The arrays of a network, named and shaped as TensorFlow's variables are."""
    arrays = {}
    for name, tensor in network.state_dict().items():
        *path, last = name.removeprefix("blocks.").split(".")
        if last == "num_batches_tracked":
            continue
        array = tensor.detach().float().cpu().numpy()
        if path[-1].startswith("norm"):
            last = NAMES[last]
        elif array.ndim == 4:
            array = array.transpose(2, 3, 1, 0)
        elif last == "weight":
            last, array = "kernel", array.T
        path = [part for part in path if part != "excite"]
        arrays["/".join([*path, last]).replace("_block", "/block")] = array
    return arrays
