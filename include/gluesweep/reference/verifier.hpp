#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/problem/system.hpp"
#include "gluesweep/reference/integrator.hpp"
#include "gluesweep/reference/shooting.hpp"
#include "gluesweep/training/result.hpp"

namespace gluesweep::reference {

/// Whether a sample belongs to the verified subset: a hash of (seed, sample id) below the fraction, hence the
/// same whatever block or rank the sample falls to, and a larger fraction only adds samples.
bool is_verified(std::uint64_t seed, std::int64_t sample, double fraction);

/// Compares trained points with the independent integrator on the job's verified subset
/// (verification.reference_fraction, chosen by sweep.seed). Where not all conditions are at the start, it
/// shoots, from the trained solution as a guess.
class Verifier {
 public:
  explicit Verifier(const job::Job& job);  ///< throws job::InputError
  Verifier(const Verifier&) = delete;      // the integrators borrow the system
  Verifier& operator=(const Verifier&) = delete;

  /// The `reference_error` (B) of a block: what `result` has already (from a closed form), else, for verified
  /// samples, the largest error of the unknowns over the output points in the scale `magnitude` of the
  /// reference; NaN where there is neither. parameters: (B, p) on the CPU as for Trainer::train;
  /// first_sample: sample id of row 0.
  at::Tensor reference_error(const training::BlockResult& result, const at::Tensor& parameters,
                             std::int64_t first_sample) const;

 private:
  double error(const at::Tensor& solution, const std::vector<double>& theta) const;

  problem::System system_;
  Integrator integrator_;
  Shooting shooting_;
  std::vector<double> outputs_;
  std::uint64_t seed_;
  double fraction_;
};

}  // namespace gluesweep::reference
