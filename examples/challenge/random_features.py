#!/usr/bin/env python3
"""Attention by positive random features (after Choromanski et al. 2021, "Rethinking attention with
Performers"): exp(<q, k>/d) = E[phi(q) phi(k)], phi(x) = exp(<w, x>/sqrt d - |x|^2/(2 d)), w normal.

    attnbounds challenge INSTANCE... -- python3 random_features.py [--features M]

Called with an instance's folder (q.npy, k.npy, v.npy) and the path of the npy to write. Needs numpy."""
import argparse

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--features", type=int, default=1024)
parser.add_argument("folder")
parser.add_argument("out")
options = parser.parse_args()

q, k, v = (np.load(f"{options.folder}/{name}.npy") for name in ("q", "k", "v"))
d = q.shape[1]
w = np.random.default_rng(0).standard_normal((options.features, d))


def log_features(x):
    return x @ w.T / np.sqrt(d) - (x**2).sum(axis=1, keepdims=True) / (2 * d)


# One common shift for the queries' row and one for all keys: both cancel in the quotient.
log_q, log_k = log_features(q), log_features(k)
phi_q = np.exp(log_q - log_q.max(axis=1, keepdims=True))
phi_k = np.exp(log_k - log_k.max())
denominator = phi_q @ phi_k.sum(axis=0)
output = (phi_q @ (phi_k.T @ v)) / np.maximum(denominator, np.finfo(float).tiny)[:, None]
np.save(options.out, output)
