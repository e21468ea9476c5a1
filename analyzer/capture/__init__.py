"""bytes → frames: where each packet lies, when it was seen, on which interface and link type.

`inputs.open_inputs` turns what a person named into sources; `Source.blocks()` reads one, whatever its format or wrapping.
Nothing is imported here: `live` and `selection` start a capture before the engine is loaded.
"""
