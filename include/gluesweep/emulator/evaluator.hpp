#pragma once

#include <ATen/ATen.h>

#include <memory>

#include "gluesweep/emulator/emulator.hpp"

namespace gluesweep::emulator {

/// What becomes of points outside an emulator's domain.
enum class Outside {
  undefined,    ///< NaN
  extrapolated  ///< whatever the regressions say there
};

/// Evaluates an emulator. Immutable, and safe to use by several threads at once.
///
/// theta is (B, p) everywhere: physical values, a column per axis of the emulator, in their order; the
/// problem's other parameters stand where the scan held them. t is (M), the problem's variable, in any order;
/// what is asked for outside the problem's domain is NaN.
class Evaluator {
 public:
  /// Compiles the problem and tabulates the modes. Throws job::InputError for a problem that does not
  /// compile, std::invalid_argument for arrays that do not fit each other.
  explicit Evaluator(std::shared_ptr<const Emulator> emulator, Outside outside = Outside::undefined,
                     int threads = 1);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;

  const Emulator& emulator() const;

  /// The unknowns, (B, M, u). The modes come from tables of piecewise polynomials, the frames run on the
  /// CPU's lanes; batches are shared out to the threads, and results do not depend on their number.
  at::Tensor solution(const at::Tensor& theta, const at::Tensor& t) const;

  /// The same by the tensor library's operations: the trunk itself instead of tables; autograd gives
  /// derivatives with respect to theta and t.
  at::Tensor exact_solution(const at::Tensor& theta, const at::Tensor& t) const;

  /// The coefficient functions, (B, M, K), NaN outside a patch's trained region. Differentiable as well.
  at::Tensor coefficients(const at::Tensor& theta, const at::Tensor& t) const;

  /// The scalars of the emulator, (B, S).
  at::Tensor scalars(const at::Tensor& theta) const;

  at::Tensor inside(const at::Tensor& theta) const;  ///< (B) bool: of the emulator's domain

  /// The error to expect of the solution, over the magnitudes, (B); NaN outside the domain in any case.
  at::Tensor expected_error(const at::Tensor& theta) const;
  at::Tensor expected_scalar_errors(const at::Tensor& theta) const;  ///< (B, S) relative, likewise

 private:
  struct Implementation;
  std::unique_ptr<const Implementation> implementation_;
};

}  // namespace gluesweep::emulator
