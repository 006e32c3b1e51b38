"""Runs notebooks from top to bottom and stores their outputs.

    tools/run_notebooks.py                    all of them, in order
    tools/run_notebooks.py 01 03_freeze       those whose names begin with these
    tools/run_notebooks.py --data DIR --no-store 01    with photos; nothing is stored
    tools/run_notebooks.py --measure 05       stores new times and memory, too

They run in one copy of the project, where a notebook can read the files of an earlier
one. Its data/ holds only the samples, so that no stored output shows a photo. A
notebook is stored only if all its cells ran.
"""

import argparse
import base64
import copy
import io
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpers.whole_files import write_whole  # noqa: E402
from tools import measured_outputs  # noqa: E402

NOTEBOOKS = ROOT / "notebooks"
LINKED = ("helpers", "webapp", "tools", "benchmarks")  # folders that notebooks read
TIMEOUT = 1800  # seconds a cell may take


def chosen(names: list[str]) -> list[Path]:
    """The notebooks whose file names begin with one of the names; without names, all.

    Raises:
      ValueError: no file name begins with a name.
    """
    paths = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    for name in names:
        if not any(path.name.startswith(Path(name).name) for path in paths):
            known = ", ".join(path.stem for path in paths) or "none yet"
            raise ValueError(f"no notebook begins with {name!r}: there are {known}")
    starts = tuple(Path(name).name for name in names) or ("",)
    return [path for path in paths if path.name.startswith(starts)]


def stage(folder: Path, data: Path | None) -> Path:
    """Make a copy of the project out of symbolic links; its notebooks folder.

    Args:
      data: the folder of photos to link as data/; None for the samples only.
    """
    for name in (*LINKED, "README.md", "requirements.txt"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("notebooks", "checkpoints"):
        (folder / name).mkdir()
    (folder / "checkpoints" / "frozen").symlink_to(ROOT / "checkpoints" / "frozen")
    if data:
        (folder / "data").symlink_to(data.resolve(strict=True))
    else:
        (folder / "data").mkdir()
        (folder / "data" / "samples").symlink_to(ROOT / "data" / "samples")
    return folder / "notebooks"


def run(path: Path, folder: Path, measure: bool = False) -> nbformat.NotebookNode:
    """The notebook with new outputs, run in a folder.

    Args:
      measure: whether outputs that `measured_outputs` keeps are new, too.
    Raises:
      CellExecutionError: a cell raised, and is not tagged `raises-exception`.
    """
    notebook = nbformat.read(path, as_version=4)
    stored = copy.deepcopy(notebook)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        record_timing=False,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    notebook = settled(notebook)
    measured_outputs.keep(notebook, notebook if measure else stored)
    return notebook


def settled(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove from the notebook what differs between machines, and shrink figures."""
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": kernel | {"name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        kept = {k: v for k, v in cell.metadata.items() if k in ("tags", "jupyter")}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    output.data["image/png"] = _shrink(output.data["image/png"])
    return notebook


def _shrink(figure: str) -> str:
    """The figure, a PNG in base64, with 160 colours: about a third of the bytes."""
    image = Image.open(io.BytesIO(base64.b64decode(figure))).convert("RGB")
    file = io.BytesIO()
    few = image.quantize(160, kmeans=1, dither=Image.Dither.NONE)
    few.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _joined(outputs: list) -> list:
    """The outputs, consecutive pieces of one stream joined; Jupyter cuts at random."""
    joined: list = []
    for output in outputs:
        stream = output.get("name")
        if stream and joined and joined[-1].get("name") == stream:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def store(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write the notebook atomically."""
    text = io.StringIO()
    nbformat.write(notebook, text)
    write_whole(path, text.getvalue().encode())


def _plain(error: Exception) -> str:
    """The error's message without colours, of a long one the first and last lines."""
    lines = re.sub(r"\x1b\[[\d;]*m", "", str(error)).rstrip().splitlines()
    if len(lines) > 60:
        lines = [*lines[:30], "    ...", *lines[-30:]]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", help="beginnings of the file names")
    parser.add_argument("--data", type=Path, help="run with the photos in this folder")
    parser.add_argument("--no-store", action="store_true", help="do not store outputs")
    parser.add_argument("--measure", action="store_true", help="new times and memory")
    options = parser.parse_args(arguments)
    if options.data and not options.no_store:
        parser.error("outputs with photos are never stored: add --no-store")
    failed = False
    with tempfile.TemporaryDirectory(prefix="notebooks-") as temporary:
        try:
            paths = chosen(options.names)
            folder = stage(Path(temporary), options.data)
        except (ValueError, OSError) as error:
            parser.error(str(error))
        for path in paths:
            started = time.perf_counter()
            try:
                notebook = run(path, folder, options.measure)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                print(f"{path.name}: {_plain(error)}", file=sys.stderr)
                failed = True
                continue
            if not options.no_store:
                store(notebook, path)
            print(f"{path.name}: {time.perf_counter() - started:.0f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
