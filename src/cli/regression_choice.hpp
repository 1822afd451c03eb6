#pragma once

#include <string>

#include "gluesweep/emulator/fit.hpp"

namespace gluesweep::cli {

/// What a word of --regression stands for.
inline emulator::RegressionChoice regression_choice(const std::string& word) {
  using emulator::RegressionChoice;
  if (word == "chebyshev") return RegressionChoice::chebyshev;
  if (word == "gaussian_process") return RegressionChoice::gaussian_process;
  if (word == "perceptron") return RegressionChoice::perceptron;
  return RegressionChoice::automatic;
}

}  // namespace gluesweep::cli
