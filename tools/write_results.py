"""Write what benchmarks/results.json says into the README, and its two figures.

tools/write_results.py            write them
tools/write_results.py --check    only say what is stale, and exit 1 if anything is
"""

import sys
from pathlib import Path

import matplotlib

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import matplotlib.pyplot as plt  # noqa: E402

from helpers.measurements import plot_arrivals, plot_rates  # noqa: E402
from helpers.standings import standings, table, targets  # noqa: E402
from helpers.whole_files import write_whole  # noqa: E402
from tools.write_contents import with_table  # noqa: E402

README = ROOT / "README.md"
START, END = "<!-- results -->", "<!-- /results -->"


def section(results: dict) -> str:
    """The README's table and targets."""
    about = results["machine"]
    opening = (
        f"Measured on {about['cpu']}, Python {about['python']}, TensorFlow "
        f"{about['tensorflow']}, {about['date']}; read the ratios."
    )
    verdicts = [f"- {target}" for target in targets(results)]
    parts = [opening, "", *table(results["servers"]), "", *verdicts]
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    results = standings()
    text = README.read_text()
    wanted = with_table(text, section(results), START, END)
    if "--check" in arguments:
        if text != wanted:
            print("README.md is stale: run tools/write_results.py")
        return int(text != wanted)
    write_whole(README, wanted.encode())
    matplotlib.use("agg")
    for name, draw in (("servers", plot_rates), ("arrivals", plot_arrivals)):
        draw(results[name])
        plt.savefig(ROOT / "benchmarks" / f"{name}.png", dpi=110)
        plt.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
