#include "gluesweep/training/march.hpp"
#include "linearised.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// What node values miss.
class Defects : public RightSides {
 public:
  Defects(const problem::System& system, const Tensors& theta) : system_(system), theta_(theta) {}

  std::int64_t columns() const override { return 1; }
  std::optional<Tensor> in_elements(int) const override { return std::nullopt; }
  Tensor in_state(int, const Tensor&, const Tensors&,
                  const problem::Frame::Response& response) const override {
    return at::cat(response.state, 1).unsqueeze(2);
  }
  Tensor in_condition(std::size_t condition) const override {
    return system_.conditions()[condition].target(theta_);
  }

 private:
  const problem::System& system_;
  const Tensors& theta_;
};

}  // namespace

std::vector<Nodal> newton_correction(const problem::System& system, const Tensors& theta,
                                     const problem::Regions& regions, const Grid& grid,
                                     const std::vector<Nodal>& nodes) {
  std::vector<Nodal> corrections;
  for (const auto& values : solve_linearised({system, theta, regions, grid, nodes}, Defects(system, theta))) {
    Nodal columns;
    for (int k = 0; k < system.size(); ++k) columns.push_back(values.select(3, 0).select(2, k).contiguous());
    corrections.push_back(columns);
  }
  return corrections;
}

}  // namespace gluesweep::training
