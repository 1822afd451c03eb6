#include "gluesweep/emulator/layout.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr std::int64_t ends = 2, per_term = 3, width = 1;  // of a packed map: a, b, then (c, w, beta)

}  // namespace

Tensor layout_logarithms(const LayoutShape& shape) {
  const auto map = at::zeros({shape.map_parameters}, at::kDouble);
  map.slice(0, ends + width, shape.map_parameters, per_term).fill_(1.0);
  return at::cat(
      {map.repeat({shape.patches}), at::zeros({shape.constants * shape.scale_terms}, at::kDouble)});
}

Tensor packed_layout(const Tensor& map, const Tensor& scale, const Tensor& logarithm) {
  const auto rows = at::cat({map.flatten(1), scale.flatten(1)}, 1);
  const auto chosen = logarithm > 0.5;
  return at::where(chosen, at::where(chosen, rows, at::ones_like(rows)).log(), rows);
}

Layout unpacked_layout(const Tensor& rows, const LayoutShape& shape, const Tensor& logarithm) {
  const auto chosen = logarithm > 0.5;
  const auto values = at::where(chosen, at::where(chosen, rows, at::zeros_like(rows)).exp(), rows);
  Layout layout;
  for (std::int64_t p = 0; p < shape.patches; ++p) {
    layout.maps.push_back(
        network::Map::unpacked(values.narrow(1, p * shape.map_parameters, shape.map_parameters)));
  }
  const auto scales = shape.constants * shape.scale_terms;
  layout.scale = {values.narrow(1, shape.patches * shape.map_parameters, scales)
                      .unflatten(1, {shape.constants, shape.scale_terms})};
  return layout;
}

}  // namespace gluesweep::emulator
