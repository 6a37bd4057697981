"""How the nets in `booth/documents` (`outline.onnx`, `strips.onnx`) were made: their scenes, their training, and the
fit of the confidence.

`shards` draws scenes, `train` trains one net or the other on them and exports it, `quantize` makes the strips' net
quick, `calibrate` fits `booth/documents/confidence.py` to what then comes out.
"""
