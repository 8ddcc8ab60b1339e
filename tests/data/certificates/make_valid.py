#!/usr/bin/env python3
"""Makes valid/*.json: least-degree certificates by a Remez exchange in mpmath (pip install mpmath).

Written apart from src/ on purpose: the checker's tests must not depend on the producer. Nothing here is
proved; the checker proves it. Usage: make_valid.py (writes beside itself, in valid/).
"""
import json
import os

from mpmath import mp, mpf, cos, exp, pi


def leveled(points, X, relative):
    """The polynomial (as values at the points, with barycentric weights) of alternating error on the points."""
    w = []
    for i, a in enumerate(points):
        product = mpf(1)
        for j, b in enumerate(points):
            if j != i:
                product *= a - b
        w.append(1 / product)
    e = [exp(X * t) for t in points]
    W = e if relative else [mpf(1)] * len(points)
    E = sum(wi * ei for wi, ei in zip(w, e)) / sum(wi * Wi * (-1) ** i for i, (wi, Wi) in enumerate(zip(w, W)))
    values = [ei - (-1) ** i * E * Wi for i, (ei, Wi) in enumerate(zip(e, W))]
    # divided by (points - last): the weights of interpolation at all points but the last
    return values[:-1], [wi * (a - points[-1]) for wi, a in zip(w, points[:-1])], abs(E)


def to_monomial(nodes, values):
    """Newton's divided differences, then expansion."""
    n = len(nodes)
    d = list(values)
    for k in range(1, n):
        for i in range(n - 1, k - 1, -1):
            d[i] = (d[i] - d[i - 1]) / (nodes[i] - nodes[i - k])
    c = [d[-1]]
    for k in range(n - 2, -1, -1):
        c = [mpf(0)] + c
        for i in range(len(c) - 1):
            c[i] -= nodes[k] * c[i + 1]
        c[0] += d[k]
    return c


def horner(c, t):
    s = mpf(0)
    for a in reversed(c):
        s = s * t + a
    return s


def bisect(f, a, b):
    fa = f(a)
    for _ in range(mp.prec // 2):
        m = (a + b) / 2
        if (f(m) > 0) == (fa > 0):
            a = m
        else:
            b = m
    return (a + b) / 2


def remez(X, g, relative):
    """Coefficients in t = x/X, critical points, reference, error."""
    X = mpf(X)
    points = [-cos(pi * i / (g + 1)) for i in range(g + 2)]
    for _ in range(60):
        values, _, E = leveled(points, X, relative)
        c = to_monomial(points[:-1], values)
        d = [(k + 1) * c[k + 1] for k in range(g)] + [mpf(0)]
        q = [a - X * b for a, b in zip(d, c)] if relative else d
        slope = lambda t: horner(q, t) - (0 if relative else X * exp(X * t))
        # between two zeros of the error, one in each gap of the reference, lies a critical point
        error = lambda t: horner(c, t) * exp(-X * t) - 1 if relative else horner(c, t) - exp(X * t)
        zeros = [bisect(error, points[i], points[i + 1]) for i in range(g + 1)]
        critical = [bisect(slope, zeros[i], zeros[i + 1]) for i in range(g)]
        moved = [mpf(-1)] + critical + [mpf(1)]
        change = max(abs(a - b) for a, b in zip(moved, points))
        points = moved
        if change < mpf(2) ** (-mp.prec // 4):
            break
    return c, critical, points, E


def hexadecimal(x, bits):
    """The dyadic number of `bits` bits nearest to x, as a hexadecimal float."""
    if x == 0:
        return "0x0p+0"
    man, e = mp.frexp(abs(mpf(x)))
    man = int(mp.nint(mp.ldexp(man, bits)))
    e -= bits
    while man % 2 == 0:
        man //= 2
        e += 1
    digits = hex(man)[2:]
    while len(digits) > 1 and digits.endswith("0"):
        digits = digits[:-1]
        e += 4
    return ("-" if x < 0 else "") + "0x%s%sp%+d" % (digits[0], "." + digits[1:] if digits[1:] else "", e + 4 * (len(digits) - 1))


def certificate(X, g, epsilon, relative, bits=100, radius=40, optional=True):
    mp.prec = 3 * bits + 200
    c, critical, reference, _ = remez(X, g, relative)
    upper = lambda n, c, critical: {"degree": n, "coefficients": [hexadecimal(a, bits) for a in c],
                                    "critical_points": [hexadecimal(a, bits) for a in critical], "radius": "0x1p-%d" % radius}
    result = {"format": "attnbounds-certificate", "version": 1, "kind": "least-degree", "function": "exp",
              "error_kind": "relative" if relative else "absolute", "half_width": str(X), "epsilon": epsilon, "degree": g,
              "upper": upper(g, c, critical), "upper_below": None, "lower": None, "lower_at": None}
    if optional:
        result["lower_at"] = {"degree": g, "points": [hexadecimal(a, 53) for a in reference]}
    if g > 0:
        c, critical, reference, _ = remez(X, g - 1, relative)
        result["lower"] = {"degree": g - 1, "points": [hexadecimal(a, 53) for a in reference]}
        if optional:
            result["upper_below"] = upper(g - 1, c, critical)
    return result


def save(name, what):
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "valid")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".json"), "w") as f:
        json.dump(what, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    save("relative_1_degree_4", certificate(1, 4, "5030406896/10000000000000", True))  # just above the best error
    save("relative_4_degree_6", certificate(4, 6, "1/30", True))
    save("absolute_2_degree_9", certificate(2, 9, "1/1000000", False, optional=False))
    save("absolute_1_degree_0", certificate(1, 0, "3/2", False))
    zero = certificate(1, 0, "0x1p-200", False)
    zero["half_width"], zero["upper"]["coefficients"], zero["lower_at"] = "0", ["0x1p+0"], None
    save("relative_0_degree_0", dict(zero, error_kind="relative"))
