"""The soak test: mixed traffic for minutes, and what grew, was lost or was left."""
