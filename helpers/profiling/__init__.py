"""Time and memory of this process, and of a function in a process of its own."""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "functions": "function_named",
        "leaks": "find_leak",
        "processes": "run_apart",
        "usage": "measure_calls peak_rss_mib rss_mib",
    },
)
