// Curves a second of emulators: many curves of 256 places on all processors and on one, and one curve alone.
// Prints Markdown. The files are what `gluesweep emulate` writes.
//   benchmark_predict EMULATOR...
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "gluesweep/emulator/emulator_file.hpp"
#include "gluesweep/emulator/evaluator.hpp"
#include "measure.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t curves = 20000, places = 256;
constexpr int repetitions = 7;

/// Places all over the box, in physical values.
Tensor theta_of(const emulator::Emulator& emulator, std::int64_t count) {
  const auto axes = static_cast<std::int64_t>(emulator.axes.size());
  const auto z = 1.998 * at::rand({count, axes}, at::kDouble) - 0.999;
  return emulator::physical(emulator.axes, z).contiguous();
}

/// The shortest wall time of a call: the others had to share the machine.
template <class Work>
double shortest(const Work& work) {
  double best = INFINITY;
  for (int i = 0; i < repetitions; ++i) {
    const auto begin = Clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return best;
}

void measure(const std::string& path) {
  const std::shared_ptr<const emulator::Emulator> emulator = emulator::read_emulator(path);
  job::Job job = emulator->job;
  job.output.values.clear();
  job.output.points = places;
  const auto t = at::tensor(job.output_points(), at::kDouble);
  const auto theta = theta_of(*emulator, curves), one = theta.narrow(0, 0, 1);
  const auto processors = static_cast<int>(std::thread::hardware_concurrency());
  const emulator::Evaluator all(emulator, emulator::Outside::undefined, processors), single(emulator);
  const double shared = shortest([&] { all.solution(theta, t); });
  const double processor = seconds_of([&] { single.solution(theta, t); });
  const double alone = shortest([&] {
    for (int i = 0; i < 100; ++i) single.solution(one, t);
  });
  const auto some = theta.narrow(0, 0, 64);
  const auto exact = single.exact_solution(some, t), fast = single.solution(some, t);
  const double difference =
      ((fast - exact).abs() / at::maximum(exact.abs(), 1e-6 * exact.abs().amax(1, true)))
          .max()
          .item<double>();
  std::printf("| `%s` | %ld | **%s** | %.1f | %.0f | %.0e |\n", emulator->job.problem.name.c_str(),
              static_cast<long>(emulator->modes.size(0)),
              number(static_cast<double>(curves) / shared).c_str(),
              1e6 * processor / static_cast<double>(curves), 1e4 * alone, difference);
  std::fflush(stdout);
}

}  // namespace
}  // namespace gluesweep::benchmark

int main(int argc, char** argv) {
  using namespace gluesweep::benchmark;
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s EMULATOR...\n", argv[0]);
    return 2;
  }
  at::set_num_threads(1);
  std::printf(
      "| problem | modes | curves/s, %u processors | us of a processor a curve | us, one curve alone | fast "
      "against "
      "exact |\n|---|---|---|---|---|---|\n",
      std::thread::hardware_concurrency());
  for (int i = 1; i < argc; ++i) measure(argv[i]);
}
