"""Says in one sentence why TensorFlow could not run a network."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from helpers.freezing.sources.checkpoint_values import error_summary
from helpers.serving.refused_input import RefusedInput

# As in: for '{{node MatMul}} = MatMul[T=DT_FLOAT](x, kernel)' with input shapes: ...
NODE = re.compile(r" for '\{\{node (\S+?)\}\} = (\w+)\[.*\]\([^()]*\)'")
LONGEST = 300  # characters


def run_cause(error: Exception) -> str:
    """The cause that an error of TensorFlow states, without its trace of nodes."""
    text = NODE.sub(r" in op '\1' (\2)", error_summary(error))
    text = re.sub(r"\s*\[\[\{\{.*?\}\}\]\]", "", text)
    text = re.sub(r"^('\S+') ", r"op \1: ", text)
    text = re.sub(r"\{\{(?:function_)?node (\S*?)\}\}", r"'\1'", text)
    text = text.strip().rstrip(".")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


@contextmanager
def refused_inputs() -> Iterator[None]:
    """Turns what TensorFlow raises in a run into a RefusedInput that says the cause."""
    try:
        yield
    except tf.errors.ResourceExhaustedError:
        raise  # memory is short: a smaller batch may succeed
    except tf.errors.OpError as error:
        cause = run_cause(error)
        raise RefusedInput(f"the network refuses this input: {cause}") from error
