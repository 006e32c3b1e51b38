"""BentoML: one service, batched by itself."""

import bentoml
import numpy as np
import tensorflow as tf
from PIL.Image import Image, Resampling

tf1 = tf.compat.v1


@bentoml.service(workers=1, traffic={"timeout": 60, "max_concurrency": 128})
class Cats:
    def __init__(self):
        from one_session import session, x

        self.session, self.x = session, x

    @bentoml.api(batchable=True, max_batch_size=16, max_latency_ms=1000)
    def predict(self, image: list[Image]) -> list[list[float]]:
        size = self.x.shape[1:3]
        photos = [one.convert("RGB").resize(size, Resampling.BILINEAR) for one in image]
        batch = np.float32(photos) / 255
        return self.session.run("y_pred:0", {self.x: batch}).tolist()
