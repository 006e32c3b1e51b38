"""Converts a frozen graph to TensorFlow Lite, and runs it in its interpreter."""

import tensorflow as tf
from exchange import main, without_index


def run(model, feeds, outputs):
    names = {without_index(name): value for name, value in feeds.items()}
    converter = tf.compat.v1.lite.TFLiteConverter.from_frozen_graph(
        model,
        input_arrays=list(names),
        output_arrays=[without_index(name) for name in outputs],
        input_shapes={name: list(value.shape) for name, value in names.items()},
    )
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    values = list(names.values())
    for place, value in zip(interpreter.get_input_details(), values, strict=True):
        interpreter.set_tensor(place["index"], value)
    interpreter.invoke()
    places = interpreter.get_output_details()
    return [interpreter.get_tensor(place["index"]) for place in places]


if __name__ == "__main__":
    main(run)
