"""The heading of the page: what the models can be asked, in a few words."""

from collections.abc import Iterable

MOST_NAMED = 3  # classes
LONGEST = 32  # characters
GENERAL = "What is it?"
FOR_PROGRAMS = "JSON in, JSON out"


def question(model) -> str:
    """The model's classes as a question, in its own spelling, where they are few."""
    *others, last = model.class_names or ("",)
    if others and len(others) < MOST_NAMED:
        named = f"{', '.join(others)} or {last}?"
        return named if len(named) <= LONGEST else GENERAL
    if model.class_names:
        return GENERAL
    taken = "Photos" if model.takes_photos else _words(model.inputs.values())
    return f"{taken} in, {_words(model.outputs.values()).lower()} out"


def common_question(models: Iterable) -> str:
    """The one question of all the models, or one that fits each of them."""
    models = list(models)
    questions = {question(model) for model in models}
    if len(questions) == 1:
        return questions.pop()
    return GENERAL if any(model.takes_photos for model in models) else FOR_PROGRAMS


def _words(tensors: Iterable) -> str:
    are_texts = {tensor.dtype.base_dtype.name == "string" for tensor in tensors}
    if are_texts == {True}:
        return "Texts"
    return "Numbers and texts" if True in are_texts else "Numbers"
