"""How the nets in `booth/documents` (`outline.onnx`, `nearer.onnx`, `strips.onnx`) were made: their scenes, their
training, and the fit of the confidence.

`shards` draws scenes, `train` trains one net or the other on them and exports it, `quantize` makes the strips' net
quick, `calibrate` fits `booth/documents/confidence.py` to what then comes out. `nearer.onnx` began as `outline.onnx`:
5,000 steps on 3,250 of today's scenes (1,000 of them with half as many heaps, and twice as many photographs and hands).
"""
