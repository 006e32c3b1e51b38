"""The shapes that the drawings are made of; `helpers.data.drawings` puts them together."""
