"""`python -m analyzer` is `whichproxy`."""

from analyzer.cli import process

if __name__ == "__main__":
    process()
