"""Small captures of situations that people report, compared with the expected verdict."""
