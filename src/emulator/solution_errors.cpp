#include "solution_errors.hpp"

#include <algorithm>
#include <cmath>

#include "gluesweep/training/solution.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr std::int64_t points_at_once = 128;

}  // namespace

SolutionErrors::SolutionErrors(const Dataset& data)
    : data_(data),
      system_(data.job.problem),
      shape_(layout_shape(data)),
      logarithm_(layout_logarithms(shape_)),
      trunk_(tabulated(data.trunks.front())) {}

Tensor SolutionErrors::operator()(const Tensor& points, const Tensor& layout, const Tensor& heads) const {
  std::vector<Tensor> pieces;
  for (std::int64_t first = 0; first < points.size(0); first += points_at_once) {
    const auto count = std::min(points_at_once, points.size(0) - first);
    const auto own = [&](const Tensor& all) { return all.narrow(0, first, count); };
    pieces.push_back(some(own(points), own(layout), own(heads)));
  }
  return at::cat(pieces, 0);
}

Tensor SolutionErrors::some(const Tensor& points, const Tensor& layout, const Tensor& heads) const {
  const auto parameters = data_.parameters.index_select(0, points);
  training::Points batch;
  for (const auto& column : parameters.split(1, 1)) batch.theta.push_back(column.contiguous());
  batch.regions = problem::make_regions(system_, batch.theta);
  const auto own = unpacked_layout(layout, shape_, logarithm_);
  batch.maps = own.maps;
  const auto n = shape_.constants / shape_.patches;
  const auto all = heads.view({points.size(0), trunk_.size(), shape_.constants});
  const auto networks = [&](int patch, const Tensor& xi) {
    const auto head = all.narrow(2, patch * n, n).transpose(1, 2);
    const network::Scale scale{own.scale.coefficients.narrow(1, patch * n, n).contiguous()};
    return (scale.at(xi) * trunk_.values(trunk_.prepared(head), xi)).unbind(1);
  };
  const auto t = data_.t.unsqueeze(0).expand({points.size(0), -1}).contiguous();
  const auto state = training::FramesSolution(system_, batch, networks).evaluate(t, {}).state;
  std::vector<Tensor> stored, unknowns;
  for (const auto& component : data_.state.unbind(0)) stored.push_back(component.index_select(0, points));
  for (int u = 0; u < system_.unknowns(); ++u) {
    unknowns.push_back(state[static_cast<std::size_t>(system_.component(u))]);
  }
  const auto error = training::relative_difference(system_, batch.theta, t, stored, unknowns);
  return at::where(error.isfinite(), error, at::full_like(error, INFINITY));
}

}  // namespace gluesweep::emulator
