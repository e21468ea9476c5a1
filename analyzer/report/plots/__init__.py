"""Pictures of the verdict with matplotlib, which loads when one is asked for."""
