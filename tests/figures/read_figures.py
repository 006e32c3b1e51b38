"""Reads back what a figure shows."""

import matplotlib.pyplot as plt


def texts(axis=None):
    return [text.get_text() for text in (axis or plt.gca()).texts]


def axis_labels():
    return [(axis.get_xlabel(), axis.get_ylabel()) for axis in plt.gcf().axes]
