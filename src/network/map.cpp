#include "gluesweep/network/map.hpp"

namespace gluesweep::network {

using at::Tensor;

namespace {

/// asinh(z) by vectorised functions; exact to rounding in absolute terms, which is what a position needs.
Tensor arsinh(const Tensor& z) {
  const auto size = z.abs();
  return at::copysign((size + (size * size + 1.0).sqrt()).log(), z);
}

}  // namespace

Map::Position Map::position(const Tensor& x) const {
  const auto length = end - start;
  Tensor value = (x - start) / length;
  Tensor density = length.reciprocal().expand_as(x).clone();
  for (std::int64_t j = 0; j < centre.size(1); ++j) {
    const auto c = centre.narrow(1, j, 1), w = width.narrow(1, j, 1);
    const auto first = arsinh((start - c) / w);
    const auto share = beta.narrow(1, j, 1) / (arsinh((end - c) / w) - first);
    const auto z = (x - c) / w;
    value = value + share * (arsinh(z) - first);
    density = density + share / w * (1.0 + z * z).rsqrt();
  }
  return {value, density};
}

Tensor Map::total() const { return position(end).value; }

Tensor Map::xi(const Tensor& x) const { return 2.0 * position(x).value / total() - 1.0; }

Map::Nodes Map::nodes(const Tensor& xi) const {
  const auto whole = total();
  const auto target = 0.5 * (xi.unsqueeze(0) + 1.0) * whole;
  Tensor low = start.expand_as(target), high = end.expand_as(target);
  Tensor x = start + (end - start) * target / whole;
  // Newton, kept inside a shrinking bracket: the density varies by orders of magnitude. A place that has
  // converged takes one more step and stays, so that it does not depend to the last bit on how long the
  // others take.
  const auto smallest = 1.0e-14 * (end - start);
  Tensor moving = at::ones_like(target, target.options().dtype(at::kBool)), changing = moving;
  for (int i = 0; i < 60; ++i) {
    const auto [value, density] = position(x);
    const auto below = value < target;
    low = at::where(below, x, low);
    high = at::where(below, high, x);
    const auto step = x - (value - target) / density;
    const auto inside = (step >= low) & (step <= high);
    const auto next = at::where(moving, at::where(inside, step, 0.5 * (low + high)), x);
    moving = changing;
    changing = changing & ((next - x).abs() >= smallest);
    x = next;
    if (!moving.any().item<bool>()) break;
  }
  x = x.clone();
  x.select(1, 0).copy_(start.squeeze(1));
  x.select(1, -1).copy_(end.squeeze(1));
  return {x, 0.5 * whole / position(x).density};
}

Tensor Map::packed() const {
  const auto terms = at::stack({centre, width, beta}, 2).flatten(1);
  return at::cat({start, end, terms}, 1);
}

Map Map::unpacked(const Tensor& packed) {
  const auto terms = packed.slice(1, 2).unflatten(1, {-1, 3});
  return {packed.narrow(1, 0, 1), packed.narrow(1, 1, 1), terms.select(2, 0), terms.select(2, 1),
          terms.select(2, 2)};
}

}  // namespace gluesweep::network
