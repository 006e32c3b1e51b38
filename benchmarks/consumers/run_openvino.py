"""Reads and runs a frozen graph in OpenVINO."""

import openvino
from exchange import main


def run(model, feeds, outputs):
    core = openvino.Core()
    # Its default is bfloat16 on some CPUs.
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(model), "CPU", options)
    found = compiled(feeds)
    return [found[compiled.output(name)] for name in outputs]


if __name__ == "__main__":
    main(run)
