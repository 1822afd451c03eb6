// Points a second on one GPU over the block size, what of that is wrong against the CPU, and the ratio to one
// core. Without a GPU it says so and measures the same operations on the CPU instead of the kernels, which is
// at least how the way of other devices behaves with the block size. Prints Markdown.
//   benchmark_gpu [--repetitions N] [PROBLEM]...
#include <ATen/Context.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "gluesweep/problem/kernels.hpp"
#include "measure.hpp"
#include "referee.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;

double wall_seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Seconds of one block, medians of some; a result comes back to the CPU, so nothing is left running.
double seconds_of_block(const training::Trainer& trainer, const Tensor& block, int repetitions) {
  trainer.train(block);
  std::vector<double> seconds;
  for (int i = 0; i < repetitions; ++i) seconds.push_back(wall_seconds([&] { trainer.train(block); }));
  return spread_of(seconds).median;
}

/// Difference of the states, over their largest size at nine neighbouring outputs (zeros of an oscillation do
/// not count), exceeded at one output in a thousand.
double disagreement(const training::BlockResult& one, const training::BlockResult& other) {
  const auto size = at::max_pool1d(one.solution.abs(), {9}, {1}, {4}).clamp_min(1e-300);
  return ((one.solution - other.solution).abs() / size).quantile(0.999).item<double>();
}

void print(const std::string& name, bool gpu, int repetitions) {
  const auto job = test::default_job(name);
  const auto on_cpu = ready_trainer(job);
  const auto few = scan_points(job, 128);
  const double core = seconds_of_block(on_cpu, few, repetitions) / 128.0;
  const auto expected = on_cpu.train(few);
  const std::vector<std::int64_t> blocks =
      gpu ? std::vector<std::int64_t>{128, 512, 2048, 8192, 16384} : std::vector<std::int64_t>{32, 128, 512};
  std::unique_ptr<problem::WithoutKernels> without;
  if (!gpu) without = std::make_unique<problem::WithoutKernels>();
  const auto trainer = ready_trainer(job, gpu ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU));
  const double wrong = disagreement(trainer.train(few), expected);
  for (const auto block : blocks) {
    const double seconds =
        seconds_of_block(trainer, scan_points(job, block), repetitions) / static_cast<double>(block);
    std::printf("| `%s` | %ld | %s | %s | %s |\n", name.c_str(), static_cast<long>(block),
                number(1.0 / seconds).c_str(), number(core / seconds).c_str(), error_text(wrong).c_str());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace gluesweep::benchmark

int main(int argc, char** argv) {
  using namespace gluesweep;
  const auto arguments =
      benchmark::prepare(argc, argv, 3, {"mixed_order_decay", "freeze_out", "misaligned_scalar"});
  const bool gpu = at::globalContext().hasCUDA();
  std::printf(
      gpu ? "On the first GPU.\n\n"
          : "No GPU that this LibTorch can use: nothing is measured on one. Tensor operations on one core of "
            "the CPU instead:\n\n");
  std::printf(
      "| problem | block | points/s | over the kernels on one core | relative difference, 99.9%% |\n");
  std::printf("|---|---|---|---|---|\n");
  for (const auto& name : arguments.problems) benchmark::print(name, gpu, arguments.repetitions);
}
