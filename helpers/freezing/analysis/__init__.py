"""Static analysis: what the passes can know of a graph without running it."""
