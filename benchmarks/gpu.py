"""What a request costs on a GPU: weights uploaded for it, or kept there.

    python -m benchmarks.gpu [OUT.json]

TensorFlow is measured where it sees a GPU, otherwise JAX, whose memory is managed by
the same kind of allocator. Each case runs in a process of its own, since an allocator
keeps what it once took. The model is the three dense layers of AlexNet, nearly all of
its weights.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

LAYERS = (9216, 4096, 4096, 1000)
REQUESTS = 10
MIB = 2**20


def arrays() -> list[np.ndarray]:
    """The weights, float32."""
    rng = np.random.default_rng(0)
    return [
        rng.normal(0, rows**-0.5, (rows, columns)).astype(np.float32)
        for rows, columns in pairwise(LAYERS)
    ]


def tensorflow_cases() -> dict[str, Callable[[np.ndarray], object]]:
    """Functions that answer one request, by name."""
    import tensorflow as tf
    import tensorflow.compat.v1 as tf1

    grows = os.environ["GROWS"] == "true"
    config = tf1.ConfigProto(gpu_options=tf1.GPUOptions(allow_growth=grows))
    graph = tf.Graph()
    with graph.as_default():
        x = y = tf1.placeholder(tf.float32, [None, LAYERS[0]])
        for kernel in arrays():
            y = tf.nn.relu(y @ tf.constant(kernel))
    kept = tf1.Session(graph=graph, config=config)

    def upload(row: np.ndarray) -> object:
        with tf1.Session(graph=graph, config=config) as session:
            return session.run(y, {x: row})

    return {"uploaded": upload, "kept": lambda row: kept.run(y, {x: row})}


def jax_cases() -> dict[str, Callable[[np.ndarray], object]]:
    """Functions that answer one request, by name."""
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = (
        "false" if os.environ["GROWS"] == "true" else "true"
    )
    import jax

    @jax.jit
    def answer(kernels, x):
        for kernel in kernels:
            x = jax.nn.relu(x @ kernel)
        return x

    ours = arrays()
    kept = jax.device_put(ours)
    return {
        "uploaded": lambda row: np.asarray(answer(jax.device_put(ours), row)),
        "kept": lambda row: np.asarray(answer(kept, row)),
    }


def measure(engine: str) -> dict:
    """Milliseconds a request, and the MiB of the GPU that this process made it take."""
    before = used_mib()
    cases = {"tensorflow": tensorflow_cases, "jax": jax_cases}[engine]()
    row = np.ones((1, LAYERS[0]), np.float32)
    cases["kept"](row)
    result: dict = {"taken_mib": used_mib() - before}
    answers = {}
    for name, answer in cases.items():
        answer(row)
        seconds = []
        for _ in range(REQUESTS):
            started = time.perf_counter()
            answers[name] = np.asarray(answer(row))
            seconds.append(time.perf_counter() - started)
        result[f"{name}_ms"] = round(1000 * float(np.median(seconds)), 3)
    np.testing.assert_allclose(answers["uploaded"], answers["kept"], rtol=1e-3)
    return result


def query(field: str) -> str:
    """A field of the first GPU, as nvidia-smi says it."""
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits"]
    return subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]


def used_mib() -> int:
    return int(query("memory.used"))


def engine_with_gpu() -> str | None:
    """The engine that sees a GPU here, if one does."""
    seen = {
        "tensorflow": "import tensorflow; assert tensorflow.test.is_gpu_available()",
        "jax": "import jax; assert jax.default_backend() == 'gpu'",
    }
    for name, test in seen.items():
        run = subprocess.run([sys.executable, "-c", test], capture_output=True)
        if run.returncode == 0:
            return name
    return None


def main(arguments: list[str]) -> str | int:
    if arguments[:1] == ["--measure"]:
        print(json.dumps(measure(arguments[1])))
        return 0
    engine = engine_with_gpu()
    if engine is None:
        return "neither TensorFlow nor JAX sees a GPU here: nothing was measured"
    report: dict = {
        "gpu": query("name"),
        "total_mib": int(query("memory.total")),
        "engine": engine,
        "weights_mib": round(sum(array.nbytes for array in arrays()) / MIB),
    }
    for name, grows in (("at_once", "false"), ("as_needed", "true")):
        command = [sys.executable, __file__, "--measure", engine]
        run = subprocess.run(
            command,
            env={**os.environ, "GROWS": grows},
            capture_output=True,
            text=True,
            check=True,
        )
        report[name] = json.loads(run.stdout.splitlines()[-1])
    text = json.dumps(report, indent=2) + "\n"
    print(text, end="")
    if arguments:
        Path(arguments[0]).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
