"""Graph passes: each takes a GraphEditor and returns the number of changes it made.

`pipeline.py` applies them in one order. The folders are their four families: `prune`
cuts a graph to what the outputs need, `inference` binds training switches to their
inference values, `constants` turns variables and tables into constants, `optional` is
applied only on request.
"""
