"""The shapes that the drawings are made of; `helpers.drawings` puts them together."""
