"""What a request carries: its photos and the names of models, parsed in memory."""
