"""Runs a network that takes photos on the photos or numbers of a request."""

import numpy as np

from webapp.answering import answers_with_classes_alone
from webapp.rest_api.signatures import PROBABILITIES, output_names
from webapp.serving.all_outputs import Outputs, input_outputs, photo_outputs
from webapp.serving.micro_batching import Predicted, predict, predict_outputs


def run_photos(model, prepared: tuple[np.ndarray, bool]) -> Outputs:
    """The outputs for photos, or for values of the network's own input, by name."""
    tensor, is_own = prepared
    if is_own:
        found = input_outputs(model, tensor)
    elif answers_with_classes_alone(model):
        return {PROBABILITIES: model.predict(tensor)}
    else:
        found = photo_outputs(model, tensor)
    return dict(zip(output_names(model), found.values(), strict=True))


def run_photo(model, image: np.ndarray) -> Predicted:
    """The same outputs for one decoded photo, computed with the photos of its batch."""
    if answers_with_classes_alone(model):
        predicted = predict(model, image)
        rows = [predicted.row]
    else:
        predicted = predict_outputs(model, image)
        rows = [*predicted.row.values()]
    named = zip(output_names(model), rows, strict=True)
    return predicted._replace(row={name: np.asarray(row)[None] for name, row in named})
