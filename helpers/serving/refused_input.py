"""The error for inputs that a network cannot be run on.

A module of its own, so that it can be caught without importing TensorFlow.
"""


class RefusedInput(ValueError):
    """A network cannot be run on an input of the right type and shape."""
