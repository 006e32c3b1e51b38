"""RefusedInput: what the web app answers with 400. No TensorFlow is imported."""


class RefusedInput(ValueError):
    """A network cannot be run on an input of the right type and shape."""
