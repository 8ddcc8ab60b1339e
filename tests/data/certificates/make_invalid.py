#!/usr/bin/env python3
"""Makes invalid/*.json from valid/relative_1_degree_4.json, each spoiled in one way (needs mpmath).

invalid/expected.txt beside them is written by hand: name, exit status, and what the checker says.
"""
import copy
import json
import os

from mpmath import mp, mpf, cos, exp, pi

from make_valid import bisect, certificate, hexadecimal, horner, to_monomial

here = os.path.dirname(os.path.abspath(__file__))
valid = json.load(open(os.path.join(here, "valid", "relative_1_degree_4.json")))
text = json.dumps(valid, indent=1)
absolute = json.load(open(os.path.join(here, "valid", "absolute_2_degree_9.json")))

zero = json.load(open(os.path.join(here, "valid", "relative_0_degree_0.json")))


def write(name, content):
    os.makedirs(os.path.join(here, "invalid"), exist_ok=True)
    with open(os.path.join(here, "invalid", name + ".json"), "w") as f:
        f.write(content if isinstance(content, str) else json.dumps(content, indent=1) + "\n")


def spoil(name, change, base=valid):
    spoiled = copy.deepcopy(base)
    change(spoiled)
    write(name, spoiled)


def put(*path_and_value):
    *path, value = path_and_value
    def change(c):
        for key in path[:-1]:
            c = c[key]
        c[path[-1]] = value
    return change


def negate(number):
    return number[1:] if number.startswith("-") else "-" + number


# well formed, not a proof
spoil("epsilon_just_below_best_error", put("epsilon", "5030406895/10000000000000"))
spoil("epsilon_allows_degree_below", put("epsilon", "1/100"))
spoil("half_width_too_large", put("half_width", "0x1.01p+0"))
spoil("half_width_too_small", put("half_width", "0x1.ffp-1"))
spoil("wrong_error_kind", put("error_kind", "absolute"))
spoil("degree_of_certificate_off_by_one", put("degree", 5))
spoil("degree_of_upper_off_by_one", put("upper", "degree", 3))
spoil("degree_of_lower_off_by_one", put("lower", "degree", 4))
spoil("point_dropped_from_lower", lambda c: c["lower"]["points"].pop(2))
spoil("critical_point_dropped", lambda c: c["upper"]["critical_points"].pop(1))
spoil("critical_point_added", lambda c: c["upper"]["critical_points"].append("0x1.fp-1"))
spoil("coefficient_dropped", lambda c: c["upper"]["coefficients"].pop())
spoil("coefficient_sign_swapped", lambda c: put("upper", "coefficients", 3, negate(c["upper"]["coefficients"][3]))(c))
spoil("coefficient_wrong", put("upper", "coefficients", 4, "0x1.68p-5"))
spoil("constant_coefficient_wrong", put("upper", "coefficients", 0, "0x1.01p+0"))
spoil("polynomial_zero", put("upper", "coefficients", ["0"] * 5))
spoil("critical_points_out_of_order", lambda c: c["upper"]["critical_points"].reverse())
spoil("critical_point_elsewhere", put("upper", "critical_points", 2, "0x1p-2"))
spoil("critical_point_twice", lambda c: put("upper", "critical_points", 1, c["upper"]["critical_points"][0])(c))
spoil("critical_point_outside", put("upper", "critical_points", 3, "0x1.8p+0"))
spoil("brackets_overlap", lambda c: (put("upper", "critical_points", ["-0x1p-1", "-0x1p-2", "0x1p-2", "0x1p-1"])(c),
                                     put("upper", "radius", "0x1p-3")(c)))  # they touch
