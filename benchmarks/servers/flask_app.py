"""Flask with one session, for gunicorn and waitress."""

from flask import Flask, jsonify, request
from one_session import predict as answer

app = Flask(__name__)


@app.post("/predict")
def predict():
    return jsonify(answer(request.files["image"].read()))
