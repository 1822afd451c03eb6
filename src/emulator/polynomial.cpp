#include "gluesweep/emulator/polynomial.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gluesweep/emulator/chebyshev.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr double close = 1.1;  // to the least error: not worth a higher degree
constexpr std::int64_t most_terms = 800;
constexpr double most_degree = 120.0;
constexpr double places_per_term = 3.0;

/// The largest space of total degree whose terms the samples can determine.
Tensor largest_space(std::int64_t places, std::size_t axes) {
  const auto most =
      std::min(most_terms, static_cast<std::int64_t>(static_cast<double>(places) / places_per_term));
  const std::vector<double> stretch(axes, 1.0);
  auto exponents = total_degree_exponents(0.0, stretch);
  for (double degree = 1.0; degree <= most_degree; degree += 1.0) {
    const auto larger = total_degree_exponents(degree, stretch);
    if (larger.size(0) > most) break;
    exponents = larger;
  }
  return exponents;
}

/// Where the degree grows: numbers of terms up to each degree.
std::vector<std::int64_t> ends_of_degrees(const Tensor& exponents) {
  const auto degrees = exponents.sum(1);
  std::vector<std::int64_t> ends;
  for (std::int64_t t = 1; t < degrees.size(0); ++t) {
    if (degrees[t].item<double>() > degrees[t - 1].item<double>() + 0.5) ends.push_back(t);
  }
  ends.push_back(degrees.size(0));
  return ends;
}

/// Columns with the same places that count, as masks over the places and lists of columns.
struct Group {
  Tensor rows, columns;
};
std::vector<Group> groups_of(const Tensor& targets) {
  const auto known = targets.isfinite();
  std::vector<Group> groups;
  std::vector<std::vector<std::int64_t>> members;
  for (std::int64_t q = 0; q < targets.size(1); ++q) {
    const auto mask = known.select(1, q);
    std::size_t g = 0;
    while (g < groups.size() && !groups[g].rows.equal(mask)) ++g;
    if (g == groups.size()) {
      groups.push_back({mask, {}});
      members.emplace_back();
    }
    members[g].push_back(q);
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    groups[g].rows = groups[g].rows.nonzero().squeeze(1);
    groups[g].columns = at::tensor(members[g], at::kLong);
  }
  return groups;
}

Samples part(const Samples& samples, const Group& group) {
  return {samples.z.index_select(0, group.rows),
          samples.targets.index_select(0, group.rows).index_select(1, group.columns)};
}

/// Root mean square of the columns' known numbers.
Tensor root_mean_square(const Tensor& values) {
  const auto known = values.isfinite();
  const auto squares = at::where(known, values, at::zeros_like(values)).square().sum(0);
  return (squares / known.sum(0).clamp_min(1)).sqrt();
}

PolynomialChoice choose_for(const Samples& training, const Samples& validation, double tolerance) {
  const auto exponents = largest_space(training.z.size(0), static_cast<std::size_t>(training.z.size(1)));
  const NestedLeastSquares squares(training.z, exponents);
  const auto amounts = squares.projected(training.targets);
  const auto basis = squares.basis(validation.z);
  const auto ends = ends_of_degrees(exponents.index_select(0, squares.kept()));
  std::vector<Tensor> errors;
  Tensor left = validation.targets;
  std::int64_t begin = 0;
  for (const auto end : ends) {
    left = left - at::matmul(basis.narrow(1, begin, end - begin), amounts.narrow(0, begin, end - begin));
    errors.push_back(root_mean_square(left));
    begin = end;
  }
  const auto table = at::stack(errors, 0);  // (degrees, q)
  const auto wanted = (close * std::get<0>(table.min(0))).clamp_min(tolerance);
  const auto degree = (table <= wanted).to(at::kInt).argmax(0);  // the first that is good enough
  const auto last = squares.kept().index_select(0, at::tensor(ends, at::kLong).index_select(0, degree) - 1);
  return {exponents, last + 1, table.gather(0, degree.unsqueeze(0)).squeeze(0)};
}

}  // namespace

PolynomialChoice choose_polynomial(const Samples& training, const Samples& validation, double tolerance) {
  const auto columns = training.targets.size(1);
  PolynomialChoice whole{{}, at::zeros({columns}, at::kLong), at::zeros({columns}, at::kDouble)};
  for (const auto& group : groups_of(training.targets)) {
    const Samples check{validation.z, validation.targets.index_select(1, group.columns)};
    const auto choice = choose_for(part(training, group), check, tolerance);
    if (!whole.exponents.defined() || choice.exponents.size(0) > whole.exponents.size(0)) {
      whole.exponents = choice.exponents;
    }
    whole.terms.index_copy_(0, group.columns, choice.terms);
    whole.errors.index_copy_(0, group.columns, choice.errors);
  }
  whole.exponents = whole.exponents.narrow(0, 0, whole.terms.max().item<std::int64_t>()).contiguous();
  return whole;
}

Tensor fit_polynomial(const Samples& samples, const PolynomialChoice& choice) {
  Tensor coefficients = at::zeros({choice.exponents.size(0), samples.targets.size(1)}, samples.z.options());
  for (const auto& group : groups_of(samples.targets)) {
    const auto own = part(samples, group);
    const auto terms = choice.terms.index_select(0, group.columns);
    const NestedLeastSquares squares(own.z, choice.exponents.narrow(0, 0, terms.max().item<std::int64_t>()));
    const auto used = squares.kept().unsqueeze(1) < terms;
    const auto amounts = squares.projected(own.targets);
    const auto own_coefficients = squares.coefficients(at::where(used, amounts, at::zeros_like(amounts)));
    coefficients.narrow(0, 0, own_coefficients.size(0)).index_copy_(1, group.columns, own_coefficients);
  }
  return coefficients;
}

}  // namespace gluesweep::emulator
