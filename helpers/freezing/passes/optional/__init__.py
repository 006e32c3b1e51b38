"""Rewrites that are done only when asked for."""
