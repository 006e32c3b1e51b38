"""Solutions of the exercises of notebook 07."""

from tests.notebooks.exercises import Solution

INSIDE = "with graph2.as_default():\n    inside = run_graph{}(images)"
BOTH = """
with tf.Graph().as_default() as common, tf1.Session() as session:
    tf1.import_graph_def(first, name="one")
    tf1.import_graph_def(second, name="two")
    second_says = session.run("{0}/y_pred:0", {{"{0}/x:0": images}})
left = len(common.get_operations())
"""

SOLUTIONS = [
    Solution(1, INSIDE.format(1)),
    Solution(1, INSIDE.format(2), "whatever graph is the default"),
    Solution(1, "inside = 'the first one'", "which is expected"),
    Solution(2, "says1 = said(run_graph1, images)", "session1.close(), then"),
    Solution(2, "session1.close()\nsays1 = said(run_graph1, images)"),
    Solution(2, "says1 = said(run_graph1, images).partition(': ')[2]"),
    Solution(2, "says1 = said(run_graph2, images)", "said(run_graph1, images)"),
    Solution(2, "says2 = run_graph2(images)"),
    Solution(2, "says2 = said(run_graph2, images)", "session1 has no part"),
    Solution(3, BOTH.format("two")),
    Solution(3, BOTH.format("one"), "feed two/x:0"),
    Solution(3, "left = len(second.node)", "can an op ever leave a graph?"),
    Solution(3, "left = 'all'", "can an op ever leave a graph?"),
    Solution(4, "first_says = 2"),
    Solution(4, "first_says = 1.0", "the second restore comes last"),
    Solution(4, "first_says = np.float32([2.0, 2.0])", "the second restore"),
]
