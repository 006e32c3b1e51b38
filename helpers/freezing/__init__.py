"""From a checkpoint to one file.

`by_session` is the lesson of notebook 03; the other modules are the tool behind
`python -m helpers freeze`, one file a step, named after the step.
"""
