"""A card's photo beside a live face: advice to the clerk, never a decision, and no test of liveness.

`interface` is what the booth needs, `dlib` compares in a process of its own (`worker`) that ends with each comparison
and takes pictures and embeddings along, `simulated` knows no faces. The weights come with the optional extra `face`.
"""
