"""Solutions of the exercises of notebook 06."""

from tests.notebooks.exercises import Solution

ALONE = """
def alone(data):
    with tf.Graph().as_default() as own, tf1.Session(graph=own) as once:
        return once.run(tf.io.decode_image(data, channels=3))
"""
SHARED = """
own = tf.Graph()

def alone(data):
    with own.as_default(), tf1.Session(graph=own) as once:
        return once.run(tf.io.decode_image(data, channels=3))
"""
OLD_GRAPH = ALONE.replace("tf.Graph().as_default() as own", "graph.as_default() as own")
RETURNS_OP = ALONE.replace("return once.run(", "once.run(")
OWN = "median(measure_calls(lambda: alone(photo), 20).milliseconds)"
FIXED = "median(measure_calls(lambda: fixed(photo), 20).milliseconds)"
ERRORS = "for _ in range(100):\n    caught(fixed, b'not a photo')\n"
MINE = "mine = Path(temporary.name, 'mine.py')\n"
TENSOR = (
    "mine.write_text(mine.read_text().replace('next(clients))\\n', "
    "'tf.constant(float(next(clients))))\\n'))\n"
)
ASKED = "cured = check('mine:greet'{})"

SOLUTIONS = [
    Solution(1, ALONE),
    Solution(1, SHARED, "`alone` leaks ops"),
    Solution(1, OLD_GRAPH, "Its error: RuntimeError: Graph is finalized"),
    Solution(1, RETURNS_OP, "does not return the pixels"),
    Solution(1, f"{ALONE}\ntimes = {OWN} / {FIXED}"),
    Solution(1, f"{ALONE}\ntimes = {FIXED} / {OWN}", "not the other way round"),
    Solution(1, "times = 'many'", "not the other way round"),
    Solution(2, f"before = count_fixed()\n{ERRORS}added = count_fixed() - before"),
    Solution(2, f"{ERRORS}added = count_fixed()", "less count_fixed() before it"),
    Solution(2, "added = 100", "is still the same op"),
    Solution(3, ASKED.format(", folder=temporary.name"), "exit status is 0, but 1"),
    Solution(3, ASKED.format(""), "exit status is 0, but 2"),
    Solution(3, MINE + TENSOR + ASKED.format(", folder=temporary.name")),
    Solution(3, "cured = 'no leak'", "exit status is 0, but None"),
    Solution(4, "refused = 'Const'"),
    Solution(4, "refused = constant.type"),
    Solution(4, "refused = decoder.type", "the first of the two"),
]
