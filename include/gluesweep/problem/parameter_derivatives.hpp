#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/problem/system.hpp"
#include "gluesweep/problem/tape.hpp"

namespace gluesweep::problem {

/// Derivatives of a frame by q parameters at fixed variable and constants; arrays as in Frame. Exact.
class FrameDerivatives {
 public:
  /// Of the logarithm of Frame::drift_size.
  struct Drift {
    Tensors by_parameter;  ///< q, at fixed constants
    Tensors by_constant;   ///< n
    at::Tensor by_place;   ///< by the variable, along the solution: the constants move with their rates
  };

  FrameDerivatives(int size, int parameters, Tape state, Tape rate, Tape drift, Tape own_rate);

  Tensors state(const at::Tensor& t, const Tensors& theta,
                const Tensors& constants) const;  ///< q*n: dPhi_i/dtheta_j at j*n + i
  Tensors rate(const at::Tensor& t, const Tensors& theta,
               const Tensors& constants) const;  ///< q*n: dG_k/dtheta_j at j*n + k
  Drift drift(const at::Tensor& t, const Tensors& theta, const Tensors& constants) const;

 private:
  int size_, parameters_;
  Tape state_, rate_, drift_, own_rate_;
};

/// What sensitivities to some parameters of a problem need beside its System. Apart from it, because
/// compiling them takes time that only jobs should spend that ask for them.
class ParameterDerivatives {
 public:
  /// `parameters`: q indices into problem.parameters, of a problem that System accepts.
  ParameterDerivatives(const job::Problem& problem, const std::vector<std::size_t>& parameters);

  int parameters() const { return static_cast<int>(parameters_.size()); }  ///< q
  const FrameDerivatives& frame(int patch) const { return frames_[static_cast<std::size_t>(patch)]; }

  /// Of the value that System::conditions()[condition] demands, q (B, 1).
  Tensors target(std::size_t condition, const Tensors& theta) const;

  struct Derived {
    Tensors by_parameter;  ///< D*q, (B, 1): of quantity d by parameter j at d*q + j, at fixed inputs
    Tensors by_input;      ///< D*I, (B, 1): by the I inputs of System::derived
  };
  Derived derived(const Tensors& theta, const Tensors& inputs) const;

 private:
  struct Target {
    double at;
    Tape value;
  };
  std::vector<std::size_t> parameters_;
  std::vector<FrameDerivatives> frames_;
  std::vector<Target> targets_;
  Tape derived_by_parameter_, derived_by_input_;
};

}  // namespace gluesweep::problem
