// How far the training is from the arithmetic that it does: what the kernels and products of a sweep point
// count (gluesweep/problem/work.hpp), at the rates at which this machine does such work when it does nothing
// else, and the result's bytes at its memory's rate, against the time measured. Prints Markdown.
//   benchmark_floor [--repetitions N] [PROBLEM]...
#include <algorithm>
#include <cstdio>
#include <functional>

#include "gluesweep/problem/lane_tape.hpp"
#include "gluesweep/problem/work.hpp"
#include "measure.hpp"
#include "referee.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;
using problem::Work;
using problem::WorkDone;

constexpr std::int64_t points = 512;

double best_of(int repetitions, const std::function<void()>& work) {
  double best = seconds_of(work);
  for (int i = 1; i < repetitions; ++i) best = std::min(best, seconds_of(work));
  return best;
}

/// Seconds a value of an elementwise operation on arrays in the first cache: between two sizes, so that the
/// cost of the call itself does not count.
double rate_of_operation(const std::function<void(Tensor& result, const Tensor& x)>& operation,
                         int repetitions) {
  constexpr std::int64_t small = 256, large = 1280;
  constexpr int calls = 20000;
  const auto seconds = [&](std::int64_t size) {
    const auto x = at::linspace(0.5, 1.5, size, at::kDouble);
    auto result = at::empty_like(x);
    return best_of(repetitions, [&] {
      for (int i = 0; i < calls; ++i) operation(result, x);
    });
  };
  return (seconds(large) - seconds(small)) / (calls * static_cast<double>(large - small));
}

/// The same for the kernels' own functions, which are faster than the tensor library's: a chain of one of
/// them.
double rate_of_function(const std::string& chain, int repetitions) {
  problem::Graph graph;
  const auto x = graph.symbol("x"), y = graph.symbol("y");
  const auto node = graph.build(job::parse_expression(chain), {{"x", x}, {"y", y}});
  const problem::Tape tape(graph, {x, y}, {node});
  const problem::LaneTape lanes(tape, {0, 0});
  auto registers = lanes.registers();
  for (int i = 0; i < problem::lanes; ++i) {
    registers[lanes.input(0)][i] = 0.5 + 0.01 * i;
    registers[lanes.input(1)][i] = 1.5 - 0.01 * i;
  }
  constexpr int calls = 20000;
  const double seconds = best_of(repetitions, [&] {
    for (int i = 0; i < calls; ++i) lanes.run(0, registers);
  });
  return seconds / (calls * static_cast<double>(problem::lanes) * static_cast<double>(tape.instructions()));
}

/// Seconds a floating-point operation of a large product, and a byte of a copy.
double rate_of_product(int repetitions) {
  const auto a = at::rand({512, 512}, at::kDouble), b = at::rand({512, 512}, at::kDouble);
  auto c = at::mm(a, b);
  return best_of(repetitions, [&] { at::mm_out(c, a, b); }) / (2.0 * 512 * 512 * 512);
}

double rate_of_copy(int repetitions) {
  const auto from = at::rand({16 << 20}, at::kDouble);
  auto to = at::zeros_like(from);
  return best_of(repetitions, [&] { to.copy_(from); }) / (2.0 * 8.0 * static_cast<double>(from.numel()));
}

std::string repeated(const std::string& first, const std::string& each, int times) {
  std::string text = first;
  for (int i = 0; i < times; ++i) text = each + "(" + text + ")";
  return text;
}

WorkDone measured_rates(int repetitions) {
  WorkDone rates{};
  const auto set = [&rates](Work kind, double value) { rates[static_cast<std::size_t>(kind)] = value; };
  set(Work::simple, rate_of_operation([](Tensor& y, const Tensor& x) { at::mul_out(y, x, x); }, repetitions));
  set(Work::division,
      rate_of_operation([](Tensor& y, const Tensor& x) { at::div_out(y, x, x); }, repetitions));
  set(Work::function, rate_of_function(repeated("x", "exp", 1), repetitions));
  set(Work::power, rate_of_function("x**y", repetitions));
  // The small eliminations at the rate of a large product, which they cannot reach.
  set(Work::product, rate_of_product(repetitions));
  set(Work::elimination, rates[static_cast<std::size_t>(Work::product)]);
  return rates;
}

double bytes_of(const training::BlockResult& result) {
  double sum = 0.0;
  for (const auto& values : {result.solution, result.matching, result.coefficients, result.head, result.map,
                             result.scale, result.limits, result.crossovers, result.derived}) {
    sum += static_cast<double>(values.nbytes());
  }
  return sum;
}

void print_rates(const WorkDone& rates, double copy) {
  std::printf("| work | rate of this machine |\n|---|---|\n");
  for (std::size_t i = 0; i < rates.size(); ++i) {
    std::printf("| %s | %s ns each |\n", problem::work_names[i].data(), number(1e9 * rates[i]).c_str());
  }
  std::printf("| bytes | %s GB/s |\n\n", number(1e-9 / copy).c_str());
  std::printf("| problem | measured us/point | floor us/point | measured/floor |");
  for (const auto name : problem::work_names) std::printf(" %s us |", name.data());
  std::printf(" bytes us |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
}

void print(const std::string& name, const WorkDone& rates, double copy, int repetitions) {
  const auto job = test::default_job(name);
  const auto trainer = ready_trainer(job);
  const auto parameters = scan_points(job, points);
  auto results = train_all(trainer, parameters, job.run.block);
  problem::take_work();
  const double seconds =
      best_of(repetitions, [&] { results = train_all(trainer, parameters, job.run.block); });
  const auto work = problem::take_work();
  double bytes = 0.0;
  for (const auto& result : results) bytes += bytes_of(result);
  double floor = copy * bytes;
  WorkDone parts{};
  for (std::size_t i = 0; i < work.size(); ++i) {
    parts[i] = rates[i] * work[i] / repetitions;
    floor += parts[i];
  }
  const auto micro = [](double value) { return 1e6 * value / static_cast<double>(points); };
  std::printf("| `%s` | %s | %s | **%.1f** |", name.c_str(), number(micro(seconds)).c_str(),
              number(micro(floor)).c_str(), seconds / floor);
  for (const double part : parts) std::printf(" %.1f |", micro(part));
  std::printf(" %.1f |\n", micro(copy * bytes));
  std::fflush(stdout);
}

}  // namespace
}  // namespace gluesweep::benchmark

int main(int argc, char** argv) {
  using namespace gluesweep;
  std::vector<std::string> all;
  for (const auto& shipped : test::shipped()) all.push_back(shipped.name);
  const auto arguments = benchmark::prepare(argc, argv, 5, all);
  const auto rates = benchmark::measured_rates(arguments.repetitions);
  const double copy = benchmark::rate_of_copy(arguments.repetitions);
  benchmark::print_rates(rates, copy);
  for (const auto& name : arguments.problems) benchmark::print(name, rates, copy, arguments.repetitions);
}
