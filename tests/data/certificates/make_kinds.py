#!/usr/bin/env python3
"""Makes valid/kind_*.json and invalid/kind_*.json, small certificates of the kinds beside least degrees, by hand: every
number in them can be verified on paper. Written apart from src/ on purpose. Usage: make_kinds.py (Python's standard
library; writes beside itself). expected.txt of both folders is what attnbounds-check said, read by a person."""
import copy
import hashlib
import json
import math
import os
import struct

here = os.path.dirname(os.path.abspath(__file__))
HEAD = {"format": "attnbounds-certificate", "version": 1}


def put_file(name, data):
    for folder in ("valid", "invalid"):
        with open(os.path.join(here, folder, name), "wb") as f:
            f.write(data)
    return {"file": name, "sha256": hashlib.sha256(data).hexdigest()}


def matrix(name, rows):
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), len(rows[0]))
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
    return put_file(name, data + b"".join(struct.pack("<d", x) for row in rows for x in row))


def save(folder, name, certificate):
    with open(os.path.join(here, folder, "kind_%s.json" % name), "w") as f:
        json.dump(certificate, f, indent=1)
        f.write("\n")


def spoil(name, change, base):
    spoiled = copy.deepcopy(base)
    change(spoiled)
    save("invalid", name, spoiled)


def put(*path_and_value):
    *path, value = path_and_value

    def change(c):
        for key in path[:-1]:
            c = c[key]
        c[path[-1]] = value

    return change


# e^x by 1 + x on [-1/8, 1/8]: error |(1 + x)e^-x - 1|, at most 1 - (7/8) e^(1/8) = 0.00849…, critical point 0
line = dict(HEAD, kind="polynomial-error", function="exp", error_kind="relative", half_width="1/8", bound="86/10000",
            upper={"degree": 1, "coefficients": ["1", "0x1p-3"], "critical_points": ["0x1p-40"], "radius": "0x1p-30"})
save("valid", "polynomial_error", line)
spoil("polynomial_error_bound_too_small", put("bound", "84/10000"), line)
# kappa = (rho^2/2) e (1/4 + 1/64): with 2 in the place of e the bound would be 0.0085606
spoil("polynomial_error_bracket_at_its_limit", lambda c: (put("upper", "radius", "0x1p-6")(c), put("upper", "critical_points", 0, "0")(c), put("bound", "857/100000")(c)), line)
spoil("polynomial_error_wider_interval", put("half_width", "1/4"), line)

# constants: with the points -1, 1, w = -1/2, 1/2, the bound is (e^X - e^-X)/(e^X + e^-X) = tanh X, X = 1: 0.76159…
constant = dict(HEAD, kind="best-error", function="exp", error_kind="relative", half_width="1", bound="7615/10000",
                lower={"degree": 0, "points": ["-1", "1"]})
save("valid", "best_error", constant)
spoil("best_error_bound_too_large", put("bound", "7616/10000"), constant)

# all scores 0: the output is the mean 1/2 of the values; the file says 1/2 + 2^-20
attention = dict(HEAD, kind="attention", mask="none",
                 inputs={"q": matrix("q.npy", [[0.0], [0.0]]), "k": matrix("k.npy", [[1.0], [2.0]]), "v": matrix("v.npy", [[0.0], [1.0]])},
                 output=matrix("output.npy", [[0.5], [0.5 + 2.0**-20]]), method="exact", polynomial=None,
                 bound_approximation="0", bound_rounding="0x1p-19", bound="0x1p-19", sample={"seed": 0, "rows": 2},
                 observed={"lower": "0x1.ffffp-21", "upper": "0x1.0001p-20"})
save("valid", "attention", attention)
spoil("attention_hash", lambda c: c["inputs"]["k"].update(sha256=c["inputs"]["q"]["sha256"]), attention)
spoil("attention_bound_below_error", lambda c: c.update(bound="0x1p-21", bound_rounding="0x1p-21"), attention)
spoil("attention_bound_is_no_sum", put("bound_rounding", "0x1p-18"), attention)
spoil("attention_observed_too_small", put("observed", "upper", "0x1.fp-21"), attention)
spoil("attention_observed_too_large", put("observed", "lower", "0x1.1p-20"), attention)
spoil("attention_causal_is_another", put("mask", "causal"), attention)
spoil("attention_file_elsewhere", put("inputs", "q", "file", "../valid/q.npy"), attention)
spoil("attention_file_missing", put("inputs", "q", "file", "none.npy"), attention)
spoil("attention_polynomial_missing", put("method", "polynomial"), attention)
spoil("attention_rows_beyond", put("sample", "rows", 3), attention)
spoil("attention_no_npy", lambda c: c["inputs"].update(q=put_file("no.npy", b"not an npy file")), attention)

# a counterexample: the error 2^-20 is above 2^-21; strictly
above = dict(attention, exceeds="0x1p-21")
save("valid", "attention_exceeds", above)
spoil("attention_exceeds_equal", put("exceeds", "0x1p-20"), above)
spoil("attention_exceeds_too_large", put("exceeds", "0x1.1p-20"), above)
spoil("attention_exceeds_a_number", put("exceeds", 0), above)

# tensor attention, one query 1/8: products of keys 1 and 3, around 2 within 1 (around 0 only within 3), so scores
# within 1/8 and 1 + x from above; output 9/16 for e^(1/4)/(1 + e^(1/4)) = 0.5621765…
pairs = dict(HEAD, kind="attention", mask="none",
             inputs={"q": matrix("eighth.npy", [[0.125]]), "k": matrix("one_and_three.npy", [[1.0], [3.0]]), "v": matrix("v.npy", [[0.0], [1.0]]),
                     "k2": matrix("one.npy", [[1.0]]), "v2": matrix("one.npy", [[1.0]])},
             output=matrix("nine.npy", [[0.5625]]), method="polynomial",
             polynomial={"half_width": "1/8", "error": "86/10000", "upper": line["upper"], "coefficients": ["1", "1"], "centre": ["2"]},
             bound_approximation="861/100000", bound_rounding="0", bound="861/100000", sample={"seed": 0, "rows": 1},
             observed={"lower": "32/100000", "upper": "33/100000"})
save("valid", "attention_pairs", pairs)
spoil("attention_pairs_not_shifted", put("polynomial", "centre", None), pairs)
spoil("attention_pairs_shifted_too_far", put("polynomial", "centre", 0, "3"), pairs)
spoil("attention_pairs_shifted_twice", put("polynomial", "centre", ["2", "2"]), pairs)

# A1 = Y = E = 1, X = 0, A2 = A3 = (1, -1): f = (1/2, 1/2), c = -1, q = (-1, 1), p = q/2, dL/dX = -1
one = matrix("one.npy", [[1.0]])
sides = matrix("sides.npy", [[1.0], [-1.0]])
gradient = dict(HEAD, kind="gradient",
                inputs={"A1": one, "A2": sides, "A3": sides, "X": matrix("zero.npy", [[0.0]]), "Y": one, "E": one},
                output=matrix("gradient.npy", [[-1.0]]), method="exact", polynomial=None, bound_approximation="0",
                bound_rounding="0x1p-50", bound="0x1p-50", observed={"lower": "0", "upper": "0x1p-50"})
save("valid", "gradient", gradient)
spoil("gradient_with_the_wrong_sign", put("output", one), gradient)
spoil("gradient_target_forgotten", put("inputs", "E", matrix("zero.npy", [[0.0]])), gradient)

# two tokens 1, -1, W = 0, W_V = 1, no residual: e_1 = phi(1/64) = 0.0156259…; T_1 = 0, |T_1 - E|_1 = 2
layers = dict(HEAD, kind="layers", input=[["1"], ["-1"]],
              layers=[{"residual": "none", "mask": "none", "heads": [{"W": [["0"]], "W_V": [["1"]]}]}], delta="1/64",
              constants="states", errors=["15626/1000000"],
              backward={"target": [["1"], ["-1"]], "norms": ["2", "2"], "errors": ["626/10000", "3126/100000"]})
save("valid", "layers", layers)
spoil("layers_error_below_recursion", put("errors", 0, "15625/1000000"), layers)
spoil("layers_delta_larger", put("delta", "1/63"), layers)
spoil("layers_backward_error_too_small", put("backward", "errors", 0, "3/100"), layers)
spoil("layers_backward_norm_too_small", put("backward", "norms", 1, "1"), layers)
spoil("layers_of_another_width", put("layers", 0, "heads", 0, "W", [["0", "0"]]), layers)
spoil("layers_too_many", put("layers", layers["layers"] * 300), layers)

# (x1 or x2) and (not x1): x2 alone; halves {x1}, {x2}: vectors 11? bit 0 iff satisfied: x1 false 10, true 01; x2 false 11, true 01
formula = put_file("formula.cnf", b"p cnf 2 2\n1 2 0\n-1 0\n")
vectors = put_file("ov.txt", b"p ov 2 2 2\n10\n01\n11\n01\n")
reduction = dict(HEAD, kind="reduction", arity=2, files={"formula": formula, "vectors": vectors}, protocol=None, threshold=None,
                 decision=None, gap=None, epsilon=None, witness=[0, 1], count=None)
