"""Passes that are applied only on request."""
