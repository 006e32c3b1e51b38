"""Keras in Flask: `model.predict` for each request, the weights untrained."""

import io
import os

import keras
import numpy as np
from flask import Flask, jsonify, request
from keras import layers
from PIL import Image

SIZE = int(os.environ["SIZE"])
app = Flask(__name__)
model = keras.Sequential(
    [
        keras.Input((SIZE, SIZE, 3)),
        *(
            layer
            for filters in (32, 32, 64)
            for layer in (
                layers.Conv2D(filters, 3, padding="same"),
                layers.MaxPooling2D(),
                layers.ReLU(),
            )
        ),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(2, activation="softmax"),
    ]
)


@app.post("/predict")
def predict():
    data = request.files["image"].read()
    image = Image.open(io.BytesIO(data)).convert("RGB").resize((SIZE, SIZE))
    return jsonify(model.predict(np.float32([image]) / 255, verbose=0)[0].tolist())
