#include "sum_solution.hpp"

namespace gluesweep::training {

using at::Tensor;

Evaluation SumSolution::evaluate(const Tensor& t, const std::vector<int>& patches) const {
  const auto values = coefficients(t);
  const auto count = static_cast<std::size_t>(system_.patches());
  Evaluation result{ansatz_.state(t, points_.theta, values), std::vector<Tensors>(count),
                    std::vector<Tensors>(count)};
  for (const int p : patches) {
    result.frames[static_cast<std::size_t>(p)] = frame(p, t, result.state);
    result.coefficients[static_cast<std::size_t>(p)] = of_patch(values, p);
  }
  return result;
}

std::vector<Nodal> SumSolution::frame_nodes(const Grid& grid) const {
  std::vector<Nodal> nodes;
  for (int p = 0; p < system_.patches(); ++p) {
    const auto& t = grid.patches[static_cast<std::size_t>(p)].t;
    nodes.push_back(frame(p, t, ansatz_.state(t, points_.theta, coefficients(t))));
  }
  return nodes;
}

std::vector<Nodal> SumSolution::coefficient_nodes(const Grid& grid) const {
  std::vector<Nodal> nodes;
  for (int p = 0; p < system_.patches(); ++p) {
    nodes.push_back(of_patch(coefficients(grid.patches[static_cast<std::size_t>(p)].t), p));
  }
  return nodes;
}

Tensors SumSolution::coefficients(const Tensor& t) const {
  return networks_(map_.xi(system_.to_x(t)).clamp(-1.0, 1.0)).unbind(1);
}

Tensors SumSolution::of_patch(const Tensors& values, int patch) const {
  const auto n = system_.size();
  return {values.begin() + patch * n, values.begin() + (patch + 1) * n};
}

Tensors SumSolution::frame(int patch, const Tensor& t, const Tensors& state) const {
  return expressed(system_, patch, points_, t, state,
                   points_.matching.constants[static_cast<std::size_t>(patch)]);
}

}  // namespace gluesweep::training
