"""Read what is frozen: one reader for each kind of file; `recognise` chooses it."""
