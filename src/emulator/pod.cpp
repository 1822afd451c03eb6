#include "gluesweep/emulator/pod.hpp"

#include <algorithm>
#include <cmath>

#include "gluesweep/problem/system.hpp"
#include "gluesweep/training/solution.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr int table_elements = 128;  // in which features are interpolated
constexpr std::int64_t points_at_a_time = 128;
constexpr double inside = 1.0 + 1.0e-9;    // |xi| on a region, rounded
constexpr int refinements = 2;             // of a projection on features that are orthonormal to 1e-5 only
constexpr std::int64_t scale_places = 65;  // at which scales are compared
constexpr std::int64_t pod_points = 1024;  // whose modes span the others'

Tensor heads_of_patch(const Tensor& head, std::int64_t features, std::int64_t patch, std::int64_t n) {
  return head.narrow(1, 0, features).narrow(2, patch * n, n).transpose(1, 2);
}

/// Least-squares heads (B, n, F) for values (B, n, N) on the nodes that the features (N, F) are orthonormal
/// on.
Tensor projected(const Tensor& values, const Tensor& features) {
  const auto inverse = features / static_cast<double>(features.size(0));
  Tensor head = at::matmul(values, inverse);
  for (int i = 0; i < refinements; ++i) {
    head = head + at::matmul(values - at::matmul(head, features.t()), inverse);
  }
  return head;
}

class Reprojector {
 public:
  Reprojector(const Dataset& data, const Regression& layout)
      : data_(data),
        layout_(layout),
        system_(data.job.problem),
        shape_(layout_shape(data)),
        logarithm_(layout_logarithms(shape_)),
        elements_(data.job.network.elements, data.job.network.nodes),
        features_(data.trunks.front().features(elements_.xi)) {
    for (const auto& trunk : data.trunks) trunks_.push_back(tabulated(trunk));
  }

  Reprojection operator()() const {
    std::vector<Tensor> heads, missed;
    for (std::int64_t first = 0; first < data_.size(); first += points_at_a_time) {
      const auto count = std::min(points_at_a_time, data_.size() - first);
      const auto piece = some(first, count);
      heads.push_back(piece.heads);
      missed.push_back(piece.missed);
    }
    return {at::cat(heads, 0), at::cat(missed, 0)};
  }

 private:
  Reprojection some(std::int64_t first, std::int64_t count) const {
    const auto points = at::arange(first, first + count, at::kLong);
    const auto own = [&](const Tensor& all) { return all.narrow(0, first, count); };
    const auto layout = unpacked_layout(layout_(own(data_.z)), shape_, logarithm_);
    std::vector<Tensor> heads;
    Tensor missed = at::zeros({count}, data_.z.options());
    for (std::int64_t p = 0; p < shape_.patches; ++p) {
      const auto x = layout.maps[static_cast<std::size_t>(p)].nodes(elements_.xi).x;
      const auto old_xi = map_of(points, p).xi(x);
      const auto old_scale = scale_of(points, p).at(old_xi.clamp(-1.0, 1.0));
      auto constants = old_scale * networks(points, p, old_xi.clamp(-1.0, 1.0));
      continue_outside(points, p, x, old_xi.abs() > inside, constants);
      const auto scale = scale_of_patch(layout.scale, p).at(elements_.xi);
      const auto values = constants / scale;
      const auto head = projected(values, features_);
      const auto error = (values - at::matmul(head, features_.t())) * (scale / old_scale);
      missed = at::maximum(missed, error.abs().amax(2).amax(1));
      heads.push_back(head.transpose(1, 2));
    }
    const auto rows = at::cat(heads, 2).flatten(1);
    const auto finite = rows.isfinite().all(1);
    return {rows, at::where(finite & missed.isfinite(), missed, at::full_like(missed, INFINITY))};
  }

  network::Map map_of(const Tensor& points, std::int64_t patch) const {
    return network::Map::unpacked(data_.map.select(1, patch).index_select(0, points));
  }

  network::Scale scale_of_patch(const network::Scale& scale, std::int64_t patch) const {
    const auto n = shape_.constants / shape_.patches;
    return {scale.coefficients.narrow(1, patch * n, n).contiguous()};
  }

  network::Scale scale_of(const Tensor& points, std::int64_t patch) const {
    return scale_of_patch({data_.scale.index_select(0, points)}, patch);
  }

  /// The networks of some points at xi, on the trunk that each was trained on: (B, n, M).
  Tensor networks(const Tensor& points, std::int64_t patch, const Tensor& xi) const {
    const auto n = shape_.constants / shape_.patches;
    const auto own = data_.trunk.index_select(0, points);
    Tensor all = at::empty({points.size(0), n, xi.size(1)}, xi.options());
    for (std::size_t k = 0; k < trunks_.size(); ++k) {
      const auto rows = (own == static_cast<std::int64_t>(k)).nonzero().squeeze(1);
      if (rows.size(0) == 0) continue;
      const auto head = data_.head.index_select(0, points.index_select(0, rows));
      const auto prepared = trunks_[k].prepared(heads_of_patch(head, trunks_[k].size(), patch, n));
      all.index_copy_(0, rows, trunks_[k].values(prepared, xi.index_select(0, rows)));
    }
    return all;
  }

