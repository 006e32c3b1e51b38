"""The shapes that `helpers.data.drawings` composes."""
