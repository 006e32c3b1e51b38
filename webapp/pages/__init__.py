"""What the HTML pages show: model cards in words, thumbnails, and the model report."""
