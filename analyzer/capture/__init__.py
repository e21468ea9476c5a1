"""bytes → frames: where each packet lies, when it was seen, on which interface and link type.

`open_inputs` turns what a person named into sources; `Source.blocks()` reads one, whatever its format or wrapping.
"""

from analyzer.capture.source import Inputs, Source, open_inputs

__all__ = ["Inputs", "Source", "open_inputs"]
