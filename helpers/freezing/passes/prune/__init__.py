"""Passes that cut the graph to what the outputs need."""
