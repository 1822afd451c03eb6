#include "measure.hpp"

#include <ATen/Parallel.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <system_error>

#include "gluesweep/job/error.hpp"
#include "gluesweep/problem/processor.hpp"

namespace gluesweep::benchmark {
namespace {

/// OpenBLAS makes its threads when it is loaded, so the environment must be right before the program starts.
void restart_single_threaded(char** argv) {
  const char* threads = std::getenv("OPENBLAS_NUM_THREADS");
  if (threads != nullptr && std::string(threads) == "1") return;
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  setenv("OMP_NUM_THREADS", "1", 1);
  execv("/proc/self/exe", argv);
}

[[noreturn]] void usage(const char* program, const std::string& complaint,
                        const std::vector<std::string>& problems, const std::vector<std::string>& flags) {
  std::fprintf(stderr, "%s\nusage: %s [--repetitions N]", complaint.c_str(), program);
  for (const auto& flag : flags) std::fprintf(stderr, " [%s]", flag.c_str());
  std::fprintf(stderr, " [PROBLEM]...\nproblems:");
  for (const auto& name : problems) std::fprintf(stderr, " %s", name.c_str());
  std::fprintf(stderr, "\n");
  std::exit(2);
}

/// A whole number of at least 1; 0 for anything else.
int positive(const std::string& word) {
  int value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size() ? std::max(value, 0) : 0;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// The root of g^(d+1) = g + 1: the golden ratio for one dimension, the plastic number for two.
double generalised_golden_ratio(std::size_t dimensions) {
  double root = 1.5;
  for (int i = 0; i < 64; ++i) root = std::pow(1.0 + root, 1.0 / (static_cast<double>(dimensions) + 1.0));
  return root;
}

double at_share(const job::SweptParameter& axis, double share) {
  if (axis.scale == job::Scale::log) return axis.low * std::pow(axis.high / axis.low, share);
  return axis.low + share * (axis.high - axis.low);
}

}  // namespace

bool Arguments::has(const std::string& flag) const { return contains(flags, flag); }

Arguments prepare(int argc, char** argv, int repetitions, const std::vector<std::string>& problems,
                  const std::vector<std::string>& flags) {
  restart_single_threaded(argv);
  at::set_num_threads(1);
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
  Arguments arguments{repetitions, {}, {}};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--repetitions") {
      arguments.repetitions = i + 1 < argc ? positive(argv[++i]) : 0;
      if (arguments.repetitions < 1) {
        usage(argv[0], "--repetitions wants a whole number of at least 1", problems, flags);
      }
    } else if (contains(flags, word)) {
      arguments.flags.push_back(word);
    } else if (contains(problems, word)) {
      arguments.problems.push_back(word);
    } else {
      usage(argv[0], "'" + word + "' is neither an option nor a problem of this benchmark", problems, flags);
    }
  }
  if (arguments.problems.empty()) arguments.problems = problems;
  try {
    problem::processor();
  } catch (const job::InputError& error) {
    usage(argv[0], error.what(), problems, flags);
  }
  return arguments;
}

double seconds_of(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double begin = now();
  work();
  return now() - begin;
}

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
  return {median, values.front(), values.back()};
}

at::Tensor scan_points(const job::Job& job, std::int64_t count) {
  const auto& parameters = job.problem.parameters;
  auto points = at::empty({count, static_cast<std::int64_t>(parameters.size())}, at::kDouble);
  for (std::size_t p = 0; p < parameters.size(); ++p)
    points.select(1, static_cast<std::int64_t>(p)).fill_(parameters[p].default_value);
  const double ratio = generalised_golden_ratio(job.sweep.parameters.size());
  double step = 1.0;
  for (const auto& axis : job.sweep.parameters) {
    step /= ratio;
    const auto at = std::find_if(parameters.begin(), parameters.end(),
                                 [&axis](const auto& parameter) { return parameter.name == axis.name; });
    auto column = points.select(1, at - parameters.begin());
    for (std::int64_t i = 0; i < count; ++i) {
      const double share = 0.5 + static_cast<double>(i) * step;
      column[i] = axis.kind == job::SweptParameter::Kind::fixed ? axis.fixed
                                                                : at_share(axis, share - std::floor(share));
    }
  }
  return points;
}

training::Trainer ready_trainer(const job::Job& job, at::Device device) {
  training::Trainer trainer(job, device);
  if (job.network.train.points > 0) trainer.train_trunk(scan_points(job, job.network.train.points));
  return trainer;
}

std::vector<training::BlockResult> train_all(const training::Trainer& trainer, const at::Tensor& parameters,
                                             std::int64_t block) {
  std::vector<training::BlockResult> results;
  for (const auto& part : parameters.split(block, 0)) results.push_back(trainer.train(part));
  return results;
}

std::string number(double value) {
  if (!std::isfinite(value)) return "-";
  const int digits_before = value == 0.0 ? 1 : static_cast<int>(std::floor(std::log10(std::abs(value)))) + 1;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", std::max(0, 3 - digits_before), value);
  std::string result = text;
  const auto whole = static_cast<int>(std::min(result.find('.'), result.size()));
  for (int at = whole - 3; at > 0; at -= 3) result.insert(static_cast<std::size_t>(at), ",");
  return result;
}

std::string error_text(double value) {
  if (std::isnan(value)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.0e", value);
  return text;
}

}  // namespace gluesweep::benchmark