  /// Outside the region on which a patch was trained its constants (B, n, M) at x are those that express the
  /// solution there; where it has none, they stay what they are at the region's end.
  void continue_outside(const Tensor& points, std::int64_t patch, const Tensor& x, const Tensor& outside,
                        Tensor& constants) const {
    const auto rows = outside.any(1).nonzero().squeeze(1);
    if (rows.size(0) == 0) return;
    const auto some = points.index_select(0, rows);
    training::Points batch;
    for (const auto& column : data_.parameters.index_select(0, some).split(1, 1)) {
      batch.theta.push_back(column.contiguous());
    }
    batch.regions = problem::make_regions(system_, batch.theta);
    for (std::int64_t p = 0; p < shape_.patches; ++p) batch.maps.push_back(map_of(some, p));
    const auto trained = [&](int p, const Tensor& xi) {
      return (scale_of(some, p).at(xi) * networks(some, p, xi)).unbind(1);
    };
    const double first = system_.to_x(system_.start()), last = system_.to_x(system_.end());
    const auto t = system_.to_t(x.index_select(0, rows).clamp(first, last));
    const auto state =
        training::FramesSolution(system_, batch, trained).evaluate(t, {static_cast<int>(patch)});
    const auto expressed = at::stack(state.frames[static_cast<std::size_t>(patch)], 1);
    const auto known = expressed.isfinite().all(1, true) & outside.index_select(0, rows).unsqueeze(1);
    constants.index_copy_(0, rows, at::where(known, expressed, constants.index_select(0, rows)));
  }

  const Dataset& data_;
  const Regression& layout_;
  problem::System system_;
  LayoutShape shape_;
  Tensor logarithm_;
  network::Elements elements_;
  Tensor features_;  // of the trunk that heads are wanted for
  std::vector<network::Tabulated> trunks_;
};

}  // namespace

network::Tabulated tabulated(const network::Trunk& trunk) { return {trunk, table_elements}; }

LayoutShape layout_shape(const Dataset& data) {
  return {data.map.size(1), data.map.size(2), data.scale.size(1), data.scale.size(2)};
}

Tensor wanted_maps(const Dataset& data, double share) {
  auto map = data.map.clone();
  for (std::int64_t p = 0; p + 1 < map.size(1); ++p) {
    const auto end = map.select(1, p).select(1, 1), start = map.select(1, p + 1).select(1, 0);
    const auto change = 0.5 * (1.0 - share) * (end - start);
    end.sub_(change);
    start.add_(change);
  }
  return map;
}

Tensor layout_distance(const Dataset& data, double share, const Tensor& points, const Tensor& rows) {
  const auto shape = layout_shape(data);
  const auto layout = unpacked_layout(rows, shape, layout_logarithms(shape));
  const auto wanted = wanted_maps(data, share).index_select(0, points),
             own = data.map.index_select(0, points);
  const double factor = std::log(3.0);
  Tensor largest = at::zeros({points.size(0)}, rows.options());
  const auto add = [&largest](const Tensor& distances) { largest = at::maximum(largest, distances.amax(1)); };
  for (std::int64_t p = 0; p < shape.patches; ++p) {
    const auto& given = layout.maps[static_cast<std::size_t>(p)];
    const auto map = network::Map::unpacked(wanted.select(1, p)),
               whole = network::Map::unpacked(own.select(1, p));
    const auto ends = at::cat({(given.start - map.start).abs(), (given.end - map.end).abs()}, 1);
    // Of the whole overlap, the wanted region leaves 1 - share on this side of its end.
    const auto slack = at::cat({map.start - whole.start, whole.end - map.end}, 1) * (share / (1.0 - share));
    const auto rounding = 1.0e-12 * (whole.end - whole.start);  // ends that are the domain's have no slack
    add(at::where(ends > rounding, ends / at::maximum(slack, rounding), at::zeros_like(ends)));
    const auto counts = map.beta > 0.0;
    const auto widths = (given.width / map.width).log().abs() / factor;
    const auto centres = (given.centre - map.centre).abs() / map.width;
    add(at::where(counts, at::maximum(widths, centres), at::zeros_like(widths)));
    largest = at::where((given.end > given.start).squeeze(1), largest, at::full_like(largest, INFINITY));
  }
  const auto places = at::linspace(-1.0, 1.0, scale_places, at::kDouble);
  const auto sizes =
      layout.scale.at(places) / network::Scale{data.scale.index_select(0, points).contiguous()}.at(places);
  add(sizes.log().abs().amax(2) / factor);
  return at::where(largest.isfinite(), largest, at::full_like(largest, INFINITY));
}

Reprojection reproject(const Dataset& data, const Regression& layout) { return Reprojector(data, layout)(); }

Modes proper_modes(const Tensor& heads, double tolerance) {
  const auto mean = heads.mean(0);
  const auto stride = std::max<std::int64_t>(1, heads.size(0) / pod_points);
  const auto some = heads.slice(0, 0, heads.size(0), stride) - mean;
  const auto [left, sizes, right] = at::linalg_svd(some, false);
  const auto squares = sizes.square() / static_cast<double>(some.size(0));
  const auto beyond = squares.flip(0).cumsum(0).flip(0);  // what is left with that many modes
  const auto count = (beyond > tolerance * tolerance).sum().item<std::int64_t>();
  return {mean, right.narrow(0, 0, std::max<std::int64_t>(count, 1)).contiguous()};
}

}  // namespace gluesweep::emulator
