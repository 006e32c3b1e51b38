"""Reads and runs a frozen graph in OpenCV's DNN module, whose images are NCHW."""

import cv2
import numpy as np
from exchange import main, without_index


def run(model, feeds, outputs):
    net = cv2.dnn.readNetFromTensorflow(model)
    for name, value in feeds.items():
        if value.ndim == 4:
            value = np.ascontiguousarray(value.transpose(0, 3, 1, 2))
        net.setInput(value, without_index(name))
    if len(outputs) == 1:  # an Identity at the end loses its name
        found = [net.forward()]
    else:
        found = net.forward([without_index(name) for name in outputs])
    return [each.transpose(0, 2, 3, 1) if each.ndim == 4 else each for each in found]


if __name__ == "__main__":
    main(run)
