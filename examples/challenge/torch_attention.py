#!/usr/bin/env python3
"""PyTorch's attention on the CPU, for the worst-input search. Needs torch (2.0 or later) and numpy.

    attnbounds challenge --search --n 8 --d 4 --bound 2 --serve -- python3 torch_attention.py --dtype bfloat16
"""
import argparse

import torch
from attnbounds_challenge import serve

parser = argparse.ArgumentParser()
parser.add_argument("--dtype", choices=["float64", "float32", "bfloat16", "float16"], default="float32")
parser.add_argument("--causal", action="store_true")
options = parser.parse_args()
torch.set_num_threads(1)


def attention(q, k, v):
    q, k, v = (torch.from_numpy(m).to(getattr(torch, options.dtype))[None, None] for m in (q, k, v))
    out = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=options.causal, scale=1 / q.shape[-1])
    return out[0, 0].to(torch.float64).numpy()


serve(attention)
