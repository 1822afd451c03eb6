// What one core of this machine can do, as far as the training depends on it: matrix products, exponentials
// and memory traffic through the same library calls. Prints Markdown.
//   benchmark_machine [--repetitions N]
#include <ATen/ATen.h>
#include <dlfcn.h>
#include <torch/csrc/api/include/torch/version.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "measure.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

/// What OpenBLAS says of itself (version, kernels, threads), if it is the BLAS in use.
std::string blas() {
  using Config = char* (*)();
  const auto config = reinterpret_cast<Config>(dlsym(RTLD_DEFAULT, "openblas_get_config"));
  return config != nullptr ? config() : "not OpenBLAS";
}

/// Seconds of one call: the best of some repetitions of enough calls to be measured.
double seconds_of_call(const std::function<void()>& call, int repetitions) {
  call();
  const auto run = [&call](std::int64_t calls) {
    return seconds_of([&] {
      for (std::int64_t i = 0; i < calls; ++i) call();
    });
  };
  std::int64_t calls = 1;
  while (run(calls) < 0.02) calls *= 2;
  double best = run(calls);
  for (int i = 1; i < repetitions; ++i) best = std::min(best, run(calls));
  return best / static_cast<double>(calls);
}

void product(std::int64_t batch, std::int64_t size, int repetitions) {
  const auto a = at::rand({batch, size, size}, at::kDouble), b = at::rand({batch, size, size}, at::kDouble);
  auto c = at::empty_like(a);
  auto a0 = a[0], b0 = b[0], c0 = c[0];
  const double seconds =
      seconds_of_call([&] { batch == 1 ? at::mm_out(c0, a0, b0) : at::bmm_out(c, a, b); }, repetitions);
  const double operations = 2.0 * static_cast<double>(batch * size * size * size);
  std::printf("| float64 matrix product, %ld of %ld x %ld | %s GFLOP/s |\n", static_cast<long>(batch),
              static_cast<long>(size), static_cast<long>(size), number(1e-9 * operations / seconds).c_str());
  std::fflush(stdout);
}

/// Time a value and a call: the slope and the intercept between two sizes that stay in the first-level cache.
template <class Function>
void elementwise(const char* name, const Function& function, int repetitions) {
  constexpr std::int64_t small = 512, large = 1536;
  double seconds[2];
  for (const int which : {0, 1}) {
    const auto size = which == 0 ? small : large;
    const auto x = at::linspace(-3.0, 3.0, size, at::kDouble);
    auto y = at::empty_like(x);
    seconds[which] = seconds_of_call([&] { function(y, x); }, repetitions);
  }
  const double a_value = (seconds[1] - seconds[0]) / static_cast<double>(large - small);
  const double a_call = seconds[0] - a_value * static_cast<double>(small);
  std::printf("| %s, float64 | %s ns a value, %s ns a call |\n", name, number(1e9 * a_value).c_str(),
              number(1e9 * std::max(0.0, a_call)).c_str());
  std::fflush(stdout);
}

void bandwidth(int repetitions) {
  constexpr std::int64_t values = 16 << 20;  // 128 MiB an array, beyond every cache
  const auto a = at::rand({values}, at::kDouble), b = at::rand({values}, at::kDouble);
  auto c = at::zeros({values}, at::kDouble);
  const double bytes = 8.0 * static_cast<double>(values);
  const double read = seconds_of_call([&] { a.sum(); }, repetitions);
  const double copy = seconds_of_call([&] { c.copy_(a); }, repetitions);
  const double triad = seconds_of_call([&] { at::add_out(c, a, b, 3.0); }, repetitions);
  std::printf("| memory, read (sum) | %s GB/s |\n", number(1e-9 * bytes / read).c_str());
  std::printf("| memory, copy | %s GB/s |\n", number(1e-9 * 2.0 * bytes / copy).c_str());
  std::printf("| memory, a + 3 b | %s GB/s |\n", number(1e-9 * 3.0 * bytes / triad).c_str());
}

}  // namespace
}  // namespace gluesweep::benchmark

int main(int argc, char** argv) {
  using namespace gluesweep::benchmark;
  const int repetitions = prepare(argc, argv, 7, {}).repetitions;
  const c10::InferenceMode inference;
  std::printf("- processor: %s\n- LibTorch %s\n- BLAS: %s\n- compiler: %s\n\n", processor().c_str(),
              TORCH_VERSION, blas().c_str(), __VERSION__);
  std::printf("| one core | best of %d |\n|---|---|\n", repetitions);
  product(1, 512, repetitions);
  product(128, 96, repetitions);
  product(4096, 8, repetitions);
  elementwise(
      "exp", [](Tensor& y, const Tensor& x) { at::exp_out(y, x); }, repetitions);
  elementwise(
      "tanh", [](Tensor& y, const Tensor& x) { at::tanh_out(y, x); }, repetitions);
  elementwise(
      "log", [](Tensor& y, const Tensor& x) { at::log_out(y, x); }, repetitions);
  elementwise(
      "multiplication", [](Tensor& y, const Tensor& x) { at::mul_out(y, x, x); }, repetitions);
  elementwise(
      "division", [](Tensor& y, const Tensor& x) { at::div_out(y, x, x); }, repetitions);
  bandwidth(repetitions);
}
