"""Code shared by the notebooks, the command line and the web app.

Importing this package does not import TensorFlow or its subpackages.
"""
