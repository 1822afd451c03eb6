#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <string>
#include <vector>

#include "gluesweep/job/job.hpp"

namespace gluesweep::problem {

/// Where in a sweep something was found.
struct SweepPlace {
  double at;                       ///< the variable
  std::vector<double> parameters;  ///< one per parameter of the problem
};

/// A constant whose term dies out below rounding inside the patch: nothing determines it there any more.
struct FadedConstant {
  int constant;  ///< its number in the patch
  SweepPlace place;
};

/// How healthy one patch is over a set of sweep points, at its conventional-matching constants.
struct PatchReport {
  std::string patch;
  double hand_over_low, hand_over_high;  ///< where the patch ends, over the points (variable itself)
  bool degenerate;                       ///< det dPhi/dC = 0 (or undefined) somewhere on its region
  double degenerate_at;                  ///< the variable there
  std::vector<double> degenerate_parameters;
  std::optional<std::vector<double>> no_hand_over;  ///< parameters for which `until` is not a place
  std::optional<FadedConstant> faded;               ///< the one that moves the solution least
  double worst_condition;  ///< largest condition number of the scaled dPhi/dC on its region
  double deep_drift;  ///< median over the points of the smallest |dC/dx| in units of relative change of the
                      ///< unknowns per unit of x: << 1 where the patch solves the equation deep in its region
};

/// parameters: (B, p) as for Trainer::train.
std::vector<PatchReport> check_patches(const job::Problem& problem, const at::Tensor& parameters);

}  // namespace gluesweep::problem
