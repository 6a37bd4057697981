"""How the net in `booth/documents/outline.onnx` was made: its scenes, its training, and the fit of the confidence.

`shards` draws scenes, `train` trains on them and exports, `calibrate` fits `booth/documents/confidence.py` to what
then comes out. The net that ships was stopped early, after 211 steps at whole and 396 at half size on 2250 scenes;
more steps, and then whole size, make it better.
"""
