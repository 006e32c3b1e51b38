"""Solutions of the exercises of notebook 02."""

from tests.notebooks.exercises import Solution

READ = 'tf.train.load_checkpoint(f"{copy}/model-ckpt").get_tensor'
DELETE = '(copy / "checkpoint").unlink(missing_ok=True)'
BEGUN = '[n for n in table if table[n]["offset"] {} size // 2]'

SOLUTIONS = [
    Solution(1, f'conv1_bias = {READ}("conv1/bias")', "is still in the folder"),
    Solution(1, f'{DELETE}\nconv1_bias = {READ}("conv1/bias")'),
    Solution(
        1, f'{DELETE}\nconv1_bias = {READ}("conv2/bias")', "which takes the prefix"
    ),
    Solution(
        1,
        f"{DELETE}\nconv1_bias = tf.train.latest_checkpoint(str(copy))",
        "which takes the prefix",
    ),
    Solution(
        2, f'holder = max({BEGUN.format("<=")}, key=lambda n: table[n]["offset"])'
    ),
    Solution(
        2,
        f'holder = min({BEGUN.format(">")}, key=lambda n: table[n]["offset"])',
        "it begins after that byte",
    ),
    Solution(2, 'holder = "dense1/kernel"', "it ends before it"),
    Solution(3, 'along = "y_true"'),
    Solution(3, 'along = placeholders & (needed_for("training/loss") - prediction)'),
    Solution(
        3,
        'along = placeholders & needed_for("training/loss")',
        "that training/loss needs and y_pred does not",
    ),
    Solution(3, 'along = "training/learning_rate"', "and y_pred does not"),
    Solution(4, 'e8_07 = varint(bytes.fromhex("e8 07"), 0)[0]'),
    Solution(4, "e8_07 = 1000"),
    Solution(4, "e8_07 = 0xE807", "the lowest 7 bits come first"),
    Solution(4, "e8_07 = 0xE8 + 7 * 128", "is no part of the number"),
    Solution(4, 'three_hundred = bytes.fromhex("ac 02")'),
    Solution(4, "three_hundred = bytes([300 % 128, 300 // 128])", "its top bit set"),
    Solution(4, 'three_hundred = (300).to_bytes(2, "big")', "the remainder goes first"),
]
