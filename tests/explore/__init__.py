"""Property tests with fresh draws, for as many seconds as asked; what they find is kept and tried by the suite from then on."""
