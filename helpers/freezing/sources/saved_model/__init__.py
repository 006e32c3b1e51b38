"""Read a SavedModel: its graph, one signature of it, and the place of its values."""
