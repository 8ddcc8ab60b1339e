#!/usr/bin/env python3
"""Cut tests/data/layers out of the weights that make_heads.py --weights DIR exported.

    python make_layers.py DIR [OUT]

Of each of the six layers it keeps the attention part of one head, the one that
heads/ keeps as the layer's median half-width: W_Q, W_K, W_V (384 x 32),
W_O (32 x 384), the biases, and the layer norm after attention; and the hidden
states T0 of the first 32 tokens. float32, as exported. Only numpy is needed.
"""
import json
import shutil
import sys
from pathlib import Path

import numpy as np

MEDIAN_HEADS = [8, 2, 4, 10, 4, 9]  # of layers 0 .. 5, README.md
TOKENS = 32


def main():
    source = Path(sys.argv[1])
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).resolve().parent / "layers"
    model = json.loads((source / "model.json").read_text())
    size = model["head_dimension"]
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    load = lambda path: np.atleast_2d(np.load(path))  # biases are rows
    put = lambda path, x: np.save(path, np.ascontiguousarray(x.astype(np.float32)), allow_pickle=False)
    put(out / "T0.npy", load(source / "T0.npy")[:TOKENS])
    for layer, head in enumerate(MEDIAN_HEADS):
        (out / f"layer{layer}").mkdir()
        part = slice(head * size, (head + 1) * size)
        for name in ["W_Q", "W_K", "W_V", "b_Q", "b_V"]:
            put(out / f"layer{layer}" / f"{name}.npy", load(source / f"layer{layer}" / f"{name}.npy")[:, part])
        put(out / f"layer{layer}" / "W_O.npy", load(source / f"layer{layer}" / "W_O.npy")[part])
        for name in ["b_O", "ln_att_gamma", "ln_att_beta"]:
            put(out / f"layer{layer}" / f"{name}.npy", load(source / f"layer{layer}" / f"{name}.npy"))
    kept = {key: model[key] for key in ["source", "layers", "head_dimension", "layer_norm_eps", "linear"]}
    kept |= {"heads": 1, "head_of_layer": MEDIAN_HEADS, "licence": "Apache-2.0 (the model's card)",
             "layer": "T' = LN_att(T + softmax(Q_h K_h^T / sqrt(d)) V_h W_O + b_O), one head h, no MLP"}
    (out / "model.json").write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
