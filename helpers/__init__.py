"""What the notebooks and the web app share; see DESIGN in the README.

Importing this package imports nothing heavy: each module is imported by name.
"""
