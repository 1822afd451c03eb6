#include "tensor_form.hpp"

#include <cmath>

#include "curves.hpp"
#include "gluesweep/network/map.hpp"
#include "gluesweep/network/scale.hpp"
#include "gluesweep/problem/kernels.hpp"

namespace gluesweep::emulator {

using at::Tensor;
using problem::Tensors;

Tensor layout_at(const Emulator& emulator, const Tensor& z) {
  const auto values = (*emulator.layout)(z);
  const auto logarithm = emulator.layout_logarithm > 0.5;
  // The exponential of what is no logarithm might overflow, and its derivative would be 0 times infinity.
  const auto exponent = at::where(logarithm, values, at::zeros_like(values));
  return at::where(logarithm, exponent.exp(), values);
}

Tensors TensorForm::parameters(const Tensor& theta) const {
  Tensors all;
  for (const double value : base_parameters(emulator_.job)) {
    all.push_back(at::full({theta.size(0), 1}, value, theta.options()));
  }
  for (std::size_t a = 0; a < emulator_.axes.size(); ++a) {
    all[static_cast<std::size_t>(emulator_.axes[a].parameter)] =
        theta.narrow(1, static_cast<std::int64_t>(a), 1);
  }
  return all;
}

TensorForm::Networks TensorForm::networks(const Tensor& theta) const {
  const auto z = normalised(emulator_.axes, theta);
  const auto head = emulator_.mean + at::matmul((*emulator_.amplitudes)(z), emulator_.modes);
  const auto layout = layout_at(emulator_, z);
  const auto maps = emulator_.patches * emulator_.map_parameters;
  return {layout.narrow(1, 0, maps).view({-1, emulator_.patches, emulator_.map_parameters}),
          head.view({-1, emulator_.features, emulator_.constants}),
          layout.slice(1, maps).view({-1, emulator_.constants, emulator_.scale_terms})};
}

/// n tensors (B, M) at x (B, M).
Tensors TensorForm::constants(const Networks& networks, int patch, const Tensor& x) const {
  const auto n = static_cast<std::int64_t>(system_.size());
  const auto xi = network::Map::unpacked(networks.maps.select(1, patch)).xi(x).clamp(-1.0, 1.0);
  const auto values = at::matmul(trunk_.features(xi), networks.head.narrow(2, patch * n, n)).transpose(1, 2);
  return (values * network::Scale{networks.scale.narrow(1, patch * n, n)}.at(xi)).unbind(1);
}

namespace {

struct OnDomain {
  Tensor t, known;  // (B, M): t inside the domain, and whether it was
};

OnDomain on_domain(const problem::System& system, const Tensor& t, std::int64_t points) {
  const double start = system.to_x(system.start()), end = system.to_x(system.end());
  const double slack = domain_slack * (end - start);
  const auto x = system.to_x(t);
  const auto known = (x >= start - slack) & (x <= end + slack);
  const auto inside = at::where(known, t, at::full_like(t, system.start()));
  const std::vector<std::int64_t> shape{points, t.size(0)};
  return {inside.clamp(system.start(), system.end()).unsqueeze(0).expand(shape),
          known.unsqueeze(0).expand(shape)};
}

Tensor where_known(const Tensor& known, const Tensor& values) {
  return at::where(known, values, at::full_like(values, NAN));
}

}  // namespace

Tensor TensorForm::solution(const Tensor& theta, const Tensor& t) const {
  const problem::WithoutKernels differentiable;
  const auto all = parameters(theta);
  const auto places = on_domain(system_, t, theta.size(0));
  const auto regions = problem::make_regions(system_, all);
  const auto own = networks(theta);
  const auto x = system_.to_x(places.t);
  Tensors unknowns(static_cast<std::size_t>(system_.unknowns()));
  for (int p = 0; p < system_.patches(); ++p) {
    // Elsewhere a patch is asked at its edge, where it is certainly defined.
    const auto owned = regions.owned(p, x);
    const auto place =
        at::where(owned, x, at::minimum(at::maximum(x, regions.own_start(p)), regions.own_end(p)));
    const auto state = system_.frame(p).state(at::where(owned, places.t, system_.to_t(place)), all,
                                              constants(own, p, place));
    for (std::size_t u = 0; u < unknowns.size(); ++u) {
      const auto& values = state[static_cast<std::size_t>(system_.component(static_cast<int>(u)))];
      unknowns[u] = p == 0 ? values : at::where(owned, values, unknowns[u]);
    }
  }
  return where_known(places.known.unsqueeze(2), at::stack(unknowns, 2));
}

Tensor TensorForm::coefficients(const Tensor& theta, const Tensor& t) const {
  const problem::WithoutKernels differentiable;
  const auto places = on_domain(system_, t, theta.size(0));
  const auto regions = problem::make_regions(system_, parameters(theta));
  const auto own = networks(theta);
  const auto x = system_.to_x(places.t);
  Tensors all;
  for (int p = 0; p < system_.patches(); ++p) {
    const auto start = regions.start(p), end = regions.end(p);
    const auto known = places.known & (x >= start) & (x <= end);
    for (const auto& values : constants(own, p, at::minimum(at::maximum(x, start), end))) {
      all.push_back(where_known(known, values));
    }
  }
  return at::stack(all, 2);
}

}  // namespace gluesweep::emulator
