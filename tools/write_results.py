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

from helpers.figures.benchmark_results import BEFORE, number, standings, table, verdicts  # noqa: E402
from helpers.figures.measurements import plot_arrivals, plot_rates  # noqa: E402
from helpers.whole_files import write_whole  # noqa: E402
from tools.write_contents import with_table  # noqa: E402

README, DETAILS = ROOT / "README.md", ROOT / "benchmarks" / "README.md"


def main_table(results: dict) -> str:
    """The servers, and the targets."""
    about = results["machine"]
    opening = (
        f"Measured on {about['cpu']}, Python {about['python']}, TensorFlow "
        f"{about['tensorflow']}, {about['date']}; read the ratios."
    )
    found = [f"- {verdict}" for verdict in verdicts(results, standings(BEFORE))]
    parts = [opening, "", *table(results["servers"]), "", *found]
    return "\n".join(parts)


def cases(results: dict) -> str:
    """A table for each other model and photo."""
    found = results["cases"].items()
    return "\n".join(
        line for name, servers in found for line in (f"\n**{name}**\n", *table(servers))
    )


def growth(results: dict) -> str:
    """What changes with cores, models and photos, and the start, as one table each."""
    parts = []
    for what, rows in results["growth"].items():
        if what == "start":
            continue
        heads = list(next(iter(rows.values())))
        parts.append(f"| {what} | {' | '.join(heads)} |")
        parts.append(f"|---|{'---:|' * len(heads)}")
        for name, found in rows.items():
            parts.append(f"| {name} | {' | '.join(map(number, found.values()))} |")
        parts.append("")
    facts = ", ".join(f"{k} {number(v)}" for k, v in results["growth"]["start"].items())
    return "\n".join([*parts, f"Start, in seconds, and memory: {facts}."])


def written(results: dict) -> dict[Path, str]:
    """Each page as it should be."""
    details = DETAILS.read_text()
    for name, text in (("cases", cases(results)), ("growth", growth(results))):
        details = with_table(details, text, f"<!-- {name} -->", f"<!-- /{name} -->")
    marks = ("<!-- results -->", "<!-- /results -->")
    readme = with_table(README.read_text(), main_table(results), *marks)
    return {README: readme, DETAILS: details}


def main(arguments: list[str]) -> int:
    results = standings()
    stale = {
        path: text
        for path, text in written(results).items()
        if path.read_text() != text
    }
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run tools/write_results.py")
        return int(bool(stale))
    for path, text in stale.items():
        write_whole(path, text.encode())
    matplotlib.use("agg")
    for name, draw in (("servers", plot_rates), ("arrivals", plot_arrivals)):
        draw(results[name])
        plt.savefig(ROOT / "benchmarks" / f"{name}.png", dpi=110)
        plt.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