spoil("bracket_too_wide_for_the_error", put("upper", "radius", "0x1p-6"))
spoil("bracket_leaves_interval", put("upper", "radius", "0x1.8p-3"))
spoil("bracket_misses_critical_point", put("upper", "radius", "0x1p-200"))
spoil("lower_points_out_of_order", lambda c: c["lower"]["points"].reverse())
spoil("lower_points_equal", lambda c: put("lower", "points", 1, c["lower"]["points"][0])(c))
spoil("lower_points_clustered", put("lower", "points", ["0x0p+0", "0x1p-9", "0x1p-8", "0x1p-7", "0x1p-6"]))
spoil("lower_point_outside", put("lower", "points", 4, "0x1.0000000000001p+0"))
spoil("lower_missing", put("lower", None))
spoil("upper_below_is_no_proof", lambda c: put("upper_below", "coefficients", 2, negate(c["upper_below"]["coefficients"][2]))(c))
spoil("lower_at_too_short", lambda c: c["lower_at"]["points"].pop())
spoil("zero_width_needs_no_degree", put("half_width", "0"))
spoil("absolute_coefficient_wrong", put("upper", "coefficients", 9, "0x0p+0"), absolute)
spoil("needs_a_million_bits", lambda c: (put("half_width", "0x1p-900000")(c), put("epsilon", "0x1p-1000000")(c)), zero)
# a polynomial whose error is largest at one place only, and epsilon below that error, above all the others
def interpolant(name, relative, nodes, worst):
    """Interpolation instead of the minimax polynomial; `worst` picks from |r| at -1, the critical points, 1."""
    with mp.workprec(400):
        c = to_monomial(nodes, [exp(t) for t in nodes])
        g = len(c) - 1
        slope = lambda t: sum((k * c[k] * t ** (k - 1) if k else 0) - (c[k] * t**k if relative else 0) for k in range(g + 1)) \
            - (0 if relative else exp(t))
        r = lambda t: abs(horner(c, t) * exp(-t) - 1 if relative else horner(c, t) - exp(t))
        critical = [bisect(slope, a, b) for a, b in zip(nodes, nodes[1:])]
        errors = [r(mpf(-1))] + [r(t) for t in critical] + [r(mpf(1))]
        chosen = errors.pop(worst)
        assert chosen > max(errors)
        epsilon = (chosen + max(errors)) / 2
        result = certificate(1, g, hexadecimal(epsilon, 53), relative)
        result["upper"].update(coefficients=[hexadecimal(a, 100) for a in c], critical_points=[hexadecimal(t, 100) for t in critical])
        write(name, result)


chebyshev = [-cos((2 * i + 1) * pi / 10) for i in range(5)]
interpolant("error_at_left_end", True, chebyshev, 0)
interpolant("error_at_right_end", False, chebyshev, -1)
interpolant("error_at_critical_point", True, [t / chebyshev[-1] for t in chebyshev], 1)

# not a certificate
spoil("coefficient_nan", put("upper", "coefficients", 1, "nan"))
spoil("coefficient_infinite", put("upper", "coefficients", 1, "inf"))
spoil("coefficient_a_json_number", put("upper", "coefficients", 1, 1.0))
spoil("coefficient_decimal", put("upper", "coefficients", 1, "1.5"))
spoil("coefficient_trailing_letters", put("upper", "coefficients", 1, "0x1p-3z"))
spoil("coefficient_empty", put("upper", "coefficients", 1, ""))
spoil("coefficient_two_points", put("upper", "coefficients", 1, "0x1.8.8p0"))
spoil("exponent_huge", put("upper", "coefficients", 1, "0x1p1000001"))
spoil("exponent_of_thirty_digits", put("upper", "radius", "0x1p-" + "9" * 30))
spoil("epsilon_zero", put("epsilon", "0"))
spoil("epsilon_negative", put("epsilon", "-1/1000"))
spoil("epsilon_over_zero", put("epsilon", "1/0"))
spoil("half_width_negative", put("half_width", "-1"))
spoil("half_width_huge", put("half_width", "0x1p100000"))
spoil("radius_zero", put("upper", "radius", "0x0p+0"))
spoil("degree_negative", put("degree", -1))
spoil("degree_huge", put("degree", 1000000000))
spoil("degree_not_integer", put("degree", 4.0))
spoil("version_unknown", put("version", 2))
spoil("version_a_float", put("version", 1.0))
spoil("version_true", put("version", True))
spoil("kind_unknown", put("kind", "least-rank"))
spoil("function_unknown", put("function", "sin"))
spoil("error_kind_unknown", put("error_kind", "mean"))
spoil("field_unknown", put("trusted", True))
spoil("field_missing", lambda c: c.pop("upper"))
spoil("upper_an_array", put("upper", []))
write("not_an_object", "[]\n")
write("empty", "")
write("truncated", text[: len(text) // 2])
write("trailing_garbage", text + "\n{}\n")
write("nan_literal", text.replace('"version": 1', '"version": NaN'))
write("number_overflows", text.replace('"version": 1', '"version": 1e999'))
write("duplicate_key", text.replace('"version": 1,', '"version": 1, "epsilon": "1",'))
write("duplicate_key_inside", text.replace('"radius":', '"degree": 4, "radius":', 1))
write("nesting_bomb", "[" * 100000)
write("comment_nested_deep", text.replace('"version": 1,', '"version": 1, "comment": ' + "[" * 9 + "]" * 9 + ","))
write("invalid_utf8_escape", text.replace('"exp"', '"\\ud800"'))
