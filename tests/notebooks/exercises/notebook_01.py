"""Solutions of the exercises of notebook 01."""

from tests.notebooks.exercises import Solution

SOLUTIONS = [
    Solution(1, "rows = session.run(y_pred, {logits: [[0, 0], [3, 0]]})"),
    Solution(1, "rows = [[0.5, 0.5], [0.95, 0.05]]"),
    Solution(1, "rows = [[0, 0], [1, 0]]", "not the softmax of each row"),
    Solution(1, "rows = [0.5, 0.95]", "not the softmax of each row"),
    Solution(1, "rows = 'fifty-fifty'", "not the softmax of each row"),
    Solution(2, "changed = 0"),
    Solution(2, "changed = len(test.labels) // 4", "the largest of four values"),
    Solution(3, "data_bytes = 4 * 2_126_178 + 8"),
    Solution(3, "data_bytes = data_size // 3", "8 for the step"),
    Solution(3, "data_bytes = 4 * parameters", "8 for the step"),
    Solution(4, "careless = predict(test.images * np.float32(255))"),
    Solution(4, "careless = session.run(y_pred, {x: test.images})"),
    Solution(4, "careless = predict(test.images * 255)", "and wrap around"),
    Solution(4, "careless = predict(test.images)", "times np.float32(255)"),
    Solution(4, "careless = 0.5", "times np.float32(255)"),
]
