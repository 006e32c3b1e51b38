"""Solutions of the exercises of notebook 08."""

from tests.notebooks.exercises import Solution

TIMED = """
loaded = library.model("dogs-cats").model
batch = decode_photo(cat, loaded.image_size)[np.newaxis]
once = min(timeit.repeat(lambda: loaded.predict(batch), number=1))
again = timeit.timeit(
    lambda: FrozenModel.load(loaded.path).predict(batch), number=1
)
"""
POST = 'shipped.post("/predict", data=cat{})'
BODY = POST.format(', content_type="image/jpeg"')

SOLUTIONS = [
    Solution(1, f"{TIMED}\ntimes = again / once"),
    Solution(1, f"{TIMED}\ntimes = once / again", "divide the seconds of loading"),
    Solution(1, f"{TIMED}\ntimes = again", "divide the seconds of loading"),
    Solution(1, "times = 'much longer'", "divide the seconds of loading"),
    Solution(2, f"page = {POST.format(', headers=HTML')}"),
    Solution(2, f"page = {POST.format('')}", "but application/json"),
    Solution(2, f"page = {POST.format(', headers=HTML')}.text", "but None"),
    Solution(3, f'probabilities = {BODY}.json["probabilities"]'),
    Solution(3, f"probabilities = {BODY}.json", "is not what directly(cat) returns"),
    Solution(
        3,
        'probabilities = directly(cat, "dogs-cats-small")',
        "the answer of the first model",
    ),
]
