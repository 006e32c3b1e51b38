"""The parts of a drawing: background, animals, things, foreground and light."""
