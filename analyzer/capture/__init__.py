"""bytes → frames: each packet's place, time, interface and link type.

`inputs.open_inputs` turns paths, URLs and streams into sources; `Source.blocks()` reads one, of any format and compression.
Nothing is imported here: `live` and `selection` start a capture before the engine is loaded.
"""
