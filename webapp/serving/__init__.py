"""The server behind Flask."""
