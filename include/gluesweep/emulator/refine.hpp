#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gluesweep/emulator/dataset.hpp"
#include "gluesweep/emulator/fit.hpp"
#include "gluesweep/job/job.hpp"

/// Where an emulator needs further points of its scan.
namespace gluesweep::emulator {

struct RefineOptions {
  std::int64_t count = 16;  ///< points to choose
  int fits = 4;             ///< emulators that are compared, each with other points held out
  double filling = 0.25;  ///< share of the points that go where the others are farthest, whatever the errors
  FitOptions fit{0.2};    ///< of the first emulator; the others have its regression and the next seeds
};

struct Refinement {
  std::vector<std::string> names;  ///< of the parameters
  at::Tensor values;               ///< (count, p) physical, in the order of the choice
  at::Tensor fills;                ///< (count) bool: chosen to fill space
  std::string regression;          ///< kind of the emulators
  ErrorSummary held_out;           ///< errors of the solution at the points held out by any of them
  ErrorSummary disagreement;       ///< of their solutions over the ranges of the job
};

/// Chooses points within the ranges of `job`, which is one of the scan's problem. Deterministic. Throws
/// job::InputError where the job is another problem's, does not vary the same parameters over ranges, or
/// there are too few points to fit.
Refinement refine(const Dataset& data, const job::Job& job, const RefineOptions& options);

/// What there is to choose from.
struct Candidates {
  at::Tensor z;       ///< (C, p) places
  at::Tensor worth;   ///< (C) the error there, in any unit; above 0
  at::Tensor chance;  ///< (C) that a point there will be of use
};

/// Rows of candidates in the order of the choice, and which of them fill space.
struct Choice {
  at::Tensor rows;   ///< (count) int64
  at::Tensor fills;  ///< (count) bool
};

/// One after the other the candidate with the largest chance times worth times a power of its distance from
/// the nearest of `taken` (N, p) and of those chosen; in a share `filling` of the choices the worth does not
/// count.
Choice choose_places(const Candidates& candidates, const at::Tensor& taken, std::int64_t count,
                     double filling);

/// Places (N, p) in [-1, 1] as angles over pi: equidistant ones are as dense at the ends of the box as
/// polynomials need them.
at::Tensor as_angles(const at::Tensor& z);

}  // namespace gluesweep::emulator
