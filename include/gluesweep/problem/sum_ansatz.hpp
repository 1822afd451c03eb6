#pragma once

#include <ATen/ATen.h>

#include "gluesweep/job/job.hpp"
#include "gluesweep/problem/system.hpp"
#include "gluesweep/problem/tape.hpp"

namespace gluesweep::problem {

/// The ansatz `sum` (GlueNN, arXiv 2601.05889): the state is the sum of all patches over the whole domain,
///
///   U_i(t) = sum_p Phi_p,i(t, C_p(t)),
///
/// with lower derivatives of an unknown by variation of constants (those of the formulas at fixed constants,
/// as in a Frame). The original equation U' = f(t, U) is n equations for the K = P n coefficient functions:
///
///   r_i = sum_p sum_k dPhi_p,i/dC_pk C_pk' + sum_p dPhi_p,i/dt - f_i(t, U) = 0.
///
/// All patches must be defined wherever the sum is evaluated: one that overflows or has a pole outside its
/// own region cannot be summed.
///
/// Constants and slopes C' (per unit of t) are numbered patch by patch, k = patch * n + constant. All arrays
/// broadcast as in Frame: t (B, N), parameters (B, 1), constants (B, N) or (B, 1). Derivatives are exact.
class SumAnsatz {
 public:
  struct Response {
    Tensors state;     ///< n: U_i
    Tensors jacobian;  ///< n*K, row-major: dU_i/dC_k
  };
  struct Residual {
    Tensors value;        ///< n: r_i
    Tensors by_constant;  ///< n*K, row-major: dr_i/dC_k at fixed C'
    Tensors by_slope;     ///< n*K, row-major: dr_i/dC'_k
  };

  explicit SumAnsatz(const job::Problem& problem);  ///< of a problem that System accepts

  int size() const { return size_; }            ///< n, state components
  int constants() const { return constants_; }  ///< K

  Tensors state(const at::Tensor& t, const Tensors& theta, const Tensors& constants) const;
  Response response(const at::Tensor& t, const Tensors& theta, const Tensors& constants) const;
  Residual residual(const at::Tensor& t, const Tensors& theta, const Tensors& constants,
                    const Tensors& slopes) const;

 private:
  int size_ = 0, constants_ = 0;
  Tape state_, response_, residual_;
};

}  // namespace gluesweep::problem
