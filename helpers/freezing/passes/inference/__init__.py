"""Passes that bind training switches and dropouts to their inference values."""
