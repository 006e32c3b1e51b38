"""Prove that a frozen graph answers as its source does, on the same inputs."""
