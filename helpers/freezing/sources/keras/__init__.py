"""Read Keras models that are one file: HDF5 or `.keras`, of Keras 1, 2 and 3."""
