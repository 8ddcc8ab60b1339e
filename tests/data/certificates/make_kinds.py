#!/usr/bin/env python3
"""Makes valid/kind_*.json and invalid/kind_*.json, small certificates of the kinds beside least degrees, by hand: every
number in them can be verified on paper. Written apart from src/ on purpose. Usage: make_kinds.py (Python's standard
library; writes beside itself). expected.txt of both folders is what attnbounds-check said, read by a person."""
import copy
import hashlib
import json
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
