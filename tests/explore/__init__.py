"""Property tests with fresh draws, for as long as is told; what they find is kept and tried by the suite from then on."""
