"""Fuzzes a reader of bytes, led by coverage, with atheris if it is installed.

    pip install --target FOLDER atheris
    PYTHONPATH=FOLDER python benchmarks/fuzz_by_coverage.py KIND [-runs=100000] [FOLDER]

KIND is photo, photo-header, index or graph; the other arguments are libFuzzer's. What
is found is judged as benchmarks/fuzz.py does it. An `.index` is tried as the bytes of
one block, whose checksums are made here: no chance finds them.
"""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed: pip install --target FOLDER atheris")

with atheris.instrument_imports(include=["helpers.data", "helpers.checkpoints"]):
    import helpers.checkpoints.checkpoint
    import helpers.data.decoding  # noqa: F401

from tests.fuzz.all_kinds import BY_NAME
from tests.fuzz.kinds import Finding, case_rng
from tests.fuzz.tables import first_block, table_around

KINDS = ("photo", "photo-header", "index", "graph")
SEEDS = 200  # cases of the kind that it begins with


def main(name: str, *options: str) -> None:
    """Run until something is found, or as often as the options say."""
    folder = Path(tempfile.mkdtemp())
    kind = BY_NAME[name](folder / "kind")
    kind.folder.mkdir(exist_ok=True)

    def try_bytes(data: bytes) -> None:
        case = table_around(data) if name == "index" else data
        try:
            kind.run(case)
        except Exception as error:
            if isinstance(error, Finding) or not kind.is_refusal(error):
                raise

    corpus = folder / "corpus"
    corpus.mkdir()
    for seed in range(SEEDS):
        case = kind.make(case_rng(name, seed))
        (corpus / str(seed)).write_bytes(first_block(case) if name == "index" else case)
    atheris.Setup([sys.argv[0], *options, str(corpus)], try_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
