"""Writes the results in benchmarks/results.json into the two READMEs, and its figures.

tools/write_results.py            write them
tools/write_results.py --check    name the stale READMEs; exit 1 if there are any
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
from tools.generated_files import replace_block, update  # noqa: E402

README, DETAILS = ROOT / "README.md", ROOT / "benchmarks" / "README.md"


def summary(results: dict) -> str:
    """A table of three servers: this app, the fastest peer and the lesson's server."""
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
    """The table of all servers, and the targets."""
    found = [f"- {verdict}" for verdict in verdicts(results, read_results(BEFORE))]
    return "\n".join([machine(results), "", *table(results["servers"]), "", *found])


def cases(results: dict) -> str:
    """A table for each other model and photo."""
    found = results["cases"].items()
    return "\n".join(
        line for name, servers in found for line in (f"\n**{name}**\n", *table(servers))
    )


def growth(results: dict) -> str:
    """A table each for cores, models and photo sizes, and the start-up costs."""
    sections = dict(results["growth"])
    start = ", ".join(f"{k} {number(v)}" for k, v in sections.pop("start").items())
    parts = []
    for what, rows in sections.items():
        heads = list(next(iter(rows.values())))
        parts.append(f"| {what} | {' | '.join(heads)} |")
        parts.append(f"|---|{'---:|' * len(heads)}")
        for name, found in rows.items():
            parts.append(f"| {name} | {' | '.join(map(number, found.values()))} |")
        parts.append("")
    return "\n".join([*parts, f"Start, in seconds, and memory: {start}."])


def generate(results: dict) -> dict[Path, bytes]:
    """The READMEs with the current results."""
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
        page = path.read_text()
        for name, text in texts.items():
            page = replace_block(page, text, name)
        pages[path] = page.encode()
    return pages


def main(arguments: list[str]) -> int:
    results = read_results()
    status = update("write_results", lambda: generate(results), arguments)
    if "--check" in arguments:
        return status
    matplotlib.use("agg")
    for name, draw in (("servers", plot_rates), ("arrivals", plot_arrivals)):
        draw(results[name])
        plt.savefig(ROOT / "benchmarks" / f"{name}.png", dpi=110)
        plt.close()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
