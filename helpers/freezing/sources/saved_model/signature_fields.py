"""What the card of a frozen graph says of the SavedModel's signature."""

from collections.abc import Container

from helpers.freezing.sources.source import Source

SIGNATURE = "signature"  # the card's field


def signature_fields(source: Source, tensors: Container[str]) -> dict:
    """The card's field `signature`: its name, its tags, and its tensors by key.

    Empty for another source than a SavedModel.

    Args:
      tensors: the inputs and outputs of the frozen graph; others are left out.
    """
    if source.signature is None:
        return {}
    signature = source.meta.signature_def[source.signature]
    found: dict[str, object] = {"name": source.signature}
    found["tags"] = sorted(source.meta.meta_info_def.tags)
    for role, infos in (("inputs", signature.inputs), ("outputs", signature.outputs)):
        found[role] = {
            key: infos[key].name for key in sorted(infos) if infos[key].name in tensors
        }
    return {SIGNATURE: found}


def signature_options(card: dict) -> dict:
    """The options `signature` and `tags` with which the card's graph was read."""
    found = card.get(SIGNATURE)
    if not isinstance(found, dict) or "name" not in found:
        return {}
    return {"signature": found["name"], "tags": tuple(found.get("tags", ()))}
