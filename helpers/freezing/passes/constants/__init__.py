"""Passes that turn variables and lookup tables into constants."""
