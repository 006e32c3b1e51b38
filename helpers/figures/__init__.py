"""Draws the figures of the notebooks, the model cards and the benchmarks.

Each function draws one figure with matplotlib, from numbers. Nothing here imports
TensorFlow.
"""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "benchmark_results": "read_results table",
        "diagrams": "Span plot_chains plot_heat plot_timelines plot_stacks",
        "measurements": "plot_arrivals plot_footprints plot_latencies plot_rates",
        "plots": "plot_bytes plot_calls plot_history plot_images plot_kernels "
        "plot_measured_calls plot_memory plot_sessions plot_shares",
        "training_curve": "training_curve",
    },
)
