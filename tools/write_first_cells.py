"""Writes how the notebooks' first code cells begin, and the README's badges.

    tools/write_first_cells.py           write them
    tools/write_first_cells.py 05 06     only these notebooks, and the badges
    tools/write_first_cells.py --check   name the stale files; exit 1 if there are any

A notebook that is opened alone, as on Colab, fetches the rest from REPOSITORY, or from
the address or folder in the environment variable COURSE_REPOSITORY.
"""

import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.generated_files import replace_block, update  # noqa: E402
from tools.write_contents import numbered, read  # noqa: E402

# Where this project is published: put the owner in the place of `_owner_`.
REPOSITORY = "https://github.com/_owner_/freeze-serve"
BRANCH = "main"
END = "tf1.logging.set_verbosity(tf1.logging.ERROR)\n"  # what follows is the notebook's
TRAINING = '"1"  # fast kernels on every CPU'
EXACT = '"0"  # one rounding order, the same digits'
BEGINNING = """import os
import sys

os.environ["TF_ENABLE_ONEDNN_OPTS"] = {rounding}
if not os.path.exists("../helpers"):  # opened alone, as on Colab: fetch the rest
    import subprocess

    url = "{repository}"
    url = os.environ.get("COURSE_REPOSITORY", url)
    if not os.path.exists("freeze-serve"):
        clone = ["git", "clone", "--depth=1", url, "freeze-serve"]
        subprocess.run(clone, check=True)
    os.chdir("freeze-serve/notebooks")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "-r"]
    subprocess.run([*pip, "../binder/requirements.txt"], check=True)
sys.path.insert(0, "..")  # helpers/ is beside notebooks/

from helpers.quiet import import_tensorflow

import_tensorflow()  # without its start-up banner
import tensorflow as tf

tf1 = tf.compat.v1
"""


def with_beginning(path: Path, notebook: nbformat.NotebookNode) -> None:
    """Put the beginning into the notebook's first code cell.

    Raises:
      ValueError: the cell does not have the line END.
    """
    cell = next((c for c in notebook.cells if c.cell_type == "code"), None)
    before, end, own = (cell.source if cell else "").partition(END)
    if not end:
        raise ValueError(f"{path.name}: the first code cell has no line {END.strip()}")
    rounding = TRAINING if TRAINING in before else EXACT
    cell.source = BEGINNING.format(rounding=rounding, repository=REPOSITORY) + END + own


def badges(first: str) -> str:
    """Links that open the course on Binder, and its first notebook on Colab."""
    name = REPOSITORY.removeprefix("https://github.com/")
    binder, colab = "https://mybinder.org", "https://colab.research.google.com"
    return "\n".join(
        [
            f"[![Open on Binder]({binder}/badge_logo.svg)]"
            f"({binder}/v2/gh/{name}/{BRANCH}?labpath=notebooks%2FREADME.md)",
            f"[![Open in Colab]({colab}/assets/colab-badge.svg)]"
            f"({colab}/github/{name}/blob/{BRANCH}/notebooks/{first})",
        ]
    )


def generate(root: Path, names: list[str]) -> dict[Path, bytes]:
    """The README and the notebooks, or those whose numbers are named."""
    paths = numbered(root / "notebooks")
    files = {}
    for path in paths:
        if names and path.name[:2] not in names:
            continue
        notebook = read(path)
        with_beginning(path, notebook)
        files[path] = f"{nbformat.writes(notebook)}\n".encode()
    readme = root / "README.md"
    text = replace_block(readme.read_text(), badges(paths[0].name), "badges")
    return files | {readme: text.encode()}


def main(root: Path, arguments: list[str]) -> int:
    names = [each for each in arguments if not each.startswith("--")]
    return update("write_first_cells", lambda: generate(root, names), arguments, root)


if __name__ == "__main__":
    sys.exit(main(ROOT, sys.argv[1:]))
