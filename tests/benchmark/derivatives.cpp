// What the derivatives of equation (1) cost: U, G and dG/dC of one patch on B x N nodes, by transforming the
// expression graph (what the program does) and by LibTorch's autograd with double backward on the same
// expressions.
//   benchmark_derivatives JOB [PATCH] [B] [N]
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "gluesweep/job/reader.hpp"
#include "gluesweep/problem/matching.hpp"
#include "gluesweep/problem/system.hpp"

using namespace gluesweep;
using at::Tensor;
using problem::Tensors;

namespace {

double median_ms(const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < 25; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + 12, times.end());
  return times[12];
}

Tensor gradient(const Tensor& of, const Tensor& wrt) {
  if (!of.requires_grad()) return at::zeros_like(wrt);
  const auto g = torch::autograd::grad({of.sum()}, {wrt}, {}, true, true, true).front();
  return g.defined() ? g : at::zeros_like(wrt);
}

struct Result {
  Tensor rate, jacobian;
};

/// One constant: G = (f - dPhi/dt) / (dPhi/dc) and dG/dc through autograd.
Result by_autograd(const problem::System& system, int patch, const Tensor& t, const Tensors& theta,
                   const Tensor& c) {
  const auto time = t.detach().clone().set_requires_grad(true);
  const auto constant = c.detach().clone().set_requires_grad(true);
  const auto u = system.frame(patch).state(time, theta, {constant}).front();
  Tensors inputs{time.detach()};
  inputs.insert(inputs.end(), theta.begin(), theta.end());
  inputs.push_back(u);
  const auto slope = system.right_side()(inputs).front();
  const auto rate = (slope - gradient(u, time)) / gradient(u, constant);
  return {rate.detach(), gradient(rate, constant).detach()};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: benchmark_derivatives JOB [PATCH] [B] [N]\n");
    return 2;
  }
  at::set_num_threads(1);
  const int patch = argc > 2 ? std::atoi(argv[2]) : 0;
  const std::int64_t points = argc > 3 ? std::atol(argv[3]) : 128,
                     nodes = argc > 4 ? std::atol(argv[4]) : 300;
  const auto job = job::read_job(argv[1]);
  const problem::System system(job.problem);
  if (system.size() != 1) {
    std::fprintf(stderr, "this comparison is for problems with one constant per patch\n");
    return 2;
  }
  Tensors theta;
  for (const auto& parameter : job.problem.parameters) {
    theta.push_back(at::full({points, 1}, parameter.default_value, at::kDouble));
  }
  const auto regions = problem::make_regions(system, theta);
  const auto matching = problem::match(system, theta, regions);
  const auto share = at::linspace(0.0, 1.0, nodes, at::kDouble).unsqueeze(0);
  const auto t = system.to_t(regions.start(patch) + (regions.end(patch) - regions.start(patch)) * share);
  const auto c = matching.constants[static_cast<std::size_t>(patch)].front().expand_as(t).contiguous();

  const auto graph = system.frame(patch).drift(t, theta, {c});
  const auto automatic = by_autograd(system, patch, t, theta, c);
  const auto difference = [](const Tensor& a, const Tensor& b) {
    return ((a - b).abs().max() / b.abs().max()).item<double>();
  };
  const double graph_ms = median_ms([&] {
    const c10::InferenceMode inference;
    system.frame(patch).state(t, theta, {c});
    system.frame(patch).drift(t, theta, {c});
  });
  const double autograd_ms = median_ms([&] { by_autograd(system, patch, t, theta, c); });
  std::printf("%s, patch %s, %ld x %ld nodes, one thread, medians of 25\n", job.problem.name.c_str(),
              system.frame(patch).name().c_str(), static_cast<long>(points), static_cast<long>(nodes));
  std::printf("  graph     %8.3f ms\n  autograd  %8.3f ms\n  ratio     %8.1f\n", graph_ms, autograd_ms,
              autograd_ms / graph_ms);
  std::printf("  largest difference: G %.1e, dG/dC %.1e (relative)\n",
              difference(graph.rate.front(), automatic.rate),
              difference(graph.jacobian.front(), automatic.jacobian));
}
