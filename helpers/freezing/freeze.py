"""Freezes a checkpoint without a session, and compares the answers of both graphs.

Taught in notebooks/03_freeze_the_graph.ipynb.
"""

from collections.abc import Sequence
from pathlib import Path

from helpers.freezing.card_completion import complete_card, valid_card
from helpers.freezing.outputs import find_outputs
from helpers.freezing.passes.constants.variables_to_constants import check_size
from helpers.freezing.passes.optional.narrow_weights import check_dtype
from helpers.freezing.passes.pipeline import apply_passes, make_editor, passes_asked_for
from helpers.freezing.preflight import preflight
from helpers.freezing.proof.compare import Proof
from helpers.freezing.proof.prove import FrozenGraph
from helpers.freezing.proof.prove_source import prove_source, refuse_different
from helpers.freezing.report import Report, report_of
from helpers.freezing.sources.recognise import recognise
from helpers.freezing.sources.source_options import SourceOptions
from helpers.freezing.warnings import add_warnings
from helpers.freezing.writing import choose_place, new_files, write_card, write_model


def freeze(
    source: str | Path,
    *,
    outputs: Sequence[str] | str | None = None,
    output: str | Path | None = None,
    weights: str = "float32",
    class_names: Sequence[str] | str | None = None,
    fold: bool = False,
    ema: bool = False,
    inference_batch_norm: bool = False,
    plain: bool = False,
    prove: bool = True,
    **reading,
) -> Report:
    """Write the part of a model that `outputs` need to one file, with its weights.

    Args:
      source: a prefix, a folder, any of a checkpoint's files, a SavedModel, a Keras
        model.
      outputs: op names, with or without `:0`; default: the likeliest outputs.
      output: the file to write; default: beside the source.
      weights: "float32", "float16" or "bfloat16".
      class_names: for the model card.
      fold: multiply batch normalization into the weights before it.
      ema: take the moving averages of the weights.
      inference_batch_norm: batch norms in training take their moving averages.
      plain: for other programs, its card beside it; the source may be a frozen graph.
      prove: run both graphs on the same inputs, before the file gets its name.
      reading: fields of SourceOptions: meta, signature, tags, custom, trust.
    Raises:
      FreezeError: the source cannot be frozen, `output` is one of its files, or the
        answers of the two graphs differ; no file is written.
    """
    check_dtype(weights, plain=plain)
    options = passes_asked_for(
        weights, ema=ema, batch_norms=inference_batch_norm, plain=plain, fold=fold
    )

    # 1. Read the source.
    found = recognise(source, SourceOptions(**reading, frozen=plain))
    place = choose_place(found, output)
    card = valid_card(found.meta.graph_def, found.name)

    # 2. Choose the outputs.
    wanted = find_outputs(found.meta, outputs, card)

    # 3. Apply the passes.
    editor = make_editor(found, wanted, weights)
    passes = apply_passes(editor, options=options)
    check_size(editor, weights)
    doubts = preflight(editor)
    add_warnings(editor, averages_taken=ema)
    card = complete_card(card, editor, class_names, folded=fold, ema=ema, plain=plain)

    with new_files(place, with_card=plain) as (path, beside):
        # 4. Write.
        card = write_model(editor, path, card)
        # 5. Prove; the file gets its name only afterwards.
        proof = Proof("unproven", 0, "not asked for")
        if prove:
            frozen = FrozenGraph(path, editor.initialisers, editor.outputs)
            proof = prove_source(editor, frozen)
            refuse_different(proof)
        size = path.stat().st_size
        if beside:
            write_card(beside, card)
    doubts = doubts if proof.verdict == "unproven" else []
    return report_of(editor, place, size, card, proof, passes=passes, doubts=doubts)
