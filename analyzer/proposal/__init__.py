"""A topology proposed from traffic: facts from packets as entries, guesses as comments."""
