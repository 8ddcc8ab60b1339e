#!/usr/bin/env python3
"""Re-checks the folders that `attnbounds reduce` and `attnbounds hard` write, without any of its code (Python's
standard library).

    python3 recheck.py DIR...

Re-derives every arrow from the file before it: formula -> leaves (the branching is replayed), formula -> vectors,
vectors -> gap inner products, inner products -> matrices (every entry), and both sides of the gap from the doubles
in the matrices, in decimal arithmetic of 60 digits. Hard families: the scores of all tuples, the answer, and the
outputs of all rows. Compares all hashes. Exit status 0: every folder holds; 1: one does not."""
import collections
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


class Field:
    """F_p, or F_{p^e} with digits in base p modulo the least irreducible polynomial."""

    def __init__(self, size):
        self.size = size
        self.p = next(p for p in range(2, size + 1) if size % p == 0)
        self.e = round(math.log(size, self.p))
        require(self.p**self.e == size, "size of the field")
        if self.e > 1:
            self.modulus = next(low for low in range(size) if self.is_field(low))
            self.table = [[self.times(a, b, self.modulus) for b in range(size)] for a in range(size)]

    def digits(self, a):
        return [a // self.p**i % self.p for i in range(self.e)]

    def number(self, digits):
        return sum(c % self.p * self.p**i for i, c in enumerate(digits[: self.e]))

    def times(self, a, b, low):
        product = [0] * (2 * self.e)
        for i, x in enumerate(self.digits(a)):
            for j, y in enumerate(self.digits(b)):
                product[i + j] += x * y
        for i in range(2 * self.e - 1, self.e - 1, -1):
            for j, c in enumerate(self.digits(low)):
                product[i - self.e + j] -= product[i] * c
        return self.number(product)

    def is_field(self, low):
        return all(self.times(a, b, low) for a in range(1, self.size) for b in range(1, a + 1))

    def add(self, a, b):
        if self.e == 1:
            return (a + b) % self.p
        return self.number([x + y for x, y in zip(self.digits(a), self.digits(b))])

    def multiply(self, a, b):
        return a * b % self.p if self.e == 1 else self.table[a][b]

    def power(self, a, n):
        value = 1
        for _ in range(n):
            value = self.multiply(value, a)
        return value

    def inverse(self, a):
        return next(b for b in range(self.size) if self.multiply(a, b) == 1)

    def negative(self, a):
        return next(b for b in range(self.size) if self.add(a, b) == 0)

    def sum(self, terms):
        total = 0
        for term in terms:
            total = self.add(total, term)
        return total

    def reduced(self, rows):
        """Reduced row echelon form and its pivots."""
        rows, pivots = [list(r) for r in rows], []
        for c in range(len(rows[0]) if rows else 0):
            pivot = next((i for i in range(len(pivots), len(rows)) if rows[i][c]), None)
            if pivot is None:
                continue
            done = len(pivots)
            rows[done], rows[pivot] = rows[pivot], rows[done]
            scale = self.inverse(rows[done][c])
            rows[done] = [self.multiply(scale, x) for x in rows[done]]
            for i, row in enumerate(rows):
                if i != done and row[c]:
                    factor = self.negative(row[c])
                    rows[i] = [self.add(x, self.multiply(factor, y)) for x, y in zip(row, rows[done])]
            pivots.append(c)
        return rows[: len(pivots)], pivots


def reed_solomon(arity, nodes, q):
    field = Field(q)
    require(field.e == 1, "q is prime")

    def lagrange(s, x):
        value = 1
        for u in range(nodes):
            if u != s:
                value = value * (x - u) * pow(s - u, -1, q) % q
        return value

    interpolation = [[lagrange(s, rho) for s in range(nodes)] for rho in range(q)]
    vanishing = [math.prod(rho - s for s in range(nodes)) for rho in range(q)]
    advice = [[rho**i * vanishing[rho] % q for rho in range(q)] for i in range((arity - 1) * (nodes - 1))]
    return field, interpolation, advice, arity * (nodes - 1)


def hermitian(arity, nodes, size):
    field, q = Field(size), math.isqrt(size)
    require(q * q == size, "Q is a square")
    points = [
        (x, y)
        for x in range(size)
        for y in range(size)
        if field.add(field.power(y, q), y) == field.power(x, q + 1)
    ]
    orders = sorted((i * q + j * (q + 1), i, j) for j in range(q) for i in range(q * q + nodes + 1))
    degree = arity * orders[nodes - 1][0]
    require(degree < len(points), "more points than zeros")
    monomials = [(i, j) for j in range(q) for i in range(degree + 1) if i * q + j * (q + 1) <= degree]
    monomials.sort(key=lambda m: m[0] * q + m[1] * (q + 1))
    values = [[field.multiply(field.power(x, i), field.power(y, j)) for i, j in monomials] for x, y in points]
    chosen = []
    for row in values:
        if len(chosen) < nodes and len(field.reduced([r[:nodes] for r in chosen] + [row[:nodes]])[1]) == len(chosen) + 1:
            chosen.append(row)
    beside = [row[:nodes] + [int(s == t) for t in range(nodes)] for s, row in enumerate(chosen)]
    inverse = [row[nodes:] for row in field.reduced(beside)[0]]
    interpolation = [
        [field.sum(field.multiply(row[m], inverse[m][s]) for m in range(nodes)) for s in range(nodes)] for row in values
    ]
    echelon, pivots = field.reduced(chosen)
    advice = []
    for c in range(len(monomials)):
        if c not in pivots:
            function = [0] * len(monomials)
            function[c] = 1
            for row, pivot in zip(echelon, pivots):
                function[pivot] = field.negative(row[c])
            advice.append([field.sum(map(field.multiply, row, function)) for row in values])
    return field, interpolation, advice, degree


def protocol(families, p):
    arity, columns = len(families), p["columns"]
    code = hermitian if p.get("code") == "hermitian" else reed_solomon
    field, interpolation, basis, degree = code(arity, p["nodes"], p["field"])
    checks = len(interpolation)
    require(field.p > columns and checks > degree, "characteristic > T and N > D")
    require(p["nodes"] * columns >= len(families[0][0]), "l T >= dimension")

    def at(vector, rho):
        values = [0] * columns
        for c, bit in enumerate(vector):
            if bit == "1":
                values[c % columns] = field.add(values[c % columns], interpolation[rho][c // columns])
        return tuple(values)

    # alpha in the order of its number, digit t of weight Q^t
    alphas = [tuple(reversed(a)) for a in itertools.product(range(field.size), repeat=columns)]
    others = alphas if arity == 3 else [None]
    new = []
    for k, family in enumerate(families[:-1]):
        new.append(
            [
                "".join(
                    "1" if (alpha if k == 0 else other) == mine else "0"
                    for mine in (at(v, rho) for rho in range(checks))
                    for alpha in alphas
                    for other in others
                )
                for v in family
            ]
        )

    def product(alpha, other, mine):
        terms = alpha if other is None else map(field.multiply, alpha, other)
        return field.sum(map(field.multiply, terms, mine))

    tables = {}  # of the possible (P_t(rho))_t: the value at every (alpha, alpha')
    last = []
    for digits in itertools.product(range(field.size), repeat=len(basis)):
        digits = tuple(reversed(digits))
        word = [field.sum(field.multiply(m, b[rho]) for m, b in zip(digits, basis)) for rho in range(checks)]
        for v in family_values(families[-1], at, checks):
            bits = []
            for rho, mine in enumerate(v):
                if mine not in tables:
                    tables[mine] = [product(alpha, other, mine) for alpha in alphas for other in others]
                bits.append("".join("1" if x == word[rho] else "0" for x in tables[mine]))
            last.append("".join(bits))
    return new + [last], checks, degree


def family_values(family, at, checks):
    return [[at(v, rho) for rho in range(checks)] for v in family]


def simplified(clauses):
    """Without tautologies and clauses that contain another."""
    sets = {frozenset(c) for c in clauses}
    sets = {c for c in sets if not any(-x in c for x in c)}
    return {c for c in sets if not any(d < c for d in sets)}


def replay(branches, leaves, number, clauses):
    """The leaves' disjunction is the clauses': at a branching the heart and the petals stand in for the sunflower."""
    node = branches[number]
    if "leaf" in node:
        require(simplified(leaves[node["leaf"]]) == clauses, f"leaf-{node['leaf']}.cnf: clauses")
        return [node["leaf"]]
    heart, petals = frozenset(node["heart"]), [frozenset(p) for p in node["petals"]]
    require(all(heart | p in clauses for p in petals), f"branching {number}: its clauses")
    return replay(branches, leaves, node["with_heart"], simplified(clauses | {heart})) + replay(
        branches, leaves, node["with_petals"], simplified(clauses | set(petals))
    )


def exact(text):
    if "/" in text:
        return Fraction(text)
    return Fraction(float.fromhex(text)) if "x" in text else Fraction(text)


def check_matrices(folder, instance, families):
    """Families of rows of -1, 0, 1."""
    t = instance["threshold"]
    r, w, e, sign = float.fromhex(t["entry"]), float.fromhex(t["bias"]), t["bias_columns"], t["sign"]
    gradient = instance["kind"].endswith("-gradient")
    names = ["A1", "A2", "A3"] if gradient else ["q", "k", "k2"]
    for k, (name, family) in enumerate(zip(names, families)):
        scale, bias = (sign * r, w) if k == 1 else (r, r)
        rows = read_npy(folder / instance["matrices"][name])
        expected = [tuple(scale * x for x in v) + (bias,) * e for v in family]
        if k > 0:
            expected.append((0.0,) * len(rows[0]))
        require(list(map(tuple, rows)) == expected, f"{name}: entries")
    values = (["A3"] if len(families) == 2 else ["A4", "A5"]) if gradient else ["v", "v2"]
    for name, family in zip(values, families[1:]):
        rows = read_npy(folder / instance["matrices"][name])
        require([x[0] for x in rows] == [1.0] * len(family) + [0.0], f"{name}: values")
    if gradient:
        d = len(families[0][0]) + e
        step = 1 if len(families) == 2 else d + 1  # column (a, a) of X is a d + a
        x = read_npy(folder / instance["matrices"]["X"])
        require(all(row[i] == (i == a * step) for a, row in enumerate(x) for i in range(len(row))), "X: lambda I")
        for name in ["Y"] if len(families) == 2 else ["Y1", "Y2"]:
            require(read_npy(folder / instance["matrices"][name]) == [(1.0,)], f"{name}: 1")
        require(all(row == (0.0,) for row in read_npy(folder / instance["matrices"]["E"])), "E: zeros")


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
    if instance["kind"].endswith("-gradient"):
        high, low = high**2, len(families[0]) * low**2
        require(epsilon == Fraction(1, 16 * d), "epsilon")
        epsilon = Fraction(1, 4)  # quadrature 1/16, gradients 2 d epsilon = 1/8, rounding

    def decimal_of(x):
        return decimal.Decimal(x.numerator) / decimal.Decimal(x.denominator)

    require(high - low >= decimal_of(gap) - SLACK, "gap")
    margin = min(high - decimal_of(decision), decimal_of(decision) - low)
    require(margin >= decimal_of(epsilon) - SLACK, "epsilon")


def bits(families):
    return [[tuple(int(bit) for bit in v) for v in family] for family in families]


def check_hard(folder, instance, families):
    """The rows from the matrices; scores and outputs of all tuples; the answer."""
    t = instance["threshold"]
    r, w, sign = float.fromhex(t["entry"]), float.fromhex(t["bias"]), t["sign"]
    read = []
    for k, name in enumerate(["q", "k", "k2"][: len(t["rows"])]):
        rows = read_npy(folder / instance["matrices"][name])[: t["rows"][k]]
        scale = sign * r if k == 1 else r
        read.append([tuple(round(x / scale) for x in row[: t["dimension"]]) for row in rows])
    require(all(x in (-1, 0, 1) for f in read for v in f for x in v), "entries -1, 0, 1 times r")
    check_matrices(folder, instance, read)
    for family, rows in zip(families or [], read):  # ov.txt: the anchor's place is taken by a vector of ones
        require(family[: len(rows)] == rows and all(set(v) <= {1} for v in family[len(rows) :]), "ov.txt: vectors")

    def packed(v):
        return (sum(1 << i for i, x in enumerate(v) if x > 0), sum(1 << i for i, x in enumerate(v) if x < 0))

    def times(a, b):
        return (a[0] & b[0] | a[1] & b[1], a[0] & b[1] | a[1] & b[0])

    masks = [[packed(v) for v in family] for family in read]
    scores = []  # of each query: how many tuples have which score
    first = {}  # of each query and score: a tuple
    for i, query in enumerate(masks[0]):
        count = collections.Counter()
        for rest in itertools.product(*(range(len(m)) for m in masks[1:])):
            product = query
            for mask, j in zip(masks[1:], rest):
                product = times(product, mask[j])
            s = sign * (product[0].bit_count() - product[1].bit_count())
            count[s] += 1
            first.setdefault((i, s), (i, *rest))
        scores.append(count)
    total = sum(scores, collections.Counter())
    largest = max(total)
    if "formula" in instance["files"]:
        require(instance["answer"] == ("sat" if largest == 0 else "unsat"), "answer")
        if largest == 0:
            _, clauses = read_formula(folder / "formula.cnf")
            require(all(set(instance["witness"]) & set(c) for c in clauses), "witness")
        return read
    planted = instance["witness"]
    require(total[largest] == 1 and first[(planted[0], largest)] == tuple(planted), "the planted tuple stands out")
    del total[largest]
    yes_no = (instance["scores"]["yes"], instance["scores"]["no"])
    require((largest, max(total)) == yes_no == (t["yes_score"], t["no_score"]), "scores of the promise")
    r, w, d, arity = Fraction(r), Fraction(w), t["dimension"] + t["bias_columns"], len(read)
    anchors = 1 if arity == 2 else sum(t["rows"][1:]) + 1
    weights = {}
    for s in {s for count in scores for s in count}:
        x = (r**arity * s + r ** (arity - 1) * t["bias_columns"] * w) / d
        weights[s] = (decimal.Decimal(x.numerator) / decimal.Decimal(x.denominator)).exp()
    sums = [sum(n * weights[s] for s, n in count.items()) for count in scores]
    outputs = [s / (s + anchors) for s in sums]
    decision, epsilon = exact(instance["decision"]), exact(instance["exact"]["epsilon"])
    decision = decimal.Decimal(decision.numerator) / decimal.Decimal(decision.denominator)
    epsilon = decimal.Decimal(epsilon.numerator) / decimal.Decimal(epsilon.denominator)
    if epsilon > 0:
        for i, y in enumerate(outputs):
            margin = y - decision if i == planted[0] else decision - y
            require(margin >= epsilon - SLACK, f"output {i}: on its side of the decision value by epsilon")
    return None


def check(folder):
    receipts = json.loads((folder / "receipts.json").read_text())
    instance = json.loads((folder / "instance.json").read_text())
    require(receipts["format"] == "attnbounds-receipts" and receipts["version"] == 1, "receipts: format")
    for step in receipts["steps"]:
        for file, digest in {**step["in"], **step["out"]}.items():
            require(hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest, f"{file}: hash")
    if instance["kind"] == "disjunction":
        sys.setrecursionlimit(10000)
        _, clauses = read_formula(folder / "formula.cnf")
        leaves = [read_formula(folder / f"{leaf}.cnf")[1] for leaf in instance["leaves"]]
        branches = receipts["steps"][0]["parameters"]["branches"]
        reached = replay(branches, leaves, 0, simplified(clauses))
        require(sorted(reached) == list(range(len(leaves))), "every leaf is reached")
        for leaf in instance["leaves"]:
            same = (folder / f"{leaf}.cnf").read_bytes() == (folder / leaf / "formula.cnf").read_bytes()
            require(same, f"{leaf}: formula")
            check(folder / leaf)
        return
    hard = instance["family"] != "reduction"
    families = read_ov(folder / "ov.txt") if "vectors" in instance["files"] else None
    if "formula" in instance["files"]:
        variables, clauses = read_formula(folder / "formula.cnf")
        require(split_and_list(variables, clauses, len(families)) == families, "ov.txt: split and list")
    if hard:
        families = check_hard(folder, instance, families and bits(families))
        if families:
            check_gap(instance, families, 0, -1)
        return
    yes, no = 0, -1
    if "protocol" in instance:
        found = read_maxip(folder / "maxip.txt")
        require(protocol(families, instance["protocol"]) == found, "maxip.txt: protocol")
        families, yes, no = found
    if "threshold" in instance:
        check_matrices(folder, instance, bits(families))
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
