#include "gluesweep/emulator/pod.hpp"

#include <algorithm>
#include <cmath>

namespace gluesweep::emulator {
namespace {

using at::Tensor;

// A table between whose nodes polynomials of this degree are as exact as the features' rounding.
constexpr int table_elements = 128, table_nodes = 10;
constexpr std::int64_t points_at_a_time = 128;
constexpr int refinements = 2;             // of a projection on features that are orthonormal to 1e-5 only
constexpr std::int64_t scale_places = 65;  // at which scales are compared
constexpr std::int64_t pod_points = 1024;  // whose modes span the others'

Tensor heads_of_patch(const Tensor& head, std::int64_t features, std::int64_t patch, std::int64_t n) {
  return head.narrow(1, 0, features).narrow(2, patch * n, n).transpose(1, 2);
}

network::Scale scale_of_patch(const network::Scale& scale, std::int64_t patch, std::int64_t n) {
  return {scale.coefficients.narrow(1, patch * n, n).contiguous()};
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
        shape_(layout_shape(data)),
        logarithm_(layout_logarithms(shape_)),
        trunk_(data.job.network.activation, data.trunk),
        first_(trunk_),
        rescue_(network::Trunk(data.job.network.activation, data.rescue_trunk)),
        elements_(data.job.network.elements, data.job.network.nodes),
        features_(trunk_.features(elements_.xi)) {}

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
    const auto own = [&](const Tensor& all) { return all.narrow(0, first, count); };
    const auto layout = unpacked_layout(layout_(own(data_.z)), shape_, logarithm_);
    const network::Scale old_scale{own(data_.scale)};
    const auto n = shape_.constants / shape_.patches;
    std::vector<Tensor> heads;
    Tensor missed = at::zeros({count}, data_.z.options());
    for (std::int64_t p = 0; p < shape_.patches; ++p) {
      const auto x = layout.maps[static_cast<std::size_t>(p)].nodes(elements_.xi).x;
      // Beyond its region a coefficient function is continued by its value at the end.
      const auto old_xi =
          network::Map::unpacked(own(data_.map).select(1, p).contiguous()).xi(x).clamp(-1.0, 1.0);
      const auto ratio =
          scale_of_patch(old_scale, p, n).at(old_xi) / scale_of_patch(layout.scale, p, n).at(elements_.xi);
      const auto values = values_of(first, count, p, n, old_xi) * ratio;
      const auto head = projected(values, features_);
      const auto error = (values - at::matmul(head, features_.t())) / ratio;
      missed = at::maximum(missed, error.abs().amax(2).amax(1));
      heads.push_back(head.transpose(1, 2));
    }
    const auto rows = at::cat(heads, 2).flatten(1);
    const auto finite = rows.isfinite().all(1);
    return {rows, at::where(finite & missed.isfinite(), missed, at::full_like(missed, INFINITY))};
  }

  /// The networks of some points at xi, on the trunk that each was trained on.
  Tensor values_of(std::int64_t first, std::int64_t count, std::int64_t patch, std::int64_t n,
                   const Tensor& xi) const {
    const auto head = data_.head.narrow(0, first, count);
    const auto rescued = data_.rescue.narrow(0, first, count) > 0.0;
    const auto values = first_.values(heads_of_patch(head, first_.size(), patch, n), xi);
    if (!rescued.any().item<bool>()) return values;
    const auto others = rescue_.values(heads_of_patch(head, rescue_.size(), patch, n), xi);
    return at::where(rescued.view({-1, 1, 1}), others, values);
  }

  const Dataset& data_;
  const Regression& layout_;
  LayoutShape shape_;
  Tensor logarithm_;
  network::Trunk trunk_;
  TabulatedTrunk first_, rescue_;
  network::Elements elements_;
  Tensor features_;
};

}  // namespace

TabulatedTrunk::TabulatedTrunk(const network::Trunk& trunk)
    : table_(table_elements, table_nodes), features_(trunk.features(table_.xi)) {}

Tensor TabulatedTrunk::values(const Tensor& heads, const Tensor& xi) const {
  return table_.interpolate(at::matmul(heads, features_.t()), xi);
}

LayoutShape layout_shape(const Dataset& data) {
  return {data.map.size(1), data.map.size(2), data.scale.size(1), data.scale.size(2)};
}

Tensor wanted_maps(const Dataset& data) {
  auto map = data.map.clone();
  for (std::int64_t p = 0; p + 1 < map.size(1); ++p) {
    const auto end = map.select(1, p).select(1, 1), start = map.select(1, p + 1).select(1, 0);
    const auto quarter = 0.25 * (end - start);
    end.sub_(quarter);
    start.add_(quarter);
  }
  return map;
}

Tensor layout_distance(const Dataset& data, const Tensor& points, const Tensor& rows) {
  const auto shape = layout_shape(data);
  const auto layout = unpacked_layout(rows, shape, layout_logarithms(shape));
  const auto wanted = wanted_maps(data).index_select(0, points), own = data.map.index_select(0, points);
  const double factor = std::log(3.0);
  Tensor largest = at::zeros({points.size(0)}, rows.options());
  const auto add = [&largest](const Tensor& distances) { largest = at::maximum(largest, distances.amax(1)); };
  for (std::int64_t p = 0; p < shape.patches; ++p) {
    const auto& given = layout.maps[static_cast<std::size_t>(p)];
    const auto map = network::Map::unpacked(wanted.select(1, p)),
               whole = network::Map::unpacked(own.select(1, p));
    const auto ends = at::cat({(given.start - map.start).abs(), (given.end - map.end).abs()}, 1);
    const auto slack = at::cat({map.start - whole.start, whole.end - map.end}, 1);
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
