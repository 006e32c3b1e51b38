"""Solutions of the exercises of notebook 05."""

from tests.notebooks.exercises import Solution

LOCKED = """
lock = threading.Lock()

def serve_locked(images):
    global loaded
    together.wait()
    with lock:
        if loaded is None:
            loads.append(path)
            loaded = one_session(path)
    return loaded(images)
"""
OWN_LOCK = LOCKED.replace("with lock", "with threading.Lock()")
LATE_LOCK = """
lock = threading.Lock()

def serve_locked(images):
    global loaded
    together.wait()
    if loaded is None:
        with lock:
            loads.append(path)
            loaded = one_session(path)
    return loaded(images)
"""
CLOSED = "session = tf1.Session(graph=graph)\nsession.close()\n"
RUN = 'session.run, "y_pred:0", feed)'

SOLUTIONS = [
    Solution(1, "added = 0"),
    Solution(1, "added = 3 * len(graph.get_operations())", "only building"),
    Solution(1, "added = 'none of them'", "only building"),
    Solution(2, LOCKED),
    Solution(2, OWN_LOCK, "must take the same lock"),
    Solution(2, LATE_LOCK, "the `if` must be under the lock"),
    Solution(2, LOCKED.replace("global loaded", "pass"), "it needs `global loaded`"),
    Solution(2, "serve_locked = 1", "Its error: TypeError"),
    Solution(3, "model_says = caught(model.predict, pictures)", "call model.close()"),
    Solution(3, "model.close()\nmodel_says = caught(model.predict, pictures)"),
    Solution(3, f"{CLOSED}session_says = str(caught({RUN})"),
    Solution(
        3,
        f"session = tf1.Session(graph=graph)\nsession_says = caught({RUN}",
        "close() it",
    ),
    Solution(4, 'ratio = small["one session"][0] / median(small["reload"])'),
    Solution(
        4,
        'ratio = median(small["reload"]) / small["one session"][0]',
        "not the other way round",
    ),
    Solution(
        4,
        'ratio = median(small["one session"]) / median(small["reload"])',
        'the first of small["one session"]',
    ),
]
