"""`python -m analyzer` is `whichproxy`."""

from analyzer.cli import main

if __name__ == "__main__":
    main()
