#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>
#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/training/result.hpp"
#include "gluesweep/training/trainer.hpp"

/// What the benchmark programs share: their command line, their clock, the points they measure.
namespace gluesweep::benchmark {

/// `PROGRAM [--repetitions N] [--FLAG]... [PROBLEM]...`
struct Arguments {
  int repetitions;
  std::vector<std::string> problems;  ///< all that the program offers where none is named
  std::vector<std::string> flags;     ///< as written, with their dashes

  bool has(const std::string& flag) const;
};

/// Prepares a single-threaded process that keeps its memory, as `gluesweep run` does, and reads the command
/// line; ends the process with a usage message where that makes no sense.
Arguments prepare(int argc, char** argv, int repetitions, const std::vector<std::string>& problems,
                  const std::vector<std::string>& flags = {});

/// Processor time of this process while `work` runs, in seconds. With one thread this is the wall time of an
/// idle machine, and on a busy one it does not count the neighbours.
double seconds_of(const std::function<void()>& work);

struct Spread {
  double median, least, most;
};
Spread spread_of(std::vector<double> values);

/// Points spread evenly over a job's own parameter ranges (an additive recurrence with the golden ratio's
/// generalisations; the first n are spread evenly for every n): (count, p) with the problem's parameters in
/// its order, those that are not swept at their defaults.
at::Tensor scan_points(const job::Job& job, std::int64_t count);

/// A trainer of a job whose trunk is trained, as a run does it.
training::Trainer ready_trainer(const job::Job& job, at::Device device = at::kCPU);

/// Trains all points in blocks of the job's `run.block`.
std::vector<training::BlockResult> train_all(const training::Trainer& trainer, const at::Tensor& parameters,
                                             std::int64_t block);

/// "12.3", "4,560": three digits, or all before the point.
std::string number(double value);
/// "2e-08", "-" for NaN.
std::string error_text(double value);

}  // namespace gluesweep::benchmark