save("valid", "reduction", reduction)
counted = dict(reduction, witness=None, count=1)
save("valid", "reduction_counted", counted)
spoil("reduction_witness_not_orthogonal", put("witness", 0, 1), reduction)
spoil("reduction_count_wrong", put("count", 2), counted)
spoil("reduction_no_answer", put("count", None), counted)
spoil("reduction_other_vectors", lambda c: c["files"].update(vectors=put_file("other_ov.txt", b"p ov 2 2 2\n10\n01\n10\n01\n")), reduction)
spoil("reduction_hash_of_the_formula", lambda c: c["files"]["vectors"].update(sha256=formula["sha256"]), reduction)
spoil("reduction_gap_without_matrices", put("gap", "1/2"), reduction)
spoil("reduction_protocol_without_file", put("protocol", {"nodes": 2, "columns": 1, "field": 3}), reduction)
spoil("reduction_vectors_endless", lambda c: c["files"].update(vectors=put_file("endless_ov.txt", b"p ov 3 4611686018427387905 2\n10\n")), reduction)

# diag(1, 2^-10) to within 1/100: rank 1
rank = dict(HEAD, kind="epsilon-rank", matrix={"entries": [["1", "0"], ["0", "0x1p-10"]]}, epsilon="1/100",
            upper={"rank": 1, "left": [["1"], ["0"]], "right": [["1"], ["0"]]},
            lower={"rank": 1, "left": [["1"], ["0"]], "right": [["1"], ["0"]]})
save("valid", "epsilon_rank", rank)
spoil("epsilon_rank_upper_too_small", put("epsilon", "1/2000"), rank)
spoil("epsilon_rank_lower_too_large", put("lower", {"rank": 2, "left": [["1", "0"], ["0", "1"]], "right": [["1", "0"], ["0", "1"]]}), rank)
spoil("epsilon_rank_zero_vector", put("lower", "left", [["0"], ["0"]]), rank)
spoil("epsilon_rank_factor_short", put("upper", "left", [["1"]]), rank)

# the softmax lemma's case of equality, t = 1/2: delta = 4/5, f = (1/4, 3/4) to (3/4, 1/4), distance 1 = 2t
instance = dict(HEAD, kind="claim-instance", claim="alman-song-2023/softmax-perturbation", comparison="distance <= phi(delta) = 2t",
                lemma="softmax-perturbation", left={"quantity": "distance", "scale": "1"}, relation="at most",
                right={"quantity": "phi", "scale": "1"},
                instance={"t": "1/2", "delta": "4/5", "weights": ["1/4", "3/4"], "eta": ["4/5", "-4/5"]})
save("valid", "claim_instance", instance)
spoil("claim_instance_scale", put("right", "scale", "999999/1000000"), instance)
spoil("claim_instance_relation", put("relation", "greater"), instance)
spoil("claim_instance_hypothesis_broken", put("instance", "eta", 0, "5/6"), instance)
spoil("claim_instance_delta_wrong", put("instance", "delta", "3/5"), instance)
spoil("claim_instance_weight_negative", put("instance", "weights", 0, "-1/4"), instance)
spoil("claim_instance_lemma_unknown", put("lemma", "all-is-well"), instance)
spoil("claim_instance_quantity_unknown", put("left", "quantity", "zero"), instance)
spoil("claim_instance_number_huge", put("instance", "t", "0x1p-900000"), instance)
spoil("claim_instance_numbers_many", put("instance", "weights", ["1"] * 1000), instance)
counterexample = dict(HEAD, kind="claim-instance", claim="alman-song-2024-gradient/norm-along-scale",
                      comparison="the constant of the printed proof, 8 B n", lemma="along-scale",
                      left={"quantity": "slope", "scale": "1"}, relation="greater", right={"quantity": "B n", "scale": "8"},
                      instance={"A": [["0", "1"]], "V": [["0"] * 33, ["1"] * 33], "B": "1", "l": "0"})
save("valid", "counterexample", counterexample)
spoil("counterexample_of_32_columns", put("instance", "V", [["0"] * 32, ["1"] * 32]), counterexample)
spoil("counterexample_outside_hypotheses", put("instance", "A", [["0", "2"]]), counterexample)


def instance_of(claim, comparison, lemma, left, relation, right, content):
    return dict(HEAD, kind="claim-instance", claim=claim, comparison=comparison, lemma=lemma, left=dict(zip(("quantity", "scale"), left)),
                relation=relation, right=dict(zip(("quantity", "scale"), right)), instance=content)


# what a claim says is the checker's table's word, not the certificate's
spoil("claim_instance_sides_exchanged", lambda c: c.update(left=c["right"], right=c["left"]), instance)
spoil("claim_instance_of_another_claim", put("claim", "alman-song-2023/forward-error"), instance)
spoil("claim_instance_of_another_comparison", put("comparison", "half the bound"), instance)
spoil("claim_instance_of_the_twin_as_the_claim", lambda c: c.update(relation="greater", right={"quantity": "phi", "scale": "1/2"}), instance)
spoil("claim_instance_claim_forges_a_line", put("claim", "x: one instance\nother.json: verified: everything"), instance)
parity = ("aggarwal-alman-2022/even-taylor-sections-are-positive", "0 <= T_g(x)")
save("invalid", "counterexample_odd_section", instance_of(*parity, "even-taylor-section", ("zero", "1"), "greater", ("section", "1"), {"degree": 1, "x": "-2"}))
save("invalid", "taylor_section_endless", instance_of(*parity, "even-taylor-section", ("zero", "1"), "at most", ("section", "1"), {"degree": 10000, "x": "1/" + "3" * 300}))
tail = ("aggarwal-alman-2022/explicit-taylor-degree", "tail <= delta e^{-X}", "taylor-tail", ("tail", "1"))
# X = 1, delta = 1/2: m log(m/e) >= 1 + log 2 first for m = 5, so degree 4
tail_instance = instance_of(*tail, "at most", ("delta e^-X", "1"), {"half_width": "1", "delta": "1/2", "degree": 4})
save("valid", "taylor_tail", tail_instance)
spoil("counterexample_degree_too_small", lambda c: (put("relation", "greater")(c), put("instance", "degree", 0)(c)), tail_instance)
spoil("taylor_tail_degree_not_least", put("instance", "degree", 5), tail_instance)
# on [-1/8, 1/8] the degree for 86/10000 is 1 (line, above; constants err by tanh(1/8) = 0.124): F = L/log(L/X) = 1.31…
degree_instance = instance_of("aggarwal-alman-2022/least-degree", "degree <= 2 F", "degree-formula", ("degree", "1"), "at most", ("formula", "2"),
                              {"half_width": "1/8", "epsilon": "86/10000", "degree": 1, "upper": line["upper"],
                               "lower": {"degree": 0, "points": ["-1", "1"]}})
save("valid", "degree_formula", degree_instance)
spoil("degree_formula_without_lower", put("instance", "lower", None), degree_instance)
spoil("degree_formula_degree_not_proved", lambda c: (put("relation", "greater")(c), put("instance", "degree", 9999)(c)), degree_instance)
spoil("degree_formula_proof_of_another_epsilon", put("instance", "epsilon", "84/10000"), degree_instance)
save("invalid", "gradient_instance_columns_multiply", instance_of(
    "liang-shi-song-zhou-2024-tensor-training/gradient-error", "error <= Theorem G' over the pairs", "gradient-error", ("error", "1"), "at most",
    ("theorem G'", "1"), dict({name: [["1"]] for name in ("A1", "A4", "A5", "X", "Y1", "Y2", "E", "sigma")}, A2=[["1"] * 1500], A3=[["1"] * 1500], delta="1/2")))
spoil("claim_instance_values_many", lambda c: c.update(instance={"t": [["1"] * 5000]}), instance)

# files and fields that nothing would look at
spoil("gradient_of_a_file_not_used", put("inputs", "Y1", {"file": "one.npy", "sha256": "0" * 64}), gradient)
spoil("epsilon_rank_of_two_matrices", put("matrix", "q", {"file": "q.npy", "sha256": "0" * 64}), rank)
spoil("reduction_of_a_file_not_used", put("files", "k", {"file": "k.npy", "sha256": "0" * 64}), reduction)
spoil("reduction_vectors_with_a_remark", lambda c: c["files"].update(vectors=put_file("remark_ov.txt", b"p ov 2 2 2 and more\n10\n01\n11\n01\n")), reduction)
spoil("attention_no_rows", put("sample", "rows", 0), attention)
spoil("attention_observed_reversed", put("observed", {"lower": "0x1.0001p-20", "upper": "0x1.ffffp-21"}), attention)
spoil("attention_bound_negative", lambda c: c.update(bound_approximation="-0x1p-19", bound_rounding="0x1p-18"), attention)
spoil("attention_second_keys_alone", lambda c: c["inputs"].update(k2=c["inputs"]["k"]), attention)
spoil("layers_none", put("layers", []), layers)
spoil("layers_input_empty", put("input", []), layers)
spoil("layers_input_ragged", put("input", 1, ["-1", "0"]), layers)
spoil("layers_backward_a_number", put("backward", 5), layers)
spoil("best_error_of_no_points", put("lower", {"degree": 0, "points": []}), constant)
spoil("polynomial_error_on_a_point", put("half_width", "0"), line)


