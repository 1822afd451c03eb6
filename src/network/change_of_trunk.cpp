#include "gluesweep/network/change_of_trunk.hpp"

#include <algorithm>

namespace gluesweep::network {
namespace {

using at::Tensor;

constexpr std::int64_t fitted_per_feature = 6, checked_per_feature = 7;

Tensor places(const Trunk& from, const Trunk& to, std::int64_t per_feature) {
  return at::linspace(-1.0, 1.0, per_feature * std::max(from.size(), to.size()), at::kDouble);
}

}  // namespace

ChangeOfTrunk::ChangeOfTrunk(const Trunk& from, const Trunk& to) {
  const auto fitted = places(from, to, fitted_per_feature), checked = places(from, to, checked_per_feature);
  const auto [q, r] = at::linalg_qr(to.features(fitted));
  matrix_ = at::linalg_solve_triangular(r, at::matmul(q.t(), from.features(fitted)), true);
  before_ = from.features(checked);
  lost_ = before_ - at::matmul(to.features(checked), matrix_);
}

Tensor ChangeOfTrunk::heads(const Tensor& heads) const { return at::matmul(matrix_, own_rows(heads)); }

Tensor ChangeOfTrunk::lost(const Tensor& heads) const {
  const auto size = at::matmul(before_, own_rows(heads)).abs().amax(-2).clamp_min(1.0);
  return (at::matmul(lost_, own_rows(heads)).abs().amax(-2) / size).amax(-1);
}

}  // namespace gluesweep::network
