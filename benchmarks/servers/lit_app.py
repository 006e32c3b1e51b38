"""LitServe, in batches of 16."""

import io
import os

import litserve as ls
import numpy as np
from fastapi import Request
from PIL import Image


class Cats(ls.LitAPI):
    def setup(self, device):
        from one_session import session, x

        self.session, self.x = session, x

    def decode_request(self, request: Request):
        data = request["image"].file.read()
        image = Image.open(io.BytesIO(data)).convert("RGB")
        return np.float32(image.resize(self.x.shape[1:3], Image.BILINEAR)) / 255

    def predict(self, batch):
        return self.session.run("y_pred:0", {self.x: batch})

    def encode_response(self, output):
        return output.tolist()


if __name__ == "__main__":
    api = Cats(max_batch_size=16, batch_timeout=0.005)
    server = ls.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(port=int(os.environ["PORT"]), generate_client_file=False)
