"""Rewrites of conditionals and function bodies, which several passes use."""
