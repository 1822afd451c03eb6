#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <vector>

#include "gluesweep/problem/sum_ansatz.hpp"
#include "gluesweep/training/solution.hpp"

namespace gluesweep::training {

/// All K coefficients at xi (B, M) of the whole domain: (B, K, M).
using SumNetworks = std::function<at::Tensor(const at::Tensor& xi)>;

/// The sum of all patches with trained coefficients; frames are what expresses it.
class SumSolution : public Solution {
 public:
  SumSolution(const problem::System& system, const problem::SumAnsatz& ansatz, const Points& points,
              const network::Map& map, SumNetworks networks)
      : system_(system), ansatz_(ansatz), points_(points), map_(map), networks_(std::move(networks)) {}

  Evaluation evaluate(const at::Tensor& t, const std::vector<int>& patches) const override;
  std::vector<Nodal> frame_nodes(const Grid& grid) const override;
  std::vector<Nodal> coefficient_nodes(const Grid& grid) const override;

 private:
  Tensors coefficients(const at::Tensor& t) const;
  Tensors of_patch(const Tensors& values, int patch) const;
  Tensors frame(int patch, const at::Tensor& t, const Tensors& state) const;

  const problem::System& system_;     // borrowed
  const problem::SumAnsatz& ansatz_;  // borrowed
  Points points_;
  network::Map map_;
  SumNetworks networks_;
};

}  // namespace gluesweep::training
