"""Kills training, freezing and downloading, and looks at what is on the disk."""
