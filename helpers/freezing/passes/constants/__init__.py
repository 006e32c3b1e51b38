"""Turn variables and lookup tables into constants."""
