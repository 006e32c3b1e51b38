"""FastAPI with OpenVINO in bfloat16, on the same .pb."""

import os
import threading

import numpy as np
import openvino as ov
from fastapi import FastAPI, UploadFile
from PIL import Image

core = ov.Core()
graph = core.read_model(os.environ["MODEL"])
SIZE = int(os.environ["SIZE"])
graph.reshape([-1, SIZE, SIZE, 3])
settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "bf16"}
compiled = core.compile_model(graph, "CPU", settings)
local = threading.local()
app = FastAPI()


@app.post("/predict")
def predict(image: UploadFile) -> list[float]:
    photo = Image.open(image.file).convert("RGB").resize((SIZE, SIZE), Image.BILINEAR)
    if not hasattr(local, "request"):
        local.request = compiled.create_infer_request()
    (result,) = local.request.infer([np.float32([photo]) / 255]).values()
    return result[0].tolist()
