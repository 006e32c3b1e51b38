"""Fixtures of the web app's tests."""

from tests.webapp.conftest import kinds

__all__ = ["kinds"]
