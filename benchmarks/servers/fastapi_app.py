"""FastAPI with one session, for uvicorn."""

from fastapi import FastAPI, UploadFile
from one_session import predict as answer

app = FastAPI()


@app.post("/predict")
def predict(image: UploadFile) -> list[float]:
    return answer(image.file.read())