def npy(name, header, doubles):
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    return put_file(name, b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<%dd" % len(doubles), *doubles))


# NumPy reads the first as Fortran order, and of a key twice the last
shape = "'fortran_order': False, 'shape': (2, 1), "
spoil("attention_npy_with_a_comment", lambda c: c["inputs"].update(k=npy("comment.npy", "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 1), } # " + shape, [1.0, 2.0])), attention)
spoil("attention_npy_key_twice", lambda c: c["inputs"].update(k=npy("twice.npy", "{'descr': '<f8', " + shape + "'shape': (1, 2), }", [1.0, 2.0])), attention)
spoil("attention_npy_not_a_number", lambda c: c["inputs"].update(k=npy("nan.npy", "{'descr': '<f8', " + shape + "}", [1.0, float("nan")])), attention)
spoil("attention_npy_larger_than_its_bytes", lambda c: c["inputs"].update(k=npy("large.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (999999999, 999999999), }", [1.0])), attention)
spoil("attention_scores_huge", lambda c: c["inputs"].update(q=npy("huge.npy", "{'descr': '<f8', " + shape + "}", [1e308, 1e308])), attention)

# the private kernel: weights 1 and 1, one off by 1/2, values 1 and -1: Att = 0, Att~ = 1/5
private = instance_of("liang-shi-song-zhou-2024-private/relative-error", "without: V >= 0", "kernel-of-relative-error", ("error", "1"), "greater",
                      ("factor |Att|", "1"), {"eps": "1/2", "keys": [{"weight": "1", "eta": "1/2", "value": "1"}, {"weight": "1", "eta": "0", "value": "-1"}]})
save("valid", "counterexample_private", private)
spoil("counterexample_private_as_the_claim", lambda c: c.update(comparison="error <= 2 eps/(1 - eps) |Att|", lemma="kernel-of-values-not-negative"), private)
spoil("counterexample_private_inaccurate", put("instance", "keys", 0, "eta", "3/5"), private)
# T_3 on the scores -1, -2 is 1/3 and -1/3
denominator = instance_of("heinsen-kozachkov-2026/denominator", "without: P is odd", "taylor-denominator", ("sum min(1, e^s)", "1"), "greater",
                          ("denominator", "1"), {"scores": ["-1", "-2"], "values": ["1", "1"], "terms": 4})
save("valid", "counterexample_taylor_terms", denominator)
spoil("counterexample_taylor_terms_as_the_claim", lambda c: c.update(comparison="sum min(1, e^s) <= denominator", lemma="odd-taylor-denominator"), denominator)


# ---- Lemmas of claims: a valid one of each where paper suffices, and their hypotheses broken.
def lemma(name, claim, comparison, left, right, instance, scale="1", relation="at most", file=None):
    made = instance_of(claim, comparison, name, (left, "1"), relation, (right, scale), instance)
    save("valid", file or name.replace("-", "_"), made)
    return made


# two keys, scores 0 and 1, h = x0 x1: weights 1 and 2 in the place of 1 and e, delta = 1 - 2/e = 0.264…; the
# outputs 1 - 2e/(1 + e) and 1 - 4/3 differ by 0.128…, phi = 0.269…
poly = {"variables": 2, "products": [[0, 1]], "q": [[["1"]], [["0"], ["1"]]], "v": [[["1"], ["-1"]]], "coefficients": ["1", "1"]}
paper = "chakrabarti-pitassi-alman-2026/"
whole = lemma("forward-error", paper + "forward-error", "error <= phi(delta) prod max|V|", "error", "phi max|V|", poly)
spoil("poly_variable_twice", put("instance", "products", [[0, 1, 1]]), whole)
spoil("poly_values_missing", put("instance", "v", []), whole)
spoil("poly_inaccurate", put("instance", "coefficients", ["-1", "5"]), whole)
path = dict(poly, variables=3, products=[[0, 1], [1, 2]], q=poly["q"] + [[["1"]]], v=poly["v"] + [[["1"]]])
tree = lemma("tree-forward-error", paper + "tree-forward-error", "error <= 2 tanh((t - 1) artanh(delta)/2) prod max|V|", "error",
             "all products' bound", path)
spoil("tree_with_a_cycle", put("instance", "products", [[0, 1], [1, 0]]), tree)
spoil("tree_of_triples", put("instance", "products", [[0, 1, 2]]), tree)
# the weight 2^s: 1 and 2 for the path above
messages = lemma("tree-attention", paper + "tree-attention", "messages = definition", "difference", "zero",
                 {key: path[key] for key in ("variables", "products", "q", "v")})
triangle = put("instance", "products", [[0, 1], [1, 2], [2, 0]])
spoil("tree_attention_of_a_triangle", triangle, messages)
spoil("tree_attention_of_half_a_score", put("instance", "q", 2, [["1/2"]]), messages)
spoil("tree_attention_refuted_by_a_triangle", lambda c: (triangle(c), put("relation", "greater")(c)), messages)

# weights 1 and 1, the second's 1 + 1/2: Att = 0, Att~ = -1/5, bound 2 (1/2)/(1/2) (3/2)/(5/2) = 6/5
keys = [{"weight": "1", "factor": "1", "value": "1", "group": 0}, {"weight": "1", "factor": "3/2", "value": "-1", "group": 1}]
groups = lemma("perturbed-keys", "alman-song-2023/group-perturbation", "error <= bound", "error", "share", {"keys": keys, "theta": ["0", "1/2"]})
spoil("perturbed_keys_factor_too_far", put("instance", "keys", 0, "factor", "65/64"), groups)
spoil("perturbed_keys_theta_one", put("instance", "theta", 1, "1"), groups)
spoil("perturbed_keys_theta_negative", put("instance", "theta", 0, "-1/2"), groups)
spoil("perturbed_keys_of_no_group", put("instance", "keys", 0, "group", 2), groups)
spoil("perturbed_keys_with_a_remark", put("instance", "keys", 0, "remark", "1"), groups)
prefix_keys = [{k: v for k, v in key.items() if k != "group"} | {"in the prefix": key["group"]} for key in keys]
spoil("prefix_of_real_keys_off", put("instance", "keys", 0, "factor", "3/2"), instance_of(
    "liang-shi-song-yang-2024-prefix/error", "error <= 2 delta/(1 - delta) share max|V|", "perturbed-keys", ("error", "1"), "at most", ("share", "1"),
    {"keys": prefix_keys, "delta": "1/2"}))

# one key: both keys' attention is its value
relevant = lemma("relevant-keys", "gupta-et-al-2025/any-temperature", "relevant scores within log(1 + eps) + log(n/eps)", "spread", "length",
                 {"scores": ["1"], "values": ["1"], "eps": "1/2", "degree": 1, "shift": "1"})
spoil("relevant_keys_eps_one", put("instance", "eps", "1"), relevant)

# scores -10 and -12 exactly, P = 1 + 2^-10 + …: every weight is off by 2^-10, above themselves
support = {"q": [["1"]], "k": [["-10"], ["-12"]], "v": [["1"], ["-1"]], "threshold": "1", "coefficients": ["1025/1024"]}
constant_of_support = instance_of("aliakbarpour-et-al-2025/forward-error", "without: P(0) = 1", "support-basis-of-any-constant", ("error", "1"), "greater", ("phi max|V|", "1"), support)
save("valid", "support_basis", constant_of_support)
spoil("support_basis_as_the_claim", lambda c: c.update(comparison="error <= phi(delta) max|V|", lemma="support-basis"), constant_of_support)

# queries and keys on the subspace: nothing moves
on_line = lemma("subspace", "hu-et-al-2024-dit/subspace", "the cross terms vanish, exactly", "cross terms", "zero",
                {"Q": [["1", "1"]], "K": [["1", "2"]], "V": [["1"]], "normal": [["1"], ["-1"]]})
spoil("subspace_of_no_normal", put("instance", "normal", [["0"], ["0"]]), on_line)

split = lemma("spectral-split", "han-et-al-2023-hyperattention/spectral-split", "error <= estimate of D + sampling", "error", "estimate + sampling",
              {"Q": [["0"]], "K": [["1"]], "V": [["1"]], "D/D~": [["1/2"]], "drawn": [0]}, "1073741825/1073741824")
spoil("spectral_split_negative_estimate", put("instance", "D/D~", [["-1/2"]]), split)
spoil("spectral_split_of_no_key", put("instance", "drawn", [1]), split)

# features 1, 1 of two queries +-e_1: lambda = (1, -1), S either of them; Z = k = 0 answers 0
shared = {"features": [["1"], ["1"]], "S": [1, 0], "Z": [["0"]], "k": [["0"]], "d": 2, "beta": 4}
features = lemma("prefix-features", "liang-shi-song-yang-2024-prefix/features-needed", "half the gap <= error", "half the gap", "error", shared)
spoil("prefix_features_other_set", put("instance", "S", [1, 1]), features)
spoil("prefix_features_negative_denominator", put("instance", "k", [["-1"]]), features)
spoil("prefix_features_of_no_rank", put("instance", "features", [["0"], ["0"]]), features)
spoil("prefix_features_as_many_as_queries", lambda c: c["instance"].update(features=[["1", "0"], ["0", "1"]], Z=[["9"], ["0"]], k=[["9"], ["0"]]), features)

norm = lemma("layer-norm", "liang-et-al-2024-multilayer/layer-norm", "change of the output", "change", "distance/sqrt(s s~)",
             {"x": ["1", "-1"], "x~": ["2", "-2"], "epsilon": "1"})
spoil("layer_norm_of_one_size", put("instance", "x~", ["-1", "1"]), norm)
spoil("layer_norm_of_epsilon_zero", put("instance", "epsilon", "0"), norm)

# e^x on [-1/8, 1/8] by 1 + x, and the points -1, 0, 1: e^X + e^-X - 2 over its sum with 4, 0.0039…; E is between
best = lemma("best-relative-error", "aggarwal-alman-2022/relative-lower-bounds", "growth", "X - log((1+E)/(1-E))", "g log(3 + 2 sqrt 2)",
             {"half_width": "1/8", "degree": 1, "upper": line["upper"], "lower": {"degree": 1, "points": ["-1", "0", "1"]}})
spoil("best_error_of_another_degree", put("instance", "degree", 0), best)
spoil("best_error_lower_of_another_degree", put("instance", "lower", {"degree": 0, "points": ["-1", "1"]}), best)
spoil("best_error_without_upper", lambda c: c["instance"].pop("upper"), best)
spoil("relative_sandwich_beyond_its_degrees", lambda c: c.update(claim="aggarwal-alman-2022/relative-sandwich", comparison="J lower bound",
      left={"quantity": "J bound", "scale": "1"}, right={"quantity": "E_g", "scale": "1"}, instance={"half_width": "3/2", "degree": 0,
      "upper": {"degree": 0, "coefficients": ["1"], "critical_points": [], "radius": "0x1p-30"}, "lower": {"degree": 0, "points": ["-1", "1"]}}), best)

# 1 + x y: rank 2
rank_two = lemma("rank-of-polynomial", "alman-song-2023/rank", "at least: rank mod p", "claimed", "rank",
                 {"x": [["1"], ["2"], ["3"]], "y": [["1"], ["2"], ["3"]], "coefficients": [1, 1]})
spoil("rank_of_too_few_rows", lambda c: c["instance"].update(x=[["1"], ["2"]], y=[["1"], ["2"]]), rank_two)
spoil("rank_of_fractions", put("instance", "x", 0, ["1/2"]), rank_two)
spoil("rank_of_special_rows", lambda c: (put("relation", "greater")(c), put("instance", "x", [["1"], ["1"], ["1"]])(c)), rank_two)

# 1, k: k = 1 for -1, v = 1 for 1: |M - M'| = 2 + 2, Delta = 2 + 2 (1 + 1)
moments = lemma("sensitivity", "liang-shi-song-zhou-2024-private/sensitivity", "|M - M'| <= Delta", "change", "Delta",
                {"k": [["1"], ["0"]], "v": [["1"], ["0"]], "k'": [["-1"], ["0"]], "v'": [["1"], ["0"]], "degree": 1, "R": 1, "R_w": 1})
spoil("sensitivity_of_two_pairs", put("instance", "k'", 1, ["1"]), moments)
spoil("sensitivity_of_a_large_key", put("instance", "k'", 0, ["-2"]), moments)
spoil("sensitivity_of_a_large_value", put("instance", "v", 0, ["2"]), moments)

rotation = lemma("decoder", "hu-et-al-2024-dit/decoder", "|W_A e|^2 <= d0 epsilon^2", "|W e|^2", "d0 epsilon^2",
                 {"W_A": [["3/5", "-4/5"], ["4/5", "3/5"]], "e": ["1", "-1"], "epsilon": "1"})
spoil("decoder_not_orthonormal", put("instance", "W_A", 0, 0, "4/5"), rotation)
spoil("decoder_of_a_larger_error", put("instance", "epsilon", "1/2"), rotation)

drawn = lemma("column-sampling", "han-et-al-2023-hyperattention/sampling", "the mean over all draws, exactly", "mean less the formula", "zero",
              {"P": [["1/2", "1/2"]], "V": [["1"], ["1"]], "samples": 2, "epsilon^2": "1"})
spoil("column_sampling_of_no_values", put("instance", "V", [["0"], ["0"]]), drawn)
spoil("column_sampling_endless", lambda c: c["instance"].update(P=[["1"] * 16], V=[["1"]] * 16, samples=6), drawn)

# factors (1, 1) and (1, 2): rows 1, 2, 1, 2, l = 1/10, 2/5, 1/10, 2/5
scores_of_rows = lemma("leverage", "bharadwaj-et-al-2023/sum-of-weights", "E (w/p)^2 <= R N |w|^2", "E (w/p)^2", "R N |w|^2",
                       {"factors": [[["1"], ["1"]], [["1"], ["2"]]], "leaf": 1, "x": ["1"]})
spoil("leverage_of_zero", put("instance", "factors", 0, [["0"], ["0"]]), scores_of_rows)
spoil("leverage_of_many_rows", put("instance", "factors", [[["1"]] * 20] * 4), scores_of_rows)
constant_column = instance_of("bharadwaj-et-al-2023/constant-column", "without: a constant column", "leverage-of-any-columns", ("1/N", "1"), "greater",
                              ("least leverage score", "1"), {"factors": [[["1"], ["2"]]], "leaf": 1, "x": ["1", "1"]})
save("valid", "leverage_of_any_columns", constant_column)
spoil("leverage_as_the_claim", lambda c: c.update(comparison="1/N <= least leverage score", lemma="leverage-with-a-constant"), constant_column)

field = lemma("node-sums", "abboud-rubinstein-williams-2017/field-exceeds-columns", "no sum 1 … T of bits is 0 in F_q", "sums that vanish", "zero",
              {"K": 2, "T": 4, "q": 5})
spoil("node_sums_q_not_above", put("instance", "T", 5), field)
spoil("node_sums_q_not_prime", put("instance", "q", 6), field)

# scores 0 and 1, values 1 and 0: f = 1/(1 + e^l)^2
nodes = lemma("quadrature", "alman-song-2024-gradient/quadrature-error", "error <= bound", "error", "bound",
              {"A1": [["1"]], "keys": [[["0"], ["1"]]], "values": [[["1"], ["0"]]], "K": 2})
spoil("quadrature_of_other_values", put("instance", "values", 0, 0, ["2"]), nodes)
spoil("quadrature_of_equal_scores", put("instance", "keys", 0, 1, ["0"]), nodes)
spoil("quadrature_of_one_node", put("instance", "K", 1), nodes)

variances = lemma("variance-form", "alman-song-2024-gradient/variance-form", "change <= bound", "change", "bound",
                  {"weights": [["1", "1"]], "h": [["1"], ["-1"]], "y": [["1"], ["-1"]], "target": [["4"]], "eta": [["1", "-1"]], "delta": "1/2"})
spoil("variance_form_eta_large", put("instance", "eta", 0, 0, "2"), variances)
spoil("variance_form_weight_zero", put("instance", "weights", 0, 0, "0"), variances)
spoil("variance_form_two_rows", put("instance", "eta", [["1", "-1"], ["1", "-1"]]), variances)

unit = {"frozen": [["0"]], "B": [["1"]], "A": [["1"]], "scale": "1"}
adapters = lemma("adapter-gradient-error", "hu-et-al-2024-lora/chained-error", "adapters of W_V, the largest entry over its bound", "V", "one",
                 {"loss": {"X_Q": [["1"]], "X_K": [["1"], ["-1"]], "X_V": [["1"], ["-1"]], "Y": [["1"]], "Q": unit, "K": unit, "V": unit},
                  "sigma": [["1", "-1"]], "delta": "1/2"})
spoil("adapters_sigma_large", put("instance", "sigma", 0, 0, "2"), adapters)
spoil("adapters_scale_negative", put("instance", "loss", "V", "scale", "-1"), adapters)
spoil("adapters_with_a_remark", put("instance", "loss", "V", "rank", 1), adapters)

embedded = lemma("embedding", "hu-et-al-2024-lora/embedding", "the gradients, exactly", "difference", "zero",
                 {"A1": [["1"]], "A2": [["1"], ["0"]], "A3": [["1"], ["0"]], "X": [["1"]], "E": [["0"]], "coefficients": ["1", "1"], "d": 2})
spoil("embedding_into_fewer_columns", put("instance", "d", 0), embedded)
spoil("embedding_weights_vanish", lambda c: c["instance"].update(A2=[["1"], ["-1"]], coefficients=["0", "1"]), embedded)
spoil("embedding_degree_nine", put("instance", "coefficients", ["1"] * 10), embedded)

prefix = lemma("prefix-representation", "liang-shi-song-yang-2024-prefix/representation", "both forms, exactly", "difference", "zero",
               {"Q": [["1"]], "K": [["1"]], "V": [["1"]], "K_P": [["-1"]], "V_P": [["0"]], "prefix coefficients": ["1", "1", "1"], "coefficients": ["1"]})
spoil("prefix_representation_negative", put("instance", "coefficients", ["-1"]), prefix)

slope = {"A1": [["1"]], "A2": [["1"], ["0"]], "A3": [["1"], ["0"]], "X": [["1"]], "Y": [["1"]], "E": [["0"]], "direction of X": [["1"]]}
closed = lemma("closed-form", "alman-song-2024-gradient/closed-form", "the difference quotient by X lies among the slopes of the segment", "distance", "half-width", slope)
spoil("closed_form_direction_wide", put("instance", "direction of X", [["1", "1"]]), closed)
spoil("closed_form_as_its_twin", lambda c: c.update(comparison="literally without 1/d", relation="greater",
      left={"quantity": "distance of the twin", "scale": "1"}, right={"quantity": "half-width of the twin", "scale": "1"}), closed)  # d = 1: no difference

# X = 1, epsilon = 1/2: constants err by tanh 1 = 0.76…, so 1 <= g*; but 1 is not above X. 2 is, and is not needed
theorem_u = lemma("degree-from-above", "threshold-2026/degree-from-above", "F(g*, X) <= what suffices", "F(n, X)", "what suffices",
                  {"half_width": "1/2", "epsilon": "2/5", "degree": 1, "degree_needed": 1, "lower": {"half_width": "1/2", "degree": 0, "points": ["-1", "1"]}})
spoil("degree_from_above_not_needed", put("instance", "epsilon", "1/2"), theorem_u)
spoil("degree_from_above_within_x", lambda c: (c["instance"].update(half_width="1"), c["instance"]["lower"].update(half_width="1")), theorem_u)
spoil("degree_from_above_of_another_degree", lambda c: c["instance"].update(degree=2, degree_needed=2), theorem_u)

moving = {"X_Q": [["1"]], "X_K": [["1"], ["-1"]], "X_V": [["1"], ["-1"]], "Y": [["1"]], "Q": unit, "K": unit, "V": unit}
along = lemma("adapter-closed-form", "hu-et-al-2024-lora/closed-form", "the difference quotient in all six factors lies among the slopes of the segment",
              "distance", "half-width", {"loss": moving, "direction": copy.deepcopy(moving)})
spoil("adapter_closed_form_of_another_rank", put("instance", "direction", "K", dict(unit, B=[["1", "1"]], A=[["1"], ["1"]])), along)
spoil("adapter_closed_form_as_printed_elsewhere", lambda c: c.update(comparison="dL/dB_Q = (C1)^T p A_Q C2 as printed, where its shapes fit",
      relation="greater", left={"quantity": "distance as printed", "scale": "1"}, right={"quantity": "half-width as printed", "scale": "1"}), along)

cover = lemma("tree-cover", "liang-shi-song-zhou-2024-private/tree-cover", "nodes <= 2 (h - 1)", "nodes", "2 (h - 1)", {"height": 2, "nodes": 2})
spoil("tree_cover_other_nodes", put("instance", "nodes", 1), cover)
spoil("tree_cover_of_two_tokens", lambda c: c["instance"].update(height=1, nodes=1), cover)

# a field whose name spells a place that was read
spoil("adapters_with_a_place_for_a_name", put("instance", "loss.V", "1"), adapters)
spoil("layers_head_with_a_remark", put("layers", 0, "heads", 0, "b", "1"), layers)

# hypotheses and limits that nothing above tries
points = lemma("alternation", "aggarwal-alman-2022/alternation", "alternation", "alternation", "error", {"points": ["-1", "1"], "coefficients": ["1"]})
spoil("alternation_of_too_few_points", put("instance", "coefficients", ["1", "1"]), points)
spoil("alternation_out_of_order", put("instance", "points", ["1", "-1"]), points)
spoil("taylor_tail_degree_too_small", put("instance", "degree", 3), tail_instance)
spoil("degree_formula_epsilon_large", put("instance", "epsilon", "1/2"), degree_instance)
spoil("best_error_on_a_wide_interval", put("instance", "half_width", "65"), best)
spoil("subspace_of_other_keys", put("instance", "K", [["1"]]), on_line)
spoil("poly_of_other_keys", put("instance", "q", 1, [["0"], ["1"], ["2"]]), whole)
spoil("poly_of_many_products", put("instance", "products", [[0, 1]] * 17), whole)
spoil("quadrature_of_no_values", put("instance", "values", []), nodes)
spoil("quadrature_of_three_families", lambda c: c["instance"].update(keys=nodes["instance"]["keys"] * 3, values=nodes["instance"]["values"] * 3), nodes)
spoil("counterexample_of_half_a_value", put("instance", "V", [["0"] * 33, ["1/2"] * 33]), counterexample)
spoil("perturbed_keys_weight_negative", put("instance", "keys", 0, "weight", "-1"), groups)
norms = lemma("column-norms", "han-et-al-2023-hyperattention/parameters", "|P|_F^2 <= alpha", "|P|^2", "alpha", {"P": [["1/3", "2/3"]]})
spoil("column_norms_of_no_shares", put("instance", "P", [["1/3", "1/3"]]), norms)
spoil("column_norms_negative", put("instance", "P", [["-1/3", "4/3"]]), norms)
spoil("rank_of_degree_nine", put("instance", "coefficients", [1] * 10), rank_two)
monomials = lemma("feature-map", "alman-song-2023/feature-map", "as many features as C(d+g, g)", "features less C(d+g, g)", "zero",
                  {"q": ["1", "2"], "k": ["1", "1"], "coefficients": ["1", "1"]})
spoil("feature_map_of_nine_variables", lambda c: c["instance"].update(q=["1"] * 9, k=["1"] * 9), monomials)
spoil("feature_map_of_many_features", lambda c: c["instance"].update(q=["1"] * 8, k=["1"] * 8, coefficients=["1"] * 9), monomials)
pairs = lemma("factored-sums", "liang-shi-song-zhou-2024-tensor-training/factored-sums", "the n^2-column sums factor", "product", "zero",
              {"K1": [["1"]], "K2": [["2"]], "V1": [["1"]], "V2": [["1"]], "degree": 1})
spoil("factored_sums_of_other_columns", put("instance", "V2", [["1", "1"]]), pairs)
shift = lemma("key-shift", "alman-song-2023/key-shift", "differences of scores within a row", "change", "zero",
              {"q": [["1"]], "k": [["1"], ["2"]], "v": [["1"], ["1"]], "shift": [["1"]]})
spoil("key_shift_of_two_rows", put("instance", "shift", [["1"], ["1"]]), shift)
ratio = lemma("row-ratio", "han-et-al-2023-hyperattention/row-ratio", "kappa after the shift <= bound", "kappa after the shift", "bound",
              {"Q": [["1"], ["-1"]], "K": [["0"]], "c": [["1"]]}, "1073741825/1073741824")
spoil("row_ratio_of_two_shifts", put("instance", "c", [["1"], ["1"]]), ratio)
ranks = lemma("gradient-rank", "alman-song-2024-gradient/rank", "f = U1 U2^T", "f", "zero",
              {"A1": [["1"]], "A2": [["1"]], "A3": [["1"]], "X": [["1"]], "Y": [["1"]], "E": [["0"]], "coefficients": ["1", "1"]})
spoil("gradient_rank_of_vanishing_weights", lambda c: c["instance"].update(A2=[["-1"]]), ranks)
line_identity = lemma("trace-identity", "alman-song-2024-gradient/trace-identity", "the difference quotient of F lies among 2 tr dL/dX over the segment",
                      "distance", "half-width", {"A1": [["1"]], "A2": [["1"], ["0"]], "A3": [["1"], ["0"]], "l": "1"})
spoil("trace_identity_with_a_target", put("instance", "E", [["1"]]), line_identity)
change = lemma("covariance-perturbation", "alman-song-2024-gradient/covariance-perturbation", "change of the covariance", "change", "bound",
               {"f": ["1", "1"], "w": ["4", "1"], "q": ["1", "0"], "y": ["1", "0"], "r": "2"})
spoil("covariance_ratio_too_large", put("instance", "w", 0, "5"), change)
spoil("covariance_weight_negative", put("instance", "f", 0, "-1"), change)
third = lemma("third-moment", "alman-song-2024-gradient/third-mixed-moment", "moment <= product of ranges/8", "moment", "ranges",
              {"f": ["1", "3"], "a": ["0", "1"], "b": ["0", "1"], "c": ["0", "1"]}, "1/8")
spoil("third_moment_weight_zero", put("instance", "f", 0, "0"), third)
# constants on [-1, 1]: J_1(1) (2/(1 + J_2(2)))^(1/2) = 0.535…, E_0 = tanh 1
lemma("best-relative-error", "aggarwal-alman-2022/relative-sandwich", "J lower bound", "J bound", "E_g",
      {"half_width": "1", "degree": 0, "upper": {"degree": 0, "coefficients": ["0x0.a6p0"], "critical_points": [], "radius": "0x1p-30"},
       "lower": {"degree": 0, "points": ["-1", "1"]}}, file="relative_sandwich")

# tensor attention under a mask, all scores 0: row 0 sees the pair of products 0, row 1 means of 0, 0, 1, 1
masked = dict(attention, mask="causal", output=matrix("half.npy", [[0.0], [0.5]]), bound_rounding="0x1p-50", bound="0x1p-50",
              inputs=dict(attention["inputs"], k2=attention["inputs"]["k"], v2=matrix("ones.npy", [[1.0], [1.0]])), observed={"lower": "0", "upper": "0x1p-50"})
save("valid", "attention_causal_pairs", masked)
spoil("attention_causal_pairs_without_the_mask", put("mask", "none"), masked)
spoil("attention_causal_pairs_of_fewer_tokens", lambda c: c["inputs"].update(k2=one, v2=one), masked)

# q = 0, keys and values (1, -1), G = 1: f = (1/2, 1/2), V G = (1, -1), p = (1/2, -1/2); p K = 1, p^T Q = 0, f^T G = f
def by(output, bound="0x1p-50"):
    return dict(output, bound=bound, observed={"lower": "0", "upper": bound})


by_all = dict(HEAD, kind="gradient", inputs={"q": matrix("zero.npy", [[0.0]]), "k": sides, "v": sides, "G": one}, mask="none",
              outputs={"q": by(one), "k": by(matrix("zeros.npy", [[0.0], [0.0]])), "v": by(matrix("halves.npy", [[0.5], [0.5]]))})
save("valid", "gradient_by_q_k_v", by_all)
off_by_half = dict(by_all, outputs={"v": dict(by(matrix("ones.npy", [[1.0], [1.0]]), "3/4"), exceeds="1/4")})
save("valid", "gradient_by_v_exceeds", off_by_half)
spoil("gradient_by_v_exceeds_all_of_it", put("outputs", "v", "exceeds", "1/2"), off_by_half)
spoil("gradient_by_v_bound_too_small", put("outputs", "v", "bound", "1/4"), off_by_half)
spoil("gradient_by_k_of_another", put("outputs", "k", by(matrix("halves.npy", [[0.5], [0.5]]))), by_all)
spoil("gradient_by_q_of_another_shape", put("outputs", "q", by(sides)), by_all)
spoil("gradient_by_nothing", put("outputs", {}), by_all)
spoil("gradient_by_the_upstream", put("outputs", "G", by(one)), by_all)
spoil("gradient_causal_of_other_shapes", put("mask", "causal"), by_all)
spoil("gradient_by_q_observed_too_large", put("outputs", "q", "observed", "lower", "0x1p-51"), by_all)

# W_Q = -1 + 1 1 = 0 and so on: Q = 0, f = (1/2, 1/2), Att = 1, c = 1, p = (1/2, -1/2): dL/dW = 1, 0, 1
def returned(value, bound="0x1p-50"):
    return {"B": {"value": [[value]], "bound": bound}, "A": {"value": [[value]], "bound": bound}}


adapted = {"X_Q": [["1"]], "X_K": [["1"], ["-1"]], "X_V": [["2"], ["0"]], "Y": [["0"]], "Q": dict(unit, frozen=[["-1"]]), "K": unit, "V": unit}
of_adapters = lemma("adapter-gradients", "hu-et-al-2024-lora/kernel-guarantee", "the largest error over its bound", "error over its bound", "one",
                    {"loss": adapted, "gradients": {"Q": returned("1"), "K": returned("0", "0"), "V": returned("1")}})
spoil("adapter_gradients_bound_negative", put("instance", "gradients", "K", "A", "bound", "-1"), of_adapters)
spoil("adapter_gradients_off", put("instance", "gradients", "V", "B", "value", [["0"]]), of_adapters)
spoil("adapter_gradients_one_left_out", lambda c: c["instance"]["gradients"]["Q"].pop("A"), of_adapters)
spoil("adapter_gradients_of_another_shape", put("instance", "gradients", "Q", "A", "value", [["1", "1"]]), of_adapters)

# q = 0, values 1 and -1: the mean is 0; 2/5 and more is allowed for leaving out one key
moments_tree = lemma("tree-of-moments", "gupta-et-al-2025/relevance-tree", "error <= bound", "error", "bound",
                     {"q": [["0"]], "k": [["1"], ["2"]], "v": [["1"], ["-1"]], "eps": "1/2", "degree": 3, "leaf": 1,
                      "outputs": [["-1/8", "1/8"]], "outputs with an eighth of the cut": [["1", "1"]]})
spoil("tree_of_moments_output_too_far", put("instance", "outputs", 0, 1, "3/4"), moments_tree)
spoil("tree_of_moments_eps_large", put("instance", "eps", "2"), moments_tree)
spoil("tree_of_moments_output_of_three_ends", put("instance", "outputs", 0, ["0", "0", "0"]), moments_tree)
spoil("tree_of_moments_constants", put("instance", "degree", 1), moments_tree)  # errs by e/2 > 1

pairs_of_doubles = lemma("double-double", "alman-song-2023/double-double-reference", "attention: error <= radius", "error/radius", "one",
                         {"arguments": ["0"], "exponentials": ["1"], "q": [["0"]], "k": [["1"], ["2"]], "v": [["1"], ["-1"]], "outputs": [["0x1p-90"]], "radii": ["0x1.8p-90"]})
spoil("double_double_radius_too_small", put("instance", "radii", 0, "0x1p-91"), pairs_of_doubles)
spoil("double_double_radius_zero", put("instance", "radii", 0, "0"), pairs_of_doubles)
spoil("double_double_argument_positive", put("instance", "arguments", 0, "1"), pairs_of_doubles)
spoil("double_double_argument_too_small", put("instance", "arguments", 0, "-201"), pairs_of_doubles)

# one query and one key 1 1, T = A = 1, d = 2: r^2/2 >= 2 log 3 and (r^2 + r w)/2 = log 3; the output is 3/4
def threshold(r, log_yes, gap_score=0):  # of a yes; e = 1, d = 2
    return {"entry": r.hex(), "bias": ((2 * log_yes - r * r * gap_score) / r).hex(), "bias_columns": 1}


above = lemma("threshold-of-gap", "alman-song-2023/gap-attention", "completeness: R/(R+1) - 1e-9 <= the largest output", "completeness", "largest output",
              {"families": [["1"], ["1"]], "yes": 1, "no": 0, "instance": "yes", "threshold": threshold(2.125, math.log(3), 1), "threshold without a gap": None})
spoil("threshold_of_gap_no_not_below", put("instance", "no", 1), above)
spoil("threshold_of_gap_entry_too_small", put("instance", "threshold", threshold(2.0, math.log(3), 1)), above)
spoil("threshold_of_gap_another_bias", put("instance", "threshold", "bias", "0"), above)
spoil("threshold_of_gap_of_a_no", put("instance", "instance", "no"), above)
spoil("threshold_of_gap_yes_not_reached", lambda c: c["instance"].update(yes=2, no=1, threshold=threshold(2.125, math.log(3), 2)), above)
spoil("threshold_of_gap_of_letters", put("instance", "families", 0, 0, "x"), above)
spoil("threshold_of_gap_of_unequal_vectors", put("instance", "families", 1, ["1", "11"]), above)
spoil("threshold_of_gap_of_one_family", put("instance", "families", [["1"]]), above)
# two keys and no score above 0: 2 e^0 in the place of 2 e^-(log 2 + ...), with 1 anchor: 2/3
narrow = {"families": [["0"], ["1", "1"]], "yes": 1, "no": 0, "instance": "no", "threshold": threshold(2.5, math.log(3), 1),
          "threshold without a gap": {"entry": "1", "bias": "0", "bias_columns": 1}}
small = lemma("threshold-of-gap", "alman-song-2023/gap-attention", "B at 3/4 of the least: gap below log n", "soundness without a gap", "1/4 + 1e-9",
              narrow, relation="greater", file="threshold_without_a_gap")
spoil("threshold_without_a_gap_but_with_one", put("instance", "threshold without a gap", "entry", "2"), small)
# T = 1: no bias up to the entry lifts a yes to the anchor's weight, e^(1/4) in the place of e^(log 3)
alone = lemma("threshold-of-formula", "alman-song-2023/orthogonality-attention", "B at 3/4 of the least: gap below log n", "smaller side without a gap",
              "larger side without a gap", {"dimacs": "p cnf 0 0\n", "arity": 3, "threshold": {"entry": "0x1.4ccfb3ed52a7ap+0", "bias": "0x1.4ccfb3ed52a34p+0", "bias_columns": 1},
              "threshold without a gap": {"entry": "1/2", "bias": "1/2", "bias_columns": 1}}, relation="greater", file="threshold_below_its_anchors")
alone["instance"]["threshold without a gap"] = {"entry": "0x1p-1", "bias": "0x1p-1", "bias_columns": 1}
save("valid", "threshold_below_its_anchors", alone)
spoil("threshold_below_its_anchors_but_above", put("instance", "threshold without a gap", {"entry": "0x1.4p+0", "bias": "0", "bias_columns": 1}), alone)
spoil("threshold_without_a_gap_of_a_yes", lambda c: c["instance"].update(families=[["1"], ["1", "1"]], instance="yes"), small)

# x1: families 1 0 and 1 1, T = 2: r^2/2 >= log 2 + 2 log 3; the query of x1 true has the scores 0, 0
formula_one = {"dimacs": "p cnf 2 1\n1 0\n", "arity": 2, "threshold": threshold(2.5, math.log(3))}
decided = lemma("threshold-of-formula", "alman-song-2023/orthogonality-attention", "the largest output is on the formula's side of 1/2", "smaller side",
                "larger side", formula_one)
spoil("threshold_of_formula_entry_too_small", put("instance", "threshold", threshold(2.375, math.log(3))), decided)
spoil("threshold_of_formula_of_17_variables", put("instance", "dimacs", "p cnf 17 0\n"), decided)
spoil("threshold_of_formula_endless", put("instance", "dimacs", "p cnf 2 1\n1\n"), decided)
unsatisfiable = lemma("threshold-of-unsatisfiable-formula", "alman-song-2023/anchor-keys", "every output <= 1/4 + 1e-9", "smaller side", "1/4 + 1e-9",
                      dict(formula_one, dimacs="p cnf 2 1\n0\n"))
spoil("threshold_of_unsatisfiable_formula_satisfiable", lambda c: c.update(comparison="anchors dropped", relation="greater",
      left={"quantity": "output without anchors", "scale": "1"}, instance=formula_one), unsatisfiable)

seen = lemma("planted-tuple", "alman-song-2023/planted-families", "1/2 <= the planted row's output", "half", "planted output",
             {"families": [["0", "1"], ["1"]], "sign": -1, "planted": [0, 0], "threshold": threshold(2.125, math.log(3))})
spoil("planted_tuple_another_does_as_well", put("instance", "families", [["0", "0"], ["1"]]), seen)
spoil("planted_tuple_not_the_largest", put("instance", "planted", [1, 0]), seen)
spoil("planted_tuple_of_one_query", put("instance", "families", 0, ["0"]), seen)
spoil("planted_tuple_of_three", put("instance", "planted", [0, 0, 0]), seen)
spoil("planted_tuple_another_sign", put("instance", "sign", 1), seen)
spoil("planted_tuple_entry_too_small", put("instance", "threshold", threshold(2.0, math.log(3))), seen)

# scores 0 and -1/2, anchors -1/2: outputs 1/(1 + e^(-1/2)) = 0.62… and 1/2, |P| >= 1, N = 2
wrong = lemma("wrong-answer", "han-et-al-2023-hyperattention/spectral-norm-decides-nothing", "gap/(|P| |V|) <= 1/sqrt(N)", "gap/(|P| |V|)", "1/sqrt(N)",
              {"families": [["0", "1"], ["1", "1"]], "threshold": {"entry": "1", "bias": "0", "bias_columns": 1}, "anchors' bias": "1", "planted query": 0})
spoil("wrong_answer_three_families", put("instance", "families", [["0", "1"], ["1", "1"], ["1", "1"]]), wrong)
spoil("wrong_answer_anchors_above", put("instance", "anchors' bias", "-1"), wrong)
spoil("wrong_answer_of_a_third_query", put("instance", "planted query", 2), wrong)
spoil("wrong_answer_of_another_query", put("instance", "planted query", 1), wrong)
spoil("wrong_answer_of_no_pair", put("instance", "families", 0, 0, "1"), wrong)

# n = 2, R = 8: r^2/2 >= log 2 + 2 log 8. f(1) = (16/17)^2 + … = 0.89…, f(0) = 2 (2/3)^2, half way 0.89…
asked = dict(formula_one, threshold=threshold(3.25, math.log(8)), recovered=["1/2", "1"])
asked["half way"] = ["1/2", "1"]
recovered = lemma("decision-from-gradients", "alman-song-2024-gradient/decision-from-gradients", "the recovered |Att|^2 is on the formula's side of 1/3",
                  "smaller side", "larger side", asked)
spoil("decision_from_gradients_recovered_too_little", put("instance", "recovered", 1, "7/8"), recovered)
spoil("decision_from_gradients_recovered_too_much", put("instance", "recovered", 0, "15/16"), recovered)
spoil("decision_from_gradients_half_way_elsewhere", put("instance", "half way", ["1/3", "1/2"]), recovered)
spoil("decision_from_gradients_entry_too_small", put("instance", "threshold", threshold(3.0, math.log(8))), recovered)

both = lemma("split-and-list", "abboud-rubinstein-williams-2017/split-and-list", "orthogonal tuples count satisfying assignments", "difference", "zero",
             {"dimacs": "p cnf 3 1\n1 -3 0\n", "arity": 2})
spoil("split_and_list_as_its_twin", lambda c: c.update(comparison="the last clause is not listed", left={"quantity": "difference, one clause fewer", "scale": "1"}), both)

world = lemma("merlin-arthur", "abboud-rubinstein-williams-2017/merlin-arthur-gap", "soundness: accepting <= K(l-1)", "accepting, not orthogonal", "K (l - 1)",
              {"code": "reed-solomon", "K": 2, "l": 2, "T": 1, "q": 3})
spoil("merlin_arthur_field_not_prime", put("instance", "q", 4), world)
spoil("merlin_arthur_field_too_small", put("instance", "q", 2), world)
spoil("merlin_arthur_of_seven_bits", lambda c: c["instance"].update(l=7, q=17), world)
spoil("merlin_arthur_hermitian", put("instance", "code", "hermitian"), world)

# (x1 or x2) and (x1 or not x2): the heart x1, or the petals x2 and not x2
leaves = lemma("sparsification", "impagliazzo-paturi-zane-2001/sparsification", "the leaves' disjunction is the formula", "differences", "zero",
               {"dimacs": "p cnf 2 2\n1 2 0\n1 -2 0\n", "leaves": ["p cnf 2 1\n1 0\n", "p cnf 2 2\n2 0\n-2 0\n"], "leaf of hearts": 0})
spoil("sparsification_another_leaf", put("instance", "leaves", 0, "p cnf 2 1\n2 0\n"), leaves)
spoil("sparsification_leaf_of_other_variables", put("instance", "leaves", 1, "p cnf 3 2\n2 0\n-2 0\n"), leaves)
spoil("sparsification_leaf_missing", put("instance", "leaf of hearts", 2), leaves)
spoil("sparsification_long_clause", put("instance", "dimacs", "p cnf 11 1\n%s 0\n" % " ".join(map(str, range(1, 12)))), dict(leaves, instance=dict(leaves["instance"], leaves=["p cnf 11 0\n"])))

halved = lemma("tree-depth", "bharadwaj-et-al-2023/draw-cost", "I <= 2^depth", "I", "leaves", {"rows": 3, "depth": 2})
spoil("tree_depth_of_another_tree", put("instance", "depth", 3), halved)

# a formula to gradients: q, k, v as A1, A2, A3, X = Y = 1, E = 0
def padded(rows):
    return [row + [0.0] * (2 - len(row)) for row in rows]


r, w = 3.25, 2 * math.log(8) / 3.25
loss = dict(HEAD, kind="reduction", arity=2, protocol=None, threshold={"entry": r.hex(), "bias": w.hex(), "bias_columns": 1},
            decision="1/3", gap="1/2", epsilon="1/32", witness=[1, 0], count=None,
            files={"formula": put_file("one_clause.cnf", b"p cnf 2 1\n1 0\n"), "vectors": put_file("one_clause_ov.txt", b"p ov 2 2 1\n1\n0\n1\n1\n"),
                   "A1": matrix("loss_A1.npy", [[r, r], [0.0, r]]), "A2": matrix("loss_A2.npy", [[-r, w], [-r, w], [0.0, 0.0]]),
                   "A3": matrix("loss_A3.npy", [[1.0], [1.0], [0.0]]), "X": matrix("loss_X.npy", [[1.0, 0.0], [0.0, 1.0]]), "Y": one,
                   "E": matrix("zeros.npy", [[0.0], [0.0]])})
save("valid", "reduction_to_gradients", loss)
spoil("reduction_to_gradients_epsilon", put("epsilon", "1/33"), loss)
spoil("reduction_to_gradients_gap", put("gap", "9/10"), loss)
spoil("reduction_to_gradients_x", lambda c: c["files"].update(X=matrix("loss_2X.npy", [[1.0, 0.0], [0.0, 2.0]])), loss)
spoil("reduction_to_gradients_target", lambda c: c["files"].update(E=matrix("ones.npy", [[1.0], [1.0]])), loss)
spoil("reduction_to_gradients_of_two_values", lambda c: c["files"].update(Y=matrix("two.npy", [[2.0]])), loss)
spoil("reduction_to_gradients_query", lambda c: c["files"].update(A1=matrix("loss_A1_other.npy", [[0.0, r], [0.0, r]])), loss)
spoil("reduction_to_gradients_decision", put("decision", "2/3"), loss)

# one token: f = 1, L = T^2/2, slopes 1 - t to 1 + t, quotient 1
token = lemma("one-layer-gradient", "liang-et-al-2024-multilayer/one-layer-gradient", "the difference quotient lies among the slopes of the segment",
              "distance", "half-width", {"T0": [["1"]], "W": [["2"]], "W_V": [["1"]], "E": [["0"]], "direction": [["1"]]})
spoil("one_layer_gradient_as_printed", lambda c: c.update(comparison="Lemma D.17 as printed: f for f^T in D6 to D8, W and W^T exchanged", relation="greater",
      left={"quantity": "distance as printed", "scale": "1"}, right={"quantity": "half-width as printed", "scale": "1"}), token)  # one token: no difference
spoil("one_layer_gradient_of_wide_values", put("instance", "W_V", [["1", "1"]]), token)
spoil("one_layer_gradient_of_two_targets", put("instance", "E", [["0"], ["0"]]), token)

# the two tokens of kind layers: weights 1/2 (1 +- 1/64), the state is off by 1/64, phi = 0.0156259…
signs = [["1", "-1"], ["1", "-1"]]
network = lemma("network-errors", "liang-et-al-2024-multilayer/forward-error", "error <= the recursion with constants from states, every layer", "state, states", "one",
                {"layers": [{"heads": [{"W": [["0"]], "W_V": [["1"]], "sigma": signs}], "mask": "none", "residual": "none"}], "T0": [["1"], ["-1"]], "E": [["0"], ["0"]], "delta": "1/64"})
spoil("network_errors_sigma_large", put("instance", "layers", 0, "heads", 0, "sigma", 0, 0, "2"), network)
spoil("network_errors_sigma_of_one_row", put("instance", "layers", 0, "heads", 0, "sigma", [["1", "-1"]]), network)
spoil("network_errors_delta_one", put("instance", "delta", "1"), network)
spoil("network_errors_no_layers", put("instance", "layers", []), network)
spoil("network_errors_with_an_mlp", put("instance", "layers", 0, "mlp", {"W1": [["0"]], "W2": [["0"]], "activation": "relu"}), network)
spoil("network_errors_target_of_one_token", put("instance", "E", [["0"]]), network)
spoil("network_errors_of_less", lambda c: c.update(comparison="99 hundredths of the recursion", right={"quantity": "one", "scale": "99/100"}), network)
gradients = copy.deepcopy(network)
gradients.update(claim="liang-et-al-2024-multilayer/backward-error", comparison="gradient by the state, approximate states", left={"quantity": "by the state, states", "scale": "1"},
                 right={"quantity": "one", "scale": "1073741825/1073741824"})
save("valid", "network_errors_backward", gradients)
# W_V = 1/2 and a residual: the shift 1/128 of both tokens grows by 3/2
steps = {"mask": "none", "residual": "added", "heads": [{"W": [["0"]], "W_V": [["1/2"]], "sigma": signs}]}
calm = copy.deepcopy(steps)
calm["heads"][0]["sigma"] = [["0", "0"], ["0", "0"]]
for layer in (steps, calm):
    layer["heads"][0]["W_V"] = [["0x1p-1"]]
aligned = copy.deepcopy(network)
aligned.update(claim="liang-et-al-2024-multilayer/growth-with-depth", comparison="(3/2)^(m-1) e_1 (1 - 2^-40) <= error on aligned networks",
               left={"quantity": "(3/2)^(m-1) e_1 (1 - 2^-40)", "scale": "1"}, right={"quantity": "last error", "scale": "1"})
aligned["instance"]["layers"] = [steps, calm, calm]
save("valid", "network_errors_aligned", aligned)
spoil("network_errors_not_aligned", put("instance", "layers", 2, "residual", "none"), aligned)
spoil("network_errors_aligned_off_twice", put("instance", "layers", 1, steps), aligned)
spoil("network_errors_aligned_of_another_size", put("instance", "layers", 1, "heads", 0, "W_V", [["0x1p-2"]]), aligned)
spoil("network_errors_aligned_of_other_tokens", put("instance", "T0", [["1"], ["-2"]]), aligned)
spoil("network_errors_aligned_of_two_heads", lambda c: c["instance"]["layers"][1]["heads"].append(calm["heads"][0]), aligned)

# by all five: L = 1/2 (f h)^2, h = (1, 0), at A1 = X = Y = 1, A2 = (1, 0), A3 = (1, 0), all moved by 1
still = {"direction of %s" % name: [["1"]] * len(slope[name]) for name in ("A1", "A2", "A3", "X", "Y")}
by_all_five = lemma("closed-form", "alman-song-2024-gradient/closed-form", "the same by X, A1, A2, A3, Y together", "distance by all", "half-width by all",
                    dict(slope, **still), file="closed_form_by_all")
spoil("closed_form_by_all_one_direction_left_out", lambda c: c["instance"].pop("direction of A2"), by_all_five)
spoil("closed_form_by_all_direction_of_another_shape", put("instance", "direction of A3", [["1"]]), by_all_five)
spoil("closed_form_by_all_without_directions", lambda c: [c["instance"].pop(name) for name in still if name != "direction of X"], by_all_five)
spoil("reduction_to_gradients_x_of_one_column", lambda c: c["files"].update(X=one), loss)


# the same to attention, r = 2.5 and a yes of weight 3: outputs 3/4, and 6 e^(-25/8)/(1 + …) = 0.208…
def matrices(r, w):
    name = ("%g" % r).replace(".", "_")
    return {"q": matrix("q_%s.npy" % name, [[r, r], [0.0, r]]), "k": matrix("k_%s.npy" % name, [[-r, w], [-r, w], [0.0, 0.0]]),
            "v": matrix("loss_A3.npy", [[1.0], [1.0], [0.0]])}


r, w = 2.5, 2 * math.log(3) / 2.5
to_attention = dict(loss, threshold={"entry": r.hex(), "bias": w.hex(), "bias_columns": 1}, decision="1/2", gap="54/100", epsilon="24/100",
                    files=dict(matrices(r, w), formula=loss["files"]["formula"], vectors=loss["files"]["vectors"]))
save("valid", "reduction_to_attention", to_attention)
spoil("reduction_to_attention_decision_near_yes", put("decision", "52/100"), to_attention)
spoil("reduction_to_attention_decision_near_no", put("decision", "44/100"), to_attention)
spoil("reduction_to_attention_keys", put("files", "k", to_attention["files"]["q"]), to_attention)
spoil("reduction_to_attention_values", put("files", "v", matrix("sides_and_one.npy", [[1.0], [-1.0], [0.0]])), to_attention)

# conditions of the kinds that nothing above tries
spoil("layers_errors_of_two_layers", lambda c: c["errors"].append("1"), layers)
spoil("layers_target_of_one_token", put("backward", "target", [["1"]]), layers)
spoil("layers_backward_norms_of_one_state", put("backward", "norms", ["2"]), layers)
spoil("layers_backward_start_too_small", put("backward", "errors", 1, "3/100"), layers)
spoil("layers_backward_norm_below_recursion", put("backward", "norms", 0, "1"), layers)
spoil("gradient_of_another_shape", put("output", sides), gradient)
spoil("reduction_of_three_families", put("arity", 3), counted)

# 1 + 3/8 2 = 7/4, cut to 3/2: off by 1/4; and a law of draws
cut = lemma("sum-of-products", "alman-song-2023/tensor-core-product", "eight roundings to nearest", "error", "|c| + sum |a b|",
            {"c": "1", "products": [["3/8", "2"]], "sum": "3/2"}, scale="1/2097152", relation="greater")
spoil("sum_of_products_of_three", put("instance", "products", 0, ["3/8", "2", "1"]), cut)
spoil("sum_of_products_within", put("relation", "at most"), cut)
law = lemma("leverage", "bharadwaj-et-al-2023/leverage-law", "law = leverage scores / rank", "law less l/R", "zero",
            {"factors": scores_of_rows["instance"]["factors"], "leaf": 1, "law": ["1/10", "2/5", "1/10", "2/5"]}, file="leverage_law")
spoil("leverage_law_uniform", put("instance", "law", ["1/4"] * 4), law)
spoil("leverage_law_of_three_rows", put("instance", "law", ["1/3"] * 3), law)
