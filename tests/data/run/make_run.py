"""Writes the run of the report's tests: a small, partly invented log that shows every case the report must
tell apart (verified, refuted, undecided, a twin that was not refuted, a claim planned but not finished, markup
in a statement). The degrees are true: from `attnbounds verify`; the heads are from tests/data/README.md with
invented bounds.

    python3 tests/data/run/make_run.py DEGREES.jsonl    (of a run of verify)
"""
import json, math, pathlib, sys

here = pathlib.Path(__file__).parent


def dump(name, lines):
    (here / name).write_text("".join(json.dumps(l, ensure_ascii=False, separators=(",", ":")) + "\n" for l in lines))


def witness(comparison, instance, left, right, index=0, **more):
    side = lambda s: s if isinstance(s, str) else {"lower": s[0], "upper": s[1]}
    return {"index": index, "comparison": comparison, "instance": instance, "left": side(left), "right": side(right), **more}


def claim(id, statement, verdict="verified", standing="checked", twin="half the bound", twin_witness=None, ratio=None,
          worst=None, constants=None, precision=128, instances=200, hypotheses=("0 < delta < 1",), seconds=0.25):
    return {"id": id, "paper": id.split("/")[0], "statement": statement,
            "source": "Invented, Example 2026, arXiv 0000.00000, Lemma 1",
            "file": "proofs_check/" + id.replace("-", "_") + ".cpp", "hypotheses": list(hypotheses), "status": standing,
            "verdict": verdict, "instances": instances,
            "ratio": ratio and {"decimal": ratio[0], "exact upper": ratio[1]}, "worst_instance": worst,
            "precision": precision,
            "twin": {"name": twin, "verdict": "refuted" if twin_witness else "verified", "witness": twin_witness},
            "twin_refuted": bool(twin_witness), "constants": constants or {}, "seconds": seconds}


small = {"t": "13/100", "weights": ["87/200", "113/200"]}
claims = [
    claim("example-2026/sharp", "|f~ - f|_1 <= phi(delta), attained by two keys", ratio=("1", "0x1p+0"), precision=0,
          worst=witness("distance <= 2t", small, "13/50", "13/50"),
          twin_witness=witness("half the bound", small, "13/50", "13/100", shrink_steps=3)),
    claim("example-2026/constants", "1/2 F <= degree <= 2 F on the grid", standing="proved",
          ratio=("0.758577", "0xc.2322p-4"), hypotheses=("X > 0", "eps < X/(1+X)"),
          worst=witness("degree <= 2 F", {"half_width": "0x2p+4", "epsilon": "1/1000", "degree": 44},
                        ("44", "44"), ("58.0033", "58.0034"), index=12),
          twin_witness=witness("below the found constant", {"half_width": "0x2p+4"}, ("44", "44"), ("43.9", "43.91")),
          constants={"upper": {"lower": "1.51715", "upper": "1.51716", "meaning": "largest degree/F", "attained_at": 12}}),
    claim("example-2026/printed-constant", "the constant 8Bn as printed bounds the second derivative",
          verdict="refuted", ratio=("1.0625", "0x1.1p+0"), instances=57,
          worst=witness("second derivative <= 8 B n", {"A": [["0x1p+0", "-0x1p+0"], ["0x0p+0", "0x1p+0"]], "B": "1"},
                        "17", "16", index=4, shrink_steps=9),
          twin_witness=witness("a quarter of the bound", {"B": "1"}, "17", "4")),
    claim("example-2026/hard-to-part", "two sides that 4096 bits do not part", verdict="undecided", standing="open",
          worst=witness("left <= right", {"x": "0x1p+0"}, ("0.999999", "1.00001"), ("0.999999", "1.00001")),
          precision=4096, seconds=61.5),
    claim("example-2026/markup", "<script>alert('&\"')</script> | a **bold** _claim_ `x` $y$ \\ </details>\n<img src=x onerror=alert(1)>",
          standing="statistical", twin="<b>twin</b> & co", ratio=("0", "0x0p+0"),
          worst=witness("0 <= T", {"<i>key</i>": "\"><script>alert(2)</script>"}, ("0", "0"), ("1", "1")),
          twin_witness=witness("<b>twin</b>", {"x": "-2"}, ("0", "0"), ("-1", "-1"))),
]
run = {"format": "attnbounds-run", "version": 1, "seed": 7, "level": "quick",
       "versions": {"attnbounds": "0.1.0", "mpfr": "4.2.0", "compiler": "gcc 12.2.0"},
       "claims": [c["id"] for c in claims] + ["example-2026/never-reached"]}
(here / "run.json").write_text(json.dumps(run, indent=2) + "\n")
dump("claims.jsonl", claims[::-1])  # the log's order is not the plan's


def least(d, degree):
    rank = math.comb(d + degree, degree)
    return {"degree": degree, "rank": str(rank), "rank_decimal": f"{rank:.6g}"}


def head(layer, index, B, actual, bound, degree, degree_for_bound, method="exact", verdict="verified", d=32):
    exact = method == "exact"
    return {"head": f"layer{layer}-head{index}", "layer": layer, "source": "invented", "index": index, "n": 256, "d": d,
            "epsilon": "1/1000", "epsilon_decimal": "0.00100001", "B": B,
            "half_width": {"lower": actual, "upper": actual}, "half_width_bound": bound, "least": least(d, degree),
            "least_for_bound": least(d, degree_for_bound), "method": method,
            "reason": "rank above n: the exact method is cheaper" if exact else "rank below n", "budget": 0.0026,
            "bound": 2.5e-13 if exact else 0.00097,
            "error": {"lower": "0", "upper": "1.2e-15"} if exact else {"lower": "0.0004", "upper": "0.00041"},
            "verdict": verdict, "seconds": 1.25}


dump("heads.jsonl", [head(5, 10, 10.473, "6.679", 11.1, 13, 18), head(0, 7, 8.124, "3.141", 8.83, 8, 15),
                     head(0, 2, 26.714, "57.271", 86.06, 69, 99, verdict="undecided"),
                     head(3, 1, 0.5, "0.0125", 0.02, 1, 1, method="polynomial")])
if len(sys.argv) > 1:
    (here / "degrees.jsonl").write_text(pathlib.Path(sys.argv[1]).read_text())
