"""Small models of many kinds, made with either generation of Keras.

Each builder takes the Keras module (`keras` for Keras 3, `tf_keras` for Keras 2) and
returns a model whose weights are all random, its statistics too.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.freezing.small_models import numbers


def dense(keras):
    layers = keras.layers
    hidden = layers.Dense(5, "relu", name="Hidden")
    return keras.Sequential([layers.Input((4,)), hidden, layers.Dense(3, "softmax")])


def convolutional(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(2, "softmax"),
        ]
    )


def depthwise(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.DepthwiseConv2D(3, depth_multiplier=2),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
            layers.SeparableConv2D(4, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, "sigmoid"),
        ]
    )


def lstm(keras):
    layers = keras.layers
    first = layers.LSTM(4, return_sequences=True, dropout=0.3, recurrent_dropout=0.3)
    rest = [layers.LSTM(4), layers.Dense(3)]
    return keras.Sequential([layers.Input((None, 3)), first, *rest])


def gru(keras):
    layers = keras.layers
    many = layers.GRU(4, return_sequences=True)
    return keras.Sequential([layers.Input((5, 3)), many, layers.GRU(4)])


def bidirectional(keras):
    layers = keras.layers
    many = layers.Bidirectional(layers.LSTM(4, return_sequences=True))
    last = layers.Bidirectional(layers.GRU(3), merge_mode="sum")
    return keras.Sequential([layers.Input((5, 3)), many, last, layers.Dense(2)])


def stateful(keras):
    layers = keras.layers
    states = layers.LSTM(4, stateful=True)
    parts = layers.Input(batch_shape=(2, 5, 3)), states, layers.Dense(2)
    return keras.Sequential(list(parts))


def embedding(keras):
    """Words to a class, with the padding zero masked."""
    layers = keras.layers
    words = keras.Input((6,), dtype="int32", name="words")
    rows = layers.Embedding(10, 4, mask_zero=True)(words)
    return keras.Model(words, layers.Dense(2)(layers.LSTM(3)(rows)))


def attention(keras):
    layers = keras.layers
    steps = keras.Input((6, 4), name="steps")
    heads = layers.MultiHeadAttention(2, 3)(steps, steps)
    summed = layers.LayerNormalization()(layers.Add()([steps, heads]))
    mixed = layers.Attention()([summed, steps])
    return keras.Model(steps, layers.Dense(2)(layers.GlobalMaxPooling1D()(mixed)))


def pixels(keras):
    """The preprocessing of images: resized, rescaled and normalized."""
    layers = keras.layers
    normalize = layers.Normalization(mean=[0.4, 0.5, 0.6], variance=[0.1, 0.2, 0.3])
    return keras.Sequential(
        [
            layers.Input((10, 12, 3)),
            layers.Resizing(8, 8),
            layers.Rescaling(1 / 127.5, -1),
            layers.RandomFlip(),
            normalize,
            layers.Conv2D(2, 3),
            layers.GlobalAveragePooling2D(),
        ]
    )


def measurements(keras):
    """The preprocessing of numbers: adapted statistics, bins and codes."""
    layers = keras.layers
    values = keras.Input((3,), name="values")
    normalize = layers.Normalization()
    normalize.adapt(numbers(20, 3))
    bins = layers.Discretization([0.25, 0.5, 0.75])(values)
    codes = layers.CategoryEncoding(4, output_mode="multi_hot")(bins)
    both = layers.Concatenate()([normalize(values), codes])
    return keras.Model(values, layers.Dense(2)(both))


def looked_up(keras):
    """Words and whole numbers that vocabularies turn into rows."""
    layers = keras.layers
    words = keras.Input((2,), dtype="string", name="words")
    codes = keras.Input((2,), dtype="int64", name="codes")
    names = layers.StringLookup(vocabulary=["cat", "dog", "Vögel"])(words)
    known = layers.IntegerLookup(vocabulary=[7, 12, 99])(codes)
    rows = layers.Embedding(5, 3)
    both = layers.Concatenate()([rows(names), rows(known)])
    return keras.Model([words, codes], layers.Dense(2)(layers.Flatten()(both)))


def text(keras):
    """Sentences split into words of an adapted vocabulary."""
    layers = keras.layers
    sentences = keras.Input((1,), dtype="string", name="sentences")
    vectorize = layers.TextVectorization(20, output_sequence_length=5)
    vectorize.adapt(["a cat sat on the mat", "the dog ran"])
    rows = layers.Embedding(20, 3)(vectorize(sentences))
    return keras.Model(sentences, layers.Dense(2)(layers.GlobalMaxPooling1D()(rows)))


def two_inputs(keras):
    """Inputs whose order by name is not their order."""
    layers = keras.layers
    second, first = keras.Input((3,), name="zebra"), keras.Input((4,), name="apple")
    both = layers.Concatenate()([layers.Dense(5, "tanh")(second), first])
    return keras.Model([second, first], layers.Dense(2)(both))


def two_outputs(keras):
    layers = keras.layers
    values = keras.Input((4,), name="values")
    hidden = layers.Dense(5, "relu")(values)
    score = layers.Dense(2, "softmax", name="score")(hidden)
    place = layers.Dense(4, name="geometry")(hidden)
    return keras.Model(values, [score, place])


def named_outputs(keras):
    """Outputs in a dictionary."""
    layers = keras.layers
    values = keras.Input((4,), name="values")
    hidden = layers.Dense(5, "relu")(values)
    parts = {"score": layers.Dense(2)(hidden), "geometry": layers.Dense(4)(hidden)}
    return keras.Model(values, parts)


def shared_layers(keras):
    """One layer applied to two inputs, and to its own output."""
    layers = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    layer = layers.Dense(4, "tanh")
    apart = layers.Subtract()([layer(layer(left)), layer(right)])
    return keras.Model([left, right], layers.Dense(1)(apart))


def nested(keras):
    """A functional model within a sequential one within a sequential one."""
    layers = keras.layers
    images = keras.Input((8, 8, 3))
    features = layers.BatchNormalization()(layers.Conv2D(4, 3)(images))
    base = keras.Model(images, layers.GlobalAveragePooling2D()(features), name="base")
    inner = keras.Sequential([layers.Input((8, 8, 3)), base, layers.Dense(3, "relu")])
    return keras.Sequential([layers.Input((8, 8, 3)), inner, layers.Dense(2)])


def mixed_precision(keras):
    layers, policy = keras.layers, "mixed_bfloat16"
    return keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu", dtype=policy),
            layers.BatchNormalization(dtype=policy),
            layers.Flatten(dtype=policy),
            layers.Dense(3, dtype=policy),
            layers.Activation("softmax", dtype="float32"),
        ]
    )


def float16(keras):
    """Weights and arithmetic in 16 bits."""
    layers = keras.layers
    hidden = layers.Dense(5, "relu", dtype="float16")
    last = layers.Dense(3, dtype="float16")
    return keras.Sequential([layers.Input((4,), dtype="float16"), hidden, last])


BUILDERS = (
    *(dense, convolutional, depthwise, lstm, gru, bidirectional, stateful, embedding),
    *(attention, pixels, measurements, looked_up, text, two_inputs, two_outputs),
    *(named_outputs, shared_layers, nested, mixed_precision, float16),
)
SAMPLES: dict[str, list[np.ndarray]] = {  # one array an input, in the inputs' order
    "dense": [numbers(2, 4)],
    "convolutional": [numbers(2, 8, 8, 3)],
    "depthwise": [numbers(2, 8, 8, 3)],
    "lstm": [numbers(2, 7, 3)],
    "gru": [numbers(2, 5, 3)],
    "bidirectional": [numbers(2, 5, 3)],
    "stateful": [numbers(2, 5, 3)],
    "embedding": [np.array([[1, 2, 3, 9, 0, 0], [4, 0, 0, 0, 0, 0]], np.int32)],
    "attention": [numbers(2, 6, 4)],
    "pixels": [255 * numbers(2, 10, 12, 3)],
    "measurements": [numbers(2, 3)],
    "looked_up": [
        np.array([["dog", "cow"], ["Vögel", "cat"]], object),
        np.array([[7, 8], [99, 12]], np.int64),
    ],
    "text": [np.array([["The cat, the dog!"], ["a bird"]], object)],
    "two_inputs": [numbers(2, 3), numbers(2, 4)],
    "two_outputs": [numbers(2, 4)],
    "named_outputs": [numbers(2, 4)],
    "shared_layers": [numbers(2, 4), 1 - numbers(2, 4)],
    "nested": [numbers(2, 8, 8, 3)],
    "mixed_precision": [numbers(2, 8, 8, 3)],
    "float16": [numbers(2, 4).astype(np.float16)],
}


def _seeded(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The builder, its trained float weights set to seeded values in [0.1, 0.6)."""

    def make(keras):
        model = build(keras)
        rng = np.random.default_rng(5)
        for weight in model.weights:
            dtype = str(getattr(weight, "dtype", ""))  # a vocabulary has none
            name = getattr(weight, "name", "").split("/")[-1].split(":")[0]
            adapted = name in ("mean", "variance")
            if "float" in dtype and not adapted:
                values = 0.1 + 0.5 * rng.random(tuple(weight.shape), np.float32)
                weight.assign(values.astype("float16" if "16" in dtype else "float32"))
        return model

    return make


MODELS: dict[str, Callable[[Any], Any]] = {
    build.__name__: _seeded(build) for build in BUILDERS
}


def compiled(model):
    """The model with an optimizer and its state."""
    model.compile(optimizer="adam", loss="mse")
    model.optimizer.build(model.trainable_variables)
    return model


def answers(model, samples: list[np.ndarray]) -> list[np.ndarray]:
    """The model's outputs with training off; a dictionary's in the order of keys."""
    import tensorflow as tf

    given = [tf.constant(sample) for sample in samples]
    found = model(given if len(given) > 1 else given[0], training=False)
    if isinstance(found, dict):
        found = [found[key] for key in sorted(found)]
    found = list(found) if isinstance(found, list | tuple) else [found]
    return [
        np.asarray(tf.cast(y, "float32") if y.dtype == tf.bfloat16 else y)
        for y in found
    ]
