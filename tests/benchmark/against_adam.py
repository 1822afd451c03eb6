#!/usr/bin/env python3
"""What the same training costs in eager PyTorch as a user would write it by hand.

mixed_order_decay, A' = -k1 A - k2 A^2, A(1e-4) = 1: a two-layer tanh network for each patch's constant, float64, one
thread, torch.optim.Adam, slopes and gradients by autograd:

  second order  A = 1/c,  c = (1 + k2 t) (1 + N1)     hence  c' = k2 + k1 c
  first order   A = exp(d - k1 t), d = d0 + N2        hence  d' = -k2 A

each on its own side of t = 1/k1 and half as far again, tied together in the overlap, and by the condition at the start.

  against_adam.py [--benchmark PROGRAM] [--steps N]

With PROGRAM, the path of benchmark_against_adam, the table has the ratios to this project's own `adam` and to its
default. Prints Markdown.
"""
import argparse
import math
import os
import statistics
import subprocess
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before the libraries are loaded
try:
    import torch
except ImportError:
    sys.exit(f"PyTorch is missing from {sys.executable}, so there is nothing to compare with. On Debian or Ubuntu: "
             "apt-get install python3-torch, then run this with /usr/bin/python3; elsewhere: pip install torch.")

PROBLEM = "mixed_order_decay"
T_START, T_END = 1.0e-4, 1.0e2
OVERLAP = 1.5
WIDTH, SAMPLES, GLUE, TIE_WEIGHT, LEARNING_RATE = 32, 128, 8, 0.3, 5.0e-3  # as of the project's `adam`


class Networks(torch.nn.Module):
    """B networks x -> N(x), each with two hidden layers of its own."""

    def __init__(self, count):
        super().__init__()
        def weights(inputs, outputs):
            values = torch.randn(1, inputs, outputs, dtype=torch.float64) / math.sqrt(inputs)
            return torch.nn.Parameter(values.repeat(count, 1, 1))
        def biases(outputs, spread):
            values = spread * (2.0 * torch.rand(1, 1, outputs, dtype=torch.float64) - 1.0)
            return torch.nn.Parameter(values.repeat(count, 1, 1))
        self.w1, self.b1 = weights(1, WIDTH), biases(WIDTH, 1.0)
        self.w2, self.b2 = weights(WIDTH, WIDTH), biases(WIDTH, 0.1)
        self.w3, self.b3 = weights(WIDTH, 1), biases(1, 0.0)

    def forward(self, x):
        """x: (B, M)."""
        hidden = torch.tanh(torch.baddbmm(self.b1, x.unsqueeze(2), self.w1))
        hidden = torch.tanh(torch.baddbmm(self.b2, hidden, self.w2))
        return torch.baddbmm(self.b3, hidden, self.w3).squeeze(2)


