"""Mutated graph files: `.meta`, `.pb`, their text form, SavedModels, sidecar files."""

import json
from pathlib import Path
from random import Random

from google.protobuf import text_format
from google.protobuf.message import Message

from helpers.checkpoints.file_contents import MESSAGES, content_of
from helpers.data.class_names import names_in
from helpers.graphs.card_fields import refuse_invalid, refuse_unknown
from helpers.graphs.model_card import card_in, parse_card
from helpers.inspecting.inspect import inspect
from helpers.inspecting.scan import scan
from helpers.inspecting.text import as_text
from helpers.serving.model_file import read_model
from tests.freezing.saved_models import build_v1
from tests.freezing.small_models import V2
from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.checkpoint_kinds import PREFIX, checkpoint_files
from tests.fuzz.json_mutations import mutate_json_text
from tests.fuzz.kinds import Kind, write_files
from tests.fuzz.message_mutations import mutate_message

SECONDS = 3.0  # of what also searches the graph


def mutate_graph(data: bytes, kind: type[Message], rng: Random) -> bytes:
    """A serialized message with its bytes or its fields changed; some as text."""
    if rng.random() < 0.2:
        return mutate_bytes(data, rng)
    message = kind.FromString(data)
    mutate_message(message, rng)
    if rng.random() < 0.05:
        text = text_format.MessageToString(message).encode()
        return mutate_bytes(text, rng) if rng.random() < 0.5 else text
    return message.SerializeToString(deterministic=True)


class Graphs(Kind):
    """Files of the three messages: recognised by content, and scanned for ops."""

    name = "graph"
    share = 60

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.checkpoints = checkpoint_files(V2)
        metas = [files[f"{PREFIX}.meta"] for files in self.checkpoints]
        graphs = [
            MESSAGES["MetaGraphDef"].FromString(meta).graph_def.SerializeToString()
            for meta in metas
        ]
        saved = (build_v1(folder / "saved") / "saved_model.pb").read_bytes()
        self.seeds = [("MetaGraphDef", meta) for meta in metas]
        self.seeds += [("GraphDef", graph) for graph in graphs] + [
            ("SavedModel", saved)
        ]

    def make(self, rng: Random) -> bytes:
        kind, data = rng.choice(self.seeds)
        return mutate_graph(data, MESSAGES[kind], rng)

    def run(self, case: bytes) -> None:
        path = write_files(self.folder / "case", {"x.pb": case}) / "x.pb"
        for graph in content_of(path).graphs:
            card_in(graph.graph_def)
        scan(path)


class Inspected(Graphs):
    """A `.meta` beside its checkpoint, or a graph alone, inspected."""

    name = "inspect"
    share = 15
    seconds = SECONDS

    def make(self, rng: Random) -> dict[str, bytes]:
        if rng.random() < 0.4:
            return {"x.pb": super().make(rng)}
        files = dict(rng.choice(self.checkpoints))
        name = f"{PREFIX}.meta"
        files[name] = mutate_graph(files[name], MESSAGES["MetaGraphDef"], rng)
        return files

    def run(self, case: dict[str, bytes]) -> None:
        folder = write_files(self.folder / "case", case)
        report = inspect(folder / ("x.pb" if "x.pb" in case else PREFIX))
        json.dumps(report.as_dict())
        as_text(report)


def served_graphs(folder: Path) -> list[bytes]:
    """Frozen graphs of each kind that the web app's tests serve."""
    from tests.webapp.small_graphs import write_kinds

    return [path.read_bytes() for path in write_kinds(folder).values()]


class FrozenGraphs(Kind):
    """Frozen graphs, read as they are for serving, with no session."""

    name = "frozen"
    share = 25
    seconds = SECONDS

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seeds = served_graphs(folder / "made")

    def make(self, rng: Random) -> dict[str, bytes]:
        return {"1.pb": mutate_graph(rng.choice(self.seeds), MESSAGES["GraphDef"], rng)}

    def run(self, case: dict[str, bytes]) -> None:
        read_model(write_files(self.folder / "case", case) / "1.pb")


CARD = {
    "class_names": ["cat", "dog"],
    "input": "images:0",
    "inputs": ["images:0"],
    "output": "prob:0",
    "outputs": ["prob:0"],
    "image_size": [8, 8],
    "pixels": "0..1",
    "mean": [1.0, 2.0, 3.0],
    "std": [1.0, 2.0, 3.0],
    "channels": "RGB",
    "layout": "NHWC",
    "resize": "stretch",
    "output_is": "probabilities",
    "threshold": 0.5,
    "bound": {"keep_prob": 1.0},
    "initialisers": [],
    "description": "text",
    "held_out": {"accuracy": 0.9},
}


class Cards(Kind):
    """The fields of a card."""

    name = "card"
    share = 60

    def make(self, rng: Random) -> bytes:
        return mutate_json_text(json.dumps(CARD).encode(), rng)

    def run(self, case: bytes) -> None:
        card = parse_card(case, "the card")
        refuse_unknown(card, "the card")
        refuse_invalid(card, "the card")


class FilesBeside(FrozenGraphs):
    """A good graph with a mutated card, or class names, in a file beside it."""

    name = "sidecar"
    share = 25

    def make(self, rng: Random) -> dict[str, bytes]:
        graph = rng.choice(self.seeds)
        card = {key: CARD[key] for key in rng.sample([*CARD], rng.randrange(1, 6))}
        beside = mutate_json_text(json.dumps(card).encode(), rng)
        names = (
            mutate_bytes(b"cat\ndog\n", rng) if rng.random() < 0.3 else b"cat\ndog\n"
        )
        return {"1.pb": graph, "1.json": beside, "labels.txt": names}


LABELS = {
    "labels.txt": (b"0 cat\n1 dog\n", b"cat\ndog\n", "chat\nchi\u00e9n\n".encode()),
    "labels.json": (
        b'["cat", "dog"]',
        b'{"cat": 0, "dog": 1}',
        b'{"0": ["n1", "crane"], "1": ["n2", "crane"]}',
        b'{"labels": ["a", "b"], "packageName": "@teachablemachine/image"}',
    ),
}


class Labels(Kind):
    """Files with class names."""

    name = "labels"
    share = 80

    def make(self, rng: Random) -> tuple[str, bytes]:
        name = rng.choice([*LABELS])
        data = rng.choice(LABELS[name])
        if name.endswith(".json"):
            return name, mutate_json_text(data, rng)
        words = (
            b"\xef\xbb\xbf",
            b"\r",
            b"\0",
            b"\xed\xa0\x80",
            "\u0664".encode(),
            b"-1 ",
        )
        return name, mutate_bytes(data, rng, words=words)

    def run(self, case: tuple[str, bytes]) -> None:
        name, data = case
        names_in(write_files(self.folder / "case", {name: data}) / name)
