"""PyTorch's times for bench/attention: python3 torch_attention.py KIND N D TYPE THREADS [DEGREE ROWS]
KIND sdpa: scaled_dot_product_attention, scores divided by d; sdpa-causal: the same, masked;
KIND taylor: symmetric monomials of the truncated Taylor series up to DEGREE (each once, weighted), as tensor operations on
n x r features, in chunks of rows that fit 256 MiB; the error is measured on ROWS rows against softmax in float64.
Prints one JSON object: median seconds, rounds, error (largest entry, over max|V|)."""
import json
import math
import statistics
import sys
import time

try:
    import torch
except ImportError:
    print(json.dumps({"missing": "torch"}))
    sys.exit(0)

kind, n, d, dtype, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
real = {"double": torch.float64, "float": torch.float32}[dtype]
torch.manual_seed(0)
q, k, v = ((2 * torch.rand(n, d, dtype=real) - 1) for _ in range(3))


def measure(work, budget=6.0):
    times, processor, spent = [], [], 0.0
    work()
    while not times or (len(times) < 5 and spent < budget):
        start, start_processor = time.perf_counter(), time.process_time()
        result = work()
        times.append(time.perf_counter() - start)
        processor.append(time.process_time() - start_processor)
        spent += times[-1]
    return {"seconds": statistics.median(times), "processor_seconds": statistics.median(processor), "rounds": len(times)}, result


def monomials(d, degree):
    """(parent, variable) of each monomial, the last variable never decreasing; weights 1/a!."""
    nodes, level = [(None, None, ())], [0]
    for _ in range(degree):
        following = []
        for parent in level:
            last = nodes[parent][2][-1] if nodes[parent][2] else 0
            for variable in range(last, d):
                following.append(len(nodes))
                nodes.append((parent, variable, nodes[parent][2] + (variable,)))
        level = following
    weights = []
    for _, _, word in nodes:
        weight = 1.0 / float(d) ** len(word)
        for variable in set(word):
            weight /= math.factorial(word.count(variable))
        weights.append(weight)
    return nodes, torch.tensor(weights, dtype=real)


if kind == "taylor":
    degree, rows = int(sys.argv[6]), int(sys.argv[7])
    nodes, weights = monomials(d, degree)
    words = [node[2] for node in nodes]
    by_degree = []
    for t in range(1, degree + 1):
        of_degree = [i for i, w in enumerate(words) if len(w) == t]
        by_degree.append((torch.tensor([nodes[i][0] for i in of_degree]), torch.tensor([nodes[i][1] for i in of_degree])))
    starts = [0]
    for t in range(degree):
        starts.append(sum(len(w) <= t for w in words) if t else 1)
    chunk = max(256, (1 << 28) // (8 * len(nodes)))

    def features(x):
        parts = [torch.ones(x.shape[0], 1, dtype=real)]
        before, offset = parts[0], 0
        for parents, variables in by_degree:
            part = before[:, parents - offset] * x[:, variables]
            offset += before.shape[1]
            parts.append(part)
            before = part
        return torch.cat(parts, 1)

    def work():
        ones = torch.ones(n, 1, dtype=real)
        values = torch.cat((v, ones), 1)
        sums = torch.zeros(len(nodes), d + 1, dtype=real)
        for i in range(0, n, chunk):
            sums += features(k[i : i + chunk]).T @ values[i : i + chunk]
        sums *= weights[:, None]
        out = torch.empty(n, d, dtype=real)
        for i in range(0, n, chunk):
            row = features(q[i : i + chunk]) @ sums
            out[i : i + chunk] = row[:, :d] / row[:, d:]
        return out

    answer, out = measure(work)
    sample = q[:rows].double() @ k.double().T / d
    exact = torch.softmax(sample, 1) @ v.double()
    error = (out[:rows].double() - exact).abs().max().item() / v.abs().max().item()
    print(json.dumps({**answer, "error": error, "rank": len(nodes), "torch": torch.__version__}))
else:
    four = [x[None, None] for x in (q, k, v)]
    attention = torch.nn.functional.scaled_dot_product_attention
    scale = 1.0 / d
    answer, _ = measure(lambda: attention(*four, is_causal=kind == "sdpa-causal", scale=scale))
    print(json.dumps({**answer, "torch": torch.__version__}))
