"""Measures time and memory, of this process or of a function in a subprocess."""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "functions": "function_named",
        "leaks": "find_leak",
        "processes": "run_in_subprocess",
        "usage": "measure_calls peak_rss_mib rss_mib",
    },
)
