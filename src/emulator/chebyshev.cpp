#include "gluesweep/emulator/chebyshev.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr double rounding = 1.0e-9;  // of a weighted sum of exponents
constexpr double least_pivot = 1.0e-9;

struct Term {
  std::vector<double> exponents;
  double degree = 0.0;
};

/// All terms with the exponents of the first axes given.
void extend(const Term& begun, double degree, const std::vector<double>& stretch, std::vector<Term>& terms) {
  const std::size_t axis = begun.exponents.size();
  if (axis == stretch.size()) {
    terms.push_back(begun);
    return;
  }
  for (double e = 0.0; begun.degree + e / stretch[axis] <= degree + rounding; e += 1.0) {
    Term longer = begun;
    longer.exponents.push_back(e);
    longer.degree += e / stretch[axis];
    extend(longer, degree, stretch, terms);
  }
}

/// With derivatives.
Tensor recorded_basis(const Tensor& z, const Tensor& exponents) {
  const auto largest = static_cast<std::size_t>(exponents.max().item<double>());
  std::vector<Tensor> powers{at::ones_like(z), z};  // T_n of all axes
  while (powers.size() <= largest) powers.push_back(2.0 * z * powers.back() - powers[powers.size() - 2]);
  const auto table = at::stack(powers, 2);  // (B, p, n)
  const auto chosen = exponents.to(at::kLong);
  Tensor basis;
  for (std::int64_t axis = 0; axis < z.size(1); ++axis) {
    const auto factor = table.select(1, axis).index_select(1, chosen.select(1, axis));
    basis = axis == 0 ? factor : basis * factor;
  }
  return basis;
}

/// The same without: a hundred small tensor operations would cost more than the numbers they compute.
Tensor plain_basis(const Tensor& z, const Tensor& exponents) {
  const auto points = z.size(0), axes = z.size(1), products = exponents.size(0);
  const double* exponent = exponents.data_ptr<double>();
  const std::vector<std::size_t> chosen(exponent, exponent + exponents.numel());
  const auto terms = 2 + *std::max_element(chosen.begin(), chosen.end());
  std::vector<double> table(static_cast<std::size_t>(axes) * terms);
  Tensor basis = at::empty({points, products}, at::kDouble);
  const double* place = z.data_ptr<double>();
  double* row = basis.data_ptr<double>();
  for (std::int64_t b = 0; b < points; ++b, place += axes) {
    for (std::int64_t axis = 0; axis < axes; ++axis) {
      double* own = table.data() + static_cast<std::size_t>(axis) * terms;
      own[0] = 1.0;
      own[1] = place[axis];
      for (std::size_t n = 2; n < terms; ++n) own[n] = 2.0 * place[axis] * own[n - 1] - own[n - 2];
    }
    const std::size_t* term = chosen.data();
    for (std::int64_t t = 0; t < products; ++t, ++row) {
      *row = table[*term++];
      for (std::int64_t axis = 1; axis < axes; ++axis)
        *row *= table[static_cast<std::size_t>(axis) * terms + *term++];
    }
  }
  return basis;
}

}  // namespace

Tensor total_degree_exponents(double degree, const std::vector<double>& stretch) {
  std::vector<Term> terms;
  extend({}, degree, stretch, terms);
  std::stable_sort(terms.begin(), terms.end(),
                   [](const Term& a, const Term& b) { return a.degree < b.degree - rounding; });
  std::vector<double> numbers;
  for (const auto& term : terms) numbers.insert(numbers.end(), term.exponents.begin(), term.exponents.end());
  return at::tensor(numbers, at::kDouble)
      .view({static_cast<std::int64_t>(terms.size()), static_cast<std::int64_t>(stretch.size())});
}

Tensor chebyshev_basis(const Tensor& z, const Tensor& exponents) {
  if (at::GradMode::is_enabled() && z.requires_grad()) return recorded_basis(z, exponents);
  return plain_basis(z.contiguous(), exponents.contiguous());
}

NestedLeastSquares::NestedLeastSquares(const Tensor& z, Tensor exponents)
    : exponents_(std::move(exponents)),
      kept_(at::arange(std::min(exponents_.size(0), z.size(0)), at::kLong)) {
  for (;;) {
    std::tie(orthogonal_, triangular_) = at::linalg_qr(chebyshev_basis(z, exponents_.index_select(0, kept_)));
    const auto pivots = triangular_.diagonal().abs();
    const auto determined = pivots > least_pivot * pivots.max();
    if (determined.all().item<bool>()) return;
    kept_ = kept_.index_select(0, determined.nonzero().squeeze(1));
  }
}

Tensor NestedLeastSquares::projected(const Tensor& targets) const {
  return at::matmul(orthogonal_.t(), targets);
}

Tensor NestedLeastSquares::basis(const Tensor& z) const {
  const auto values = chebyshev_basis(z, exponents_.index_select(0, kept_));
  return at::linalg_solve_triangular(triangular_, values, true, false);
}

Tensor NestedLeastSquares::coefficients(const Tensor& projected) const {
  const auto own = at::linalg_solve_triangular(triangular_, projected, true);
  return at::zeros({exponents_.size(0), own.size(1)}, own.options()).index_copy_(0, kept_, own);
}

Chebyshev::Chebyshev(Tensor exponents, Tensor coefficients)
    : exponents_(std::move(exponents)), coefficients_(std::move(coefficients)) {}

Tensor Chebyshev::operator()(const Tensor& z) const {
  const auto basis = chebyshev_basis(z, exponents_);
  if (z.size(0) == 1) return at::mv(coefficients_.t(), basis[0]).unsqueeze(0);  // copies nothing
  return at::matmul(basis, coefficients_);
}

std::vector<std::pair<std::string, Tensor>> Chebyshev::arrays() const {
  return {{"exponents", exponents_}, {"coefficients", coefficients_}};
}

}  // namespace gluesweep::emulator