class Decay:
    """The glued model of some points: k1, k2 of shape (B, 1)."""

    def __init__(self, k1, k2):
        self.k1, self.k2 = k1, k2
        start = torch.full_like(k1, math.log(T_START))
        end = torch.full_like(k1, math.log(T_END))
        hand_over = (1.0 / k1).log()
        self.regions = [(start, torch.minimum(hand_over + math.log(OVERLAP), end)),
                        (hand_over - math.log(OVERLAP), end)]
        self.guess = -(1.0 + k2 / k1).log()  # of d
        self.networks = torch.nn.ModuleList([Networks(len(k1)), Networks(len(k1))])
        share = torch.linspace(0.0, 1.0, GLUE, dtype=torch.float64)
        self.overlap = self.regions[1][0] + share * (self.regions[0][1] - self.regions[1][0])

    def network(self, patch, x):
        low, high = self.regions[patch]
        return self.networks[patch](2.0 * (x - low) / (high - low) - 1.0)

    def log_solution(self, patch, x):
        """ln A by one of the patches."""
        t = x.exp()
        if patch == 0:
            return -((1.0 + self.k2 * t) * (1.0 + self.network(0, x))).log()
        return self.guess + self.network(1, x) - self.k1 * t

    def residual(self, patch, x):
        """Of d(constant)/dx, in relative change of A."""
        x.requires_grad_(True)
        t = x.exp()
        value = self.network(patch, x)
        slope, = torch.autograd.grad(value.sum(), x, create_graph=True)
        if patch == 0:
            scale = 1.0 + self.k2 * t
            c, c_x = scale * (1.0 + value), scale * slope + self.k2 * t * (1.0 + value)
            return (c_x - t * (self.k2 + self.k1 * c)) / scale
        return slope + t * self.k2 * torch.exp(self.guess + value - self.k1 * t)

    def loss(self):
        total = 0.0
        for patch, (low, high) in enumerate(self.regions):
            x = low + (high - low) * torch.rand(len(low), SAMPLES, dtype=torch.float64)
            total = total + self.residual(patch, x).square().mean(1).sum()
        glue = self.log_solution(0, self.overlap) - self.log_solution(1, self.overlap)
        condition = self.log_solution(0, self.regions[0][0])
        return total + TIE_WEIGHT * (glue.square().mean(1).sum() + condition.square().sum())

    @torch.no_grad()
    def error(self):
        """Largest relative error of A at 256 places, for every point."""
        x = torch.linspace(math.log(T_START), math.log(T_END), 256, dtype=torch.float64).expand(len(self.k1), -1)
        first = self.log_solution(0, torch.minimum(x, self.regions[0][1]))
        second = self.log_solution(1, torch.maximum(x, self.regions[1][0]))
        t = x.exp()
        exact = -self.k1 * (t - T_START) - (1.0 + self.k2 / self.k1 * -torch.expm1(-self.k1 * (t - T_START))).log()
        return torch.expm1(torch.where(x < -self.k1.log(), first, second) - exact).abs().amax(1)


def points(count):
    """Spread evenly over the ranges of the job: k1 in 1e-2 to 1, k2 in 10 to 1,000, both logarithmic."""
    i = torch.arange(count, dtype=torch.float64).unsqueeze(1)
    return 10.0 ** (-2.0 + 2.0 * ((0.5 + 0.7548776662466927 * i) % 1.0)), 10.0 ** (
        1.0 + 2.0 * ((0.5 + 0.5698402909980532 * i) % 1.0))


def train(model, steps):
    """Processor seconds a step."""
    optimiser = torch.optim.Adam(model.networks.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.99), eps=1.0e-12)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    begin = time.process_time()
    for _ in range(steps):
        optimiser.zero_grad()
        model.loss().backward()
        optimiser.step()
        schedule.step()
    return (time.process_time() - begin) / steps


def own_costs(program):
    """(us a point of the default, us a step and point of `adam`) as the C++ program measures them."""
    lines = subprocess.run([program, "--cost", PROBLEM], check=True, capture_output=True, text=True).stdout.splitlines()
    row = next(line for line in lines if line.startswith(f"| `{PROBLEM}`"))
    return [float(cell.replace(",", "")) for cell in row.split("|")[2:4]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", help="path of benchmark_against_adam")
    parser.add_argument("--steps", type=int, default=5000, help="of the training whose error is shown")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    own = own_costs(arguments.benchmark) if arguments.benchmark else None

    print(f"PyTorch {torch.__version__}, eager, float64, one thread, `{PROBLEM}`\n")
    print("| points at once | us a step and point | over our `adam` | a point in "
          f"{arguments.steps:,} steps | over our default |\n|---|---|---|---|---|")
    for count in (1, 32):
        costs = []
        for _ in range(3):
            model = Decay(*points(count))
            train(model, 10)
            costs.append(train(model, 60 if count == 1 else 30) / count)
        cost = statistics.median(costs)
        ratios = [f"{1e6 * cost / own[1]:.1f}", f"{1e6 * cost * arguments.steps / own[0]:,.0f}"] if own else ["-", "-"]
        print(f"| {count} | {1e6 * cost:,.0f} | {ratios[0]} | {cost * arguments.steps:.2f} s | {ratios[1]} |", flush=True)

    model = Decay(*points(6))
    seconds = train(model, arguments.steps) * arguments.steps / 6
    error = sorted(model.error().tolist())
    print(f"\nAfter {arguments.steps:,} steps of 6 points together, {seconds:.1f} s a point: true error {error[3]:.0e} in the "
          f"median, {error[-1]:.0e} at most.")


if __name__ == "__main__":
    main()
