"""Solutions of the exercises of notebook 03."""

from tests.notebooks.exercises import Solution

KEPT = '{node.name for node in convert("dense2/BiasAdd").node}'
MENDED = """
def mended(tf, graph_util):
    session = tf.Session()
    saver = tf.train.import_meta_graph(f"{prefix}.meta", clear_devices=True)
    saver.restore(session, prefix)
    graph_def = tf.get_default_graph().as_graph_def()
    return graph_util.convert_variables_to_constants(session, graph_def, ["y_pred"])
"""
STILL_TWO = MENDED.replace("constants(session,", "constants(tf.Session(),")
FORGETS = MENDED.replace("return graph_util", "graph_util")
REFUSAL = 'caught(lambda: freeze(prefix, outputs="y_prd", output=folder / "no.pb"))'
ADAMS = 'len([n for n in {}.node if "Adam" in n.name])'

SOLUTIONS = [
    Solution(1, f"missing = needed - {KEPT}"),
    Solution(1, 'missing = "y_pred"'),
    Solution(1, 'missing = "model_card"', "and not among the nodes of convert"),
    Solution(1, f"missing = nodes.keys() - {KEPT}", "and not among the nodes"),
    Solution(1, 'logits = session.run("dense2/BiasAdd:0", {"x:0": images})'),
    Solution(1, "logits = expected", "numbers before softmax"),
    Solution(1, "logits = answer(frozen, images)", "whose rows need not sum to 1"),
    Solution(2, MENDED),
    Solution(2, STILL_TWO, "the session that has restored the values"),
    Solution(2, FORGETS, "does not return the frozen graph"),
    Solution(2, "mended = frozen", "`mended` fails"),
    Solution(3, f"refusal = {REFUSAL}"),
    Solution(3, f"refusal = str({REFUSAL})"),
    Solution(3, 'refusal = caught(convert, "y_prd")', "convert's error does not"),
    Solution(4, "adams = " + ADAMS.format('convert("training/loss")')),
    Solution(
        4, "adams = " + ADAMS.format("graph.as_graph_def()"), "of the whole graph"
    ),
]
