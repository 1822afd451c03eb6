#include "quantities.hpp"

#include <algorithm>

#include "gluesweep/emulator/chebyshev.hpp"
#include "gluesweep/emulator/fit.hpp"
#include "gluesweep/emulator/polynomial.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr double least_share = 0.9;          // of the points must have a scalar
constexpr double scalar_tolerance = 1.0e-9;  // relative: no higher degree for less
constexpr double worst_scalar = 0.05;        // median error of one that is no noise

Quantities some_of(const Quantities& all, const std::vector<std::int64_t>& columns) {
  const auto taken = at::tensor(columns, at::kLong);
  Quantities some{{},
                  all.values.index_select(1, taken),
                  all.targets.index_select(1, taken),
                  all.sizes.index_select(0, taken)};
  for (const auto s : columns) some.scalars.push_back(all.scalars[static_cast<std::size_t>(s)]);
  return some;
}

Quantities all_quantities(const Dataset& data) {
  Quantities result{data.scalars, data.numbers, data.numbers.clone(),
                    at::zeros({data.numbers.size(1)}, at::kDouble)};
  for (std::size_t s = 0; s < data.scalars.size(); ++s) {
    const auto i = static_cast<std::int64_t>(s);
    const auto column = data.numbers.select(1, i);
    const auto numbers = column.masked_select(column.isfinite());
    auto& scalar = result.scalars[s];
    scalar.negative = (numbers < 0.0).all().item<bool>();
    scalar.logarithm = scalar.negative || (numbers > 0.0).all().item<bool>();
    if (scalar.logarithm) {
      result.targets.select(1, i).copy_(column.abs().log());
    } else {
      result.sizes.select(0, i).copy_(numbers.square().mean().sqrt());
    }
  }
  return result;
}

/// What regressions are given with all columns of the size of one, so that one tolerance serves them.
struct ScaledTargets {
  ScaledTargets(const Dataset& data, const Quantities& quantities) {
    const auto known = quantities.targets.isfinite();
    const auto size = at::where(known, quantities.targets, at::zeros_like(quantities.targets)).abs().amax(0);
    unit = at::where(size > 0.0, size, at::ones_like(size));
    samples = {data.z, quantities.targets / unit};
  }
  Tensor unit;
  Samples samples;
};

/// The scalars that enough points have and that a polynomial fits: others are noise, or jump.
std::vector<std::int64_t> learnable(const Dataset& data, const Quantities& quantities, const Split& split) {
  std::vector<std::int64_t> frequent, good;
  const auto share = quantities.values.isfinite().to(at::kDouble).mean(0);
  for (std::int64_t s = 0; s < share.size(0); ++s) {
    if (share[s].item<double>() >= least_share) frequent.push_back(s);
  }
  if (frequent.empty()) return good;
  const auto some = some_of(quantities, frequent);
  const ScaledTargets scaled(data, some);
  const auto training = chosen(scaled.samples, split.training);
  const auto choice = choose_polynomial(training, chosen(scaled.samples, split.validation), scalar_tolerance);
  const Chebyshev model(choice.exponents, fit_polynomial(training, choice) * scaled.unit);
  const auto errors = scalar_errors(some, split.validation, model(data.z.index_select(0, split.validation)));
  for (std::size_t s = 0; s < frequent.size(); ++s) {
    const auto summary = summarize(errors.select(1, static_cast<std::int64_t>(s)));
    if (summary.median <= worst_scalar) good.push_back(frequent[s]);
  }
  return good;
}

}  // namespace

Quantities make_quantities(const Dataset& data, const Split& split) {
  const auto all = all_quantities(data);
  return some_of(all, learnable(data, all, split));
}

Tensor scalar_errors(const Quantities& quantities, const Tensor& points, const Tensor& given) {
  Tensor errors = at::empty_like(given);
  for (std::size_t s = 0; s < quantities.scalars.size(); ++s) {
    const auto i = static_cast<std::int64_t>(s);
    const auto& scalar = quantities.scalars[s];
    const auto size = scalar.logarithm ? given.select(1, i).exp() : given.select(1, i);
    const auto value = scalar.negative ? -size : size;
    const auto own = quantities.values.select(1, i).index_select(0, points);
    errors.select(1, i).copy_((value - own).abs() / at::maximum(own.abs(), quantities.sizes[i]));
  }
  return errors;
}

std::shared_ptr<const Regression> fit_quantities(const Dataset& data, const Quantities& quantities,
                                                 const Split& split) {
  if (quantities.scalars.empty()) {
    return std::make_shared<Chebyshev>(at::zeros({1, data.z.size(1)}, at::kDouble),
                                       at::zeros({1, 0}, at::kDouble));
  }
  const ScaledTargets scaled(data, quantities);
  const auto choice = choose_polynomial(chosen(scaled.samples, split.training),
                                        chosen(scaled.samples, split.validation), scalar_tolerance);
  const auto coefficients = fit_polynomial(chosen(scaled.samples, split.all_but_held_out()), choice);
  return std::make_shared<Chebyshev>(choice.exponents, coefficients * scaled.unit);
}

}  // namespace gluesweep::emulator
