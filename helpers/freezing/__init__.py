"""From a checkpoint to one file.

`by_session` is the lesson of notebook 03; the other modules are the tool behind
`python -m helpers freeze`, whose way is written in `freeze.py`:

    recognise the source   sources, prefixes, values, exported, captures
    find the outputs       outputs
    cut and prune          cutting, pruning, assigning, lookups, vocabularies
    bind to inference      binding, dropouts, simplifying, evaluating, statistics,
                           switches, branches, functions
    turn into constants    resources, rewriting, constants, averages, batchnorm, weights
    check and write        preflight, warning, registry, completing, fingerprint,
                           writing, janitor
    prove                  proving, proof, running, examples, differences
    tell                   report, errors

They all work on a `GraphEditor`, the graph while it is being frozen. `verify.py`
compares any frozen graph with any checkpoint.
"""
