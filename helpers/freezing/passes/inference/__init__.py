"""Bind training switches and dropouts to their inference values."""
