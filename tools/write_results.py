"""Write benchmarks/results.json into the two READMEs that quote it, and its figures.

tools/write_results.py            write them
tools/write_results.py --check    only say what is stale, and exit 1 if anything is
"""

import sys
from pathlib import Path

import matplotlib

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import matplotlib.pyplot as plt  # noqa: E402

from helpers.figures.benchmark_results import (  # noqa: E402
    APP,
    BEFORE,
    LESSON,
    NO_PEERS,
    number,
    read_results,
    table,
    verdicts,
)
from helpers.figures.measurements import plot_arrivals, plot_rates  # noqa: E402
from helpers.whole_files import write_whole  # noqa: E402
from tools.write_contents import with_table  # noqa: E402

README, DETAILS = ROOT / "README.md", ROOT / "benchmarks" / "README.md"


def summary(results: dict) -> str:
    """Three servers for the front page: this app, the fastest peer and the lesson's."""
    servers = results["servers"]
    peers = servers.keys() - set(NO_PEERS)
    best = max(peers, key=lambda name: servers[name]["rate 16"])
    ours = servers[APP]["rate 16"]
    rows = [
        "| server | photos/s | p50, ms | p99, ms | this app is |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, bold, note in (
        (APP, "**", ""),
        (best, "", ", the fastest peer measured"),
        (LESSON, "", ""),
    ):
        found = servers[name]
        cells = [number(found[key]) for key in ("rate 16", "p50 16", "p99 16")]
        ratio = f"{ours / found['rate 16']:.1f} x"
        rows.append(f"| {bold}{name}{bold}{note} | {' | '.join([*cells, ratio])} |")
    return "\n".join(rows)


def machine(results: dict) -> str:
    """The machine of the measurement, as one sentence."""
    about = results["machine"]
    return (
        f"Measured on {about['cpu']}, Python {about['python']}, TensorFlow "
        f"{about['tensorflow']}, {about['date']}; compare ratios, not rates."
    )


def main_table(results: dict) -> str:
    """The servers, and the targets."""
    found = [f"- {verdict}" for verdict in verdicts(results, read_results(BEFORE))]
    return "\n".join([machine(results), "", *table(results["servers"]), "", *found])


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
    front = f"{summary(results)}\n\n{machine(results)}"
    blocks = {
        README: {"results": front},
        DETAILS: {
            "results": main_table(results),
            "cases": cases(results),
            "growth": growth(results),
        },
    }
    pages = {}
    for path, texts in blocks.items():
        pages[path] = path.read_text()
        for name, text in texts.items():
            marks = (f"<!-- {name} -->", f"<!-- /{name} -->")
            pages[path] = with_table(pages[path], text, *marks)
    return pages


def main(arguments: list[str]) -> int:
    results = read_results()
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
