"""pytorch_attention.py N D: milliseconds (the median of 9) of PyTorch's scaled_dot_product_attention in float32 on
a GPU, one head, N tokens of D features; a rival of `attnbounds-cuda bench`."""
import sys

import torch

n, d = map(int, sys.argv[1:])
q, k, v = (torch.rand(1, 1, n, d, device="cuda") for _ in range(3))
times = []
for _ in range(10):
    start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    torch.nn.functional.scaled_dot_product_attention(q, k, v)
    stop.record()
    torch.cuda.synchronize()
    times.append(start.elapsed_time(stop))
print(sorted(times[1:])[4])
