#include "element_matrix.hpp"

namespace gluesweep::training {

using at::Tensor;

Tensor element_matrix(const network::Elements& elements, const Tensors& jacobian, int n) {
  const auto s = elements.nodes;
  const auto weights = elements.integration * elements.width;  // (s, s)
  auto shape = jacobian.front().sizes().vec();
  shape.pop_back();
  shape.insert(shape.end(), {n, s, n, s});
  Tensor matrix = at::empty(shape, weights.options());
  const auto identity = at::eye(s, weights.options());
  for (int k = 0; k < n; ++k) {
    for (int l = 0; l < n; ++l) {
      auto block = matrix.select(-4, k).select(-2, l);  // (..., s, s)
      block.copy_(weights * jacobian[static_cast<std::size_t>(k * n + l)].unsqueeze(-2)).neg_();
      if (k == l) block.add_(identity);
    }
  }
  return matrix.flatten(-2).flatten(-3, -2);
}

}  // namespace gluesweep::training
