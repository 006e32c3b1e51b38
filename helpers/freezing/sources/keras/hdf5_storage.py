"""Refuse HDF5 arrays that lie in other files, or unpack to far more than the file has.

HDF5 may take an array from any file of the machine, such as a private one, and may
state a shape for which no bytes are stored at all.
"""

from collections.abc import Iterator
from pathlib import Path

import h5py

from helpers.foreign.texts import shown
from helpers.freezing.errors import FreezeError

SMALL = 2**28  # bytes that any file may unpack to
MOST_TIMES = 20  # its own size; weights hardly shrink when they are packed
AGAIN = "save the model again as one file: model.save('model.keras')"


def check_size(unpacked: int, size: int, path: Path) -> None:
    """Refuse a file that unpacks to far more than it holds.

    Raises:
      FreezeError: it does.
    """
    if unpacked > max(SMALL, MOST_TIMES * size):
        raise FreezeError(
            f"{path} has {size / 1e6:,.1f} MB and unpacks to {unpacked / 1e6:,.0f} MB, "
            f"over {MOST_TIMES} times as much: as no model does",
            "do not load it, unless you know who made it; then " + AGAIN,
        )


def check_storage(file: h5py.File, size: int, path: Path) -> None:
    """Refuse arrays that are stored elsewhere or are far larger than the file.

    Args:
      size: of the file in bytes.
      path: what error messages call it.
    Raises:
      FreezeError: there is one.
    """
    total = 0
    for dataset in _datasets(file, path, set()):
        if dataset.external:
            raise _elsewhere(path, dataset.name, str(dataset.external[0][0]))
        if dataset.is_virtual:
            raise _elsewhere(path, dataset.name, dataset.virtual_sources()[0].file_name)
        total += dataset.nbytes
    check_size(total, size, path)


def _datasets(group: h5py.Group, path: Path, seen: set[int]) -> Iterator[h5py.Dataset]:
    """Every array below a group, once; a group may be part of itself."""
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise _elsewhere(path, f"{group.name}/{name}", link.filename)
        item = group.get(name)
        if item is None:  # a link that leads nowhere
            continue
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            continue
        seen.add(address)
        if isinstance(item, h5py.Group):
            yield from _datasets(item, path, seen)
        elif isinstance(item, h5py.Dataset):
            yield item


def _elsewhere(path: Path, name: str, file: str) -> FreezeError:
    return FreezeError(
        f"{path} takes the array {shown(name)} from another file, {shown(file)}: it is "
        "not in the model, and not read unasked",
        AGAIN,
    )
