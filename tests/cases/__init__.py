"""Small captures of situations that people report, held against what must be said of them."""
