"""Cut the graph to what the outputs need."""
