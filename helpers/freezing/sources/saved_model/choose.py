"""Choose one graph of a SavedModel by its tags, and one signature of the graph."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError

SERVING = "serving_default"
SERVE = {"serve"}  # the tag of a graph to serve
TRAINING = {"train", "eval"}  # tags of graphs for training and evaluation
HUB_MODULE, HUB_SIGNATURE = "tfhub_module.pb", "default"  # of TensorFlow Hub's format 1
INTERNAL = "__saved_model_"  # the names of TensorFlow's internal signatures begin so


def choose_graph(
    folder: Path, graphs: Sequence[tf1.MetaGraphDef], tags: Iterable[str]
) -> tf1.MetaGraphDef:
    """The graph with exactly these tags; without any, the one to serve.

    Raises:
      FreezeError: there is none, or it is not clear which.
    """
    sets = [{*meta.meta_info_def.tags} for meta in graphs]
    listed = "; ".join(_listed(tagged) for tagged in sets)
    if tags:
        found = [i for i, tagged in enumerate(sets) if tagged == {*tags}]
        if not found:
            raise FreezeError(
                f"{folder} has no graph with the tags {_listed(tags)}; its graphs "
                f"have: {listed}",
                "name all tags of one of these with --tags",
            )
        return graphs[found[0]]
    for is_served in (
        lambda tagged: tagged == SERVE,
        lambda tagged: tagged >= SERVE,
        lambda tagged: not tagged & TRAINING,
        lambda tagged: True,
    ):
        found = [index for index, tagged in enumerate(sets) if is_served(tagged)]
        if len(found) == 1:
            return graphs[found[0]]
    raise FreezeError(
        f"{folder} holds {len(graphs)} graphs, and it is not clear which is the one to "
        f"serve; their tags are: {listed}",
        "name the tags of one of them with --tags",
    )


def choose_signature(
    folder: Path, meta: tf1.MetaGraphDef, wanted: str | None, warnings: list[str]
) -> str:
    """The key of the wanted signature; else the serving one, or the only one.

    Raises:
      FreezeError: there is none, or it is not clear which.
    """
    found = signatures(meta)
    listed = ", ".join(found)
    if wanted:
        if wanted in found:
            return wanted
        close = get_close_matches(wanted, found, 1)
        raise FreezeError(
            f"{folder} has no signature {wanted!r}; "
            + (f"it has {listed}" if found else "it has none"),
            f"did you mean {close[0]!r}?" if close else "name one of these",
        )
    if not found:
        raise FreezeError(
            f"{folder} has no signature: what it takes and returns is not known",
            "save it with signatures=…, as tf.saved_model.save(model, folder, "
            "signatures=model.function.get_concrete_function(tf.TensorSpec(…)))",
        )
    taken = SERVING if SERVING in found else found[0] if len(found) == 1 else None
    if taken is None and HUB_SIGNATURE in found and (folder / HUB_MODULE).is_file():
        taken = HUB_SIGNATURE
    if taken is None:
        raise FreezeError(
            f"{folder} has {len(found)} signatures and none is {SERVING}: {listed}",
            "name one with --signature",
        )
    if len(found) > 1:
        warnings.append(f"{folder} has the signatures {listed}; {taken} is taken")
    return taken


def signatures(meta: tf1.MetaGraphDef) -> list[str]:
    """The keys of the signatures that can be called: those that return something."""
    return sorted(
        key
        for key, signature in meta.signature_def.items()
        if signature.outputs and not key.startswith(INTERNAL)
    )


def _listed(tags: Iterable[str]) -> str:
    return ",".join(sorted(tags)) or "(none)"
