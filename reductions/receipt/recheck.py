#!/usr/bin/env python3
"""Re-checks the folders that `attnbounds reduce` writes, without any of its code (Python's standard library).

    python3 recheck.py DIR...

Re-derives every arrow from the file before it: formula -> vectors, vectors -> gap inner products, inner
products -> matrices (every entry), and both sides of the gap from the doubles in the matrices, in decimal
arithmetic of 60 digits. Compares all hashes. Exit status 0: every folder holds; 1: one does not."""
import decimal
import hashlib
import itertools
import json
import math
import pathlib
import struct
import sys
from fractions import Fraction

decimal.getcontext().prec = 60
SLACK = decimal.Decimal("1e-40")  # far more than 60 digits lose, far less than any gap


class Rejected(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Rejected(what)


def read_npy(path):
    data = path.read_bytes()
    require(data[:8] == b"\x93NUMPY\x01\x00", f"{path.name}: not npy 1.0")
    length = struct.unpack("<H", data[8:10])[0]
    header = eval(data[10 : 10 + length].decode(), {"__builtins__": {}}, {})  # a dictionary of literals
    require(header["descr"] == "<f8" and not header["fortran_order"], f"{path.name}: not float64 in C order")
    rows, columns = header["shape"]
    values = struct.unpack(f"<{rows * columns}d", data[10 + length :])
    return [values[i * columns : (i + 1) * columns] for i in range(rows)]


def read_formula(path):
    words = [w for line in path.read_text().splitlines() if not line.startswith("c") for w in line.split()]
    variables, clauses, numbers = int(words[2]), [[]], map(int, words[4:])
    for x in numbers:
        if x == 0:
            clauses.append([])
        else:
            clauses[-1].append(x)
    return variables, clauses[:-1]


def read_ov(path):
    lines = path.read_text().split("\n")
    _, _, arity, count, dimension = lines[0].split()
    arity, count = int(arity), int(count)
    vectors = lines[1 : 1 + arity * count]
    require(all(len(v) == int(dimension) for v in vectors), "ov.txt: lengths")
    return [vectors[k * count : (k + 1) * count] for k in range(arity)]


def split_and_list(variables, clauses, arity):
    size = -(-variables // arity)
    families = []
    for k in range(arity):
        mine = range(k * size + 1, (k + 1) * size + 1)
        families.append([])
        for x in range(2**size):
            true = {v if x >> i & 1 else -v for i, v in enumerate(mine)}
            families[-1].append("".join("0" if true & set(c) else "1" for c in clauses))
    return families


def read_maxip(path):
    families, yes, no = [], None, None
    for line in path.read_text().split("\n")[:-1]:
        if line.startswith("p maxip"):
            yes, no = map(int, line.split()[4:6])
        elif line.startswith("f "):
            families.append([])
        else:
            families[-1].append(line)
    return families, yes, no


def protocol(families, nodes, columns, q):
    arity = len(families)
    require(all(q % p for p in range(2, q)) and q > 1, "q is prime")
    require(q > columns and q > arity * (nodes - 1), "q > T and q > K (l - 1)")
    require(nodes * columns >= len(families[0][0]), "l T >= dimension")

    def lagrange(s, x):
        value = 1
        for u in range(nodes):
            if u != s:
                value = value * (x - u) * pow(s - u, -1, q) % q
        return value

    basis = [[lagrange(s, rho) for s in range(nodes)] for rho in range(q)]

    def at(vector, rho):
        values = [0] * columns
        for c, bit in enumerate(vector):
            if bit == "1":
                values[c % columns] += basis[rho][c // columns]
        return [v % q for v in values]

    # alpha in the order of its number, digit t of weight q^t
    alphas = [tuple(reversed(a)) for a in itertools.product(range(q), repeat=columns)]
    others = alphas if arity == 3 else [None]
    new = []
    for k, family in enumerate(families[:-1]):
        new.append(
            [
                "".join(
                    "1" if (alpha if k == 0 else other) == tuple(mine) else "0"
                    for mine in (at(v, rho) for rho in range(q))
                    for alpha in alphas
                    for other in others
                )
                for v in family
            ]
        )
    last = []
    free = (arity - 1) * (nodes - 1)
    for g in itertools.product(range(q), repeat=free):
        g = tuple(reversed(g))
        for v in families[-1]:
            bits = []
            for rho in range(q):
                value = sum(c * rho**i for i, c in enumerate(g))
                for s in range(nodes):
                    value *= rho - s
                mine = at(v, rho)
                for alpha in alphas:
                    for other in others:
                        terms = zip(alpha, mine) if other is None else ((a * b, m) for a, b, m in zip(alpha, other, mine))
                        bits.append("1" if sum(a * m for a, m in terms) % q == value % q else "0")
            last.append("".join(bits))
    return new + [last], q, arity * (nodes - 1)


def exact(text):
    if "/" in text:
        return Fraction(text)
    return Fraction(float.fromhex(text)) if "x" in text else Fraction(text)


def check_matrices(folder, instance, families):
    t = instance["threshold"]
    r, w, e, sign = float.fromhex(t["entry"]), float.fromhex(t["bias"]), t["bias_columns"], t["sign"]
    names = ["A1", "A2"] if instance["kind"] == "matrix-gradient" else ["q", "k", "k2"][: len(families)]
    for k, (name, family) in enumerate(zip(names, families)):
        scale, bias = (sign * r, w) if k == 1 else (r, r)
        rows = read_npy(folder / instance["matrices"][name])
        expected = [tuple(scale if bit == "1" else 0.0 for bit in v) + (bias,) * e for v in family]
        if k > 0:
            expected.append((0.0,) * len(rows[0]))
        require(list(map(tuple, rows)) == expected, f"{name}: entries")
    for name, family in zip(["A3"] if instance["kind"] == "matrix-gradient" else ["v", "v2"], families[1:]):
        rows = read_npy(folder / instance["matrices"][name])
        require([x[0] for x in rows] == [1.0] * len(family) + [0.0], f"{name}: values")
    return r, w


def check_gap(instance, families, yes, no):
    t, arity = instance["threshold"], len(families)
    require((t["yes_score"], t["no_score"]) == (yes, no), "scores of the promise")
    r, w = Fraction(float.fromhex(t["entry"])), Fraction(float.fromhex(t["bias"]))
    d = len(families[0][0]) + t["bias_columns"]
    counts = [len(f) for f in families[1:]]
    tuples, anchors = math.prod(counts), 1 if arity == 2 else sum(counts) + 1

    def output(score, copies):
        x = (r**arity * score + r ** (arity - 1) * t["bias_columns"] * w) / d
        weight = copies * (decimal.Decimal(x.numerator) / decimal.Decimal(x.denominator)).exp()
        return weight / (weight + anchors)

    high, low = output(yes, 1), output(no, tuples)
    epsilon, gap = exact(instance["exact"]["epsilon"]), exact(instance["exact"]["gap"])
    decision = Fraction(instance["decision"])
    if instance["kind"] == "matrix-gradient":
        high, low = high**2, len(families[0]) * low**2
        require(epsilon == Fraction(1, 16 * d), "epsilon")
        epsilon = Fraction(1, 4)  # quadrature 1/16, gradients 2 d epsilon = 1/8, rounding

    def decimal_of(x):
        return decimal.Decimal(x.numerator) / decimal.Decimal(x.denominator)

    require(high - low >= decimal_of(gap) - SLACK, "gap")
    margin = min(high - decimal_of(decision), decimal_of(decision) - low)
    require(margin >= decimal_of(epsilon) - SLACK, "epsilon")


def check(folder):
    receipts = json.loads((folder / "receipts.json").read_text())
    instance = json.loads((folder / "instance.json").read_text())
    require(receipts["format"] == "attnbounds-receipts" and receipts["version"] == 1, "receipts: format")
    for step in receipts["steps"]:
        for file, digest in {**step["in"], **step["out"]}.items():
            require(hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest, f"{file}: hash")
    families = read_ov(folder / "ov.txt")
    if "formula" in instance["files"]:
        variables, clauses = read_formula(folder / "formula.cnf")
        require(split_and_list(variables, clauses, len(families)) == families, "ov.txt: split and list")
    yes, no = 0, -1
    if "protocol" in instance:
        p = instance["protocol"]
        found = read_maxip(folder / "maxip.txt")
        require(protocol(families, p["nodes"], p["columns"], p["field"]) == found, "maxip.txt: protocol")
        families, yes, no = found
    if "threshold" in instance:
        check_matrices(folder, instance, families)
        check_gap(instance, families, yes, no)


failed = False
for name in sys.argv[1:]:
    try:
        check(pathlib.Path(name))
        print(f"{name}: holds")
    except (Rejected, OSError, KeyError, ValueError) as reason:
        failed = True
        print(f"{name}: REJECTED, {reason}")
sys.exit(1 if failed or len(sys.argv) == 1 else 0)
