"""How the net in `booth/documents/outline.onnx` was made: training scenes, and the training itself."""
