"""Solutions of the exercises of notebook 04."""

from tests.notebooks.exercises import Solution

ONCE = """
with tf.Graph().as_default(), tf1.Session() as mine:
    (made,) = tf1.import_graph_def(graph_def, name="", return_elements=["{}"])
    fetched = mine.run(made, {{"x:0": images}})
"""
TWICE = """
with tf.Graph().as_default():
    for _ in range(2):
        (made,) = tf1.import_graph_def({}return_elements=["y_pred:0"])
second = made.name
"""
NAMES = """
with grafted.as_default():
    best = tf.argmax(y_pred, 1)
    words = session.run({}, {{pixels: pictures}})
"""

SOLUTIONS = [
    Solution(1, ONCE.format("y_pred")),
    Solution(1, ONCE.format("y_pred:0"), "without returning its output"),
    Solution(2, TWICE.format('graph_def, name="", ')),
    Solution(2, 'second = "y_pred_1"'),
    Solution(2, TWICE.format("graph_def, "), "gets other names"),
    Solution(2, 'second = "y_pred:0"', "gets other names"),
    Solution(3, 'features = session.run("dense1/Relu:0", {pixels: pictures}).shape'),
    Solution(3, "features = [32, 128]"),
    Solution(
        3, 'features = grafted.get_tensor_by_name("dense1/Relu:0").shape', "a row"
    ),
    Solution(3, "features = (32, 2)", "a column for each unit of dense1"),
    Solution(4, NAMES.format('tf.gather(card["class_names"], best)')),
    Solution(4, "words = [text.split()[0] for text in said(answers)]"),
    Solution(4, NAMES.format("best"), "picks from the names"),
    Solution(4, 'words = b"cat"', "the number of the likeliest class"),
]
