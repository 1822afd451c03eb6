#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gluesweep/emulator/dataset.hpp"
#include "gluesweep/emulator/emulator.hpp"

namespace gluesweep::emulator {

enum class RegressionChoice { automatic, chebyshev, gaussian_process, perceptron };

/// That of a regression's kind; automatic for any other word.
RegressionChoice regression_choice(const std::string& kind);

struct FitOptions {
  double holdout = 0.1;  ///< share of the points that only measure the errors; as many choose the regression
  RegressionChoice regression = RegressionChoice::automatic;
  /// Error of the solution that is small enough: a smaller one costs more modes and terms, which every
  /// evaluation pays for.
  double tolerance = 1.0e-7;
  std::uint64_t seed = 0;     ///< of the split and of initial weights
  job::Network::Init init{};  ///< of the perceptron's hidden layers behind the first
};

struct ErrorSummary {
  double median = 0.0, high = 0.0, largest = 0.0;  ///< high: 99% are below
};
ErrorSummary summarize(const at::Tensor& errors);  ///< (H); NaN ones do not count

/// A regression that was tried.
struct Candidate {
  std::string kind, description;
  ErrorSummary validation;  ///< of the solution
  double seconds = 0.0;
};

struct FitReport {
  std::int64_t training = 0, validation = 0, held_out = 0;  ///< points
  std::int64_t misfits = 0;  ///< points left out because the trunk cannot represent them
  std::int64_t modes = 0;
  std::vector<Candidate> candidates;
  std::size_t chosen = 0;
  ErrorSummary solution;              ///< of the held-out points
  std::vector<ErrorSummary> scalars;  ///< relative
  std::vector<std::string> left_out;  ///< scalars that too few points have, or that are no smooth functions
  double calibration = 0.0;           ///< share of held-out errors below what the others let expect
  double seconds = 0.0;
};

struct Fitted {
  std::shared_ptr<const Emulator> emulator;
  FitReport report;
};

/// Throws job::InputError where there are too few points.
Fitted fit(const Dataset& data, const FitOptions& options);

}  // namespace gluesweep::emulator
