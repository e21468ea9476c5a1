"""Studies: the article's experiment on another network, as several tests with an expectation for each.

The package's name isn't study: that is the function `analyzer.study`.
"""
