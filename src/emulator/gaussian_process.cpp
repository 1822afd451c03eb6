#include "gluesweep/emulator/gaussian_process.hpp"

#include <algorithm>
#include <cmath>

#include "gluesweep/emulator/chebyshev.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr double least_noise = 1.0e-12;  // keeps the covariance positive definite in double precision
constexpr int steps = 80;

/// Minus the logarithm of the marginal likelihood over the number of targets and places, up to a constant;
/// each target's variance is the one that makes it most likely. hyper: logarithms of lengths and noise (p +
/// 1).
Tensor unlikelihood(const Tensor& hyper, const Tensor& z, const Tensor& targets) {
  const auto places = z.size(0), axes = z.size(1);
  const auto lengths = hyper.narrow(0, 0, axes).exp();
  const auto covariance = squared_exponential(z, z, lengths) +
                          (hyper.select(0, axes).exp() + least_noise) * at::eye(places, z.options());
  const auto factor = at::linalg_cholesky(covariance);
  const auto whitened = at::linalg_solve_triangular(factor, targets, false);
  const auto variances = whitened.square().sum(0) / static_cast<double>(places);
  return factor.diagonal().log().sum() / static_cast<double>(places) + 0.5 * variances.log().mean();
}

}  // namespace

Tensor squared_exponential(const Tensor& a, const Tensor& b, const Tensor& lengths) {
  const auto u = a / lengths, v = b / lengths;
  const auto squares = u.square().sum(1, true) + v.square().sum(1).unsqueeze(0) - 2.0 * at::matmul(u, v.t());
  return (-0.5 * squares.clamp_min(0.0)).exp();
}

KernelChoice choose_kernel(const Tensor& z, const Tensor& targets) {
  const auto axes = z.size(1);
  auto hyper = at::zeros({axes + 1}, z.options());
  hyper[axes] = std::log(1.0e-8);
  // Signs of the gradient with a step of its own for each number (Riedmiller and Braun, RPROP, 1993): the
  // likelihood's scale does not matter.
  auto step = at::full_like(hyper, 0.3), before = at::zeros_like(hyper);
  auto best = hyper.clone();
  double least = INFINITY;
  for (int i = 0; i < steps; ++i) {
    Tensor gradient, value;
    try {
      auto leaf = hyper.detach().clone().set_requires_grad(true);
      value = unlikelihood(leaf, z, targets);
      value.backward();
      gradient = leaf.grad();
    } catch (const c10::Error&) {  // not positive definite any more
      break;
    }
    if (!value.isfinite().item<bool>() || !gradient.isfinite().all().item<bool>()) break;
    if (value.item<double>() < least) {
      least = value.item<double>();
      best = hyper.clone();
    }
    const auto agreement = gradient * before;
    step = at::where(agreement > 0, step * 1.2, at::where(agreement < 0, step * 0.5, step)).clamp(1e-3, 0.6);
    hyper = hyper - gradient.sign() * step;
    hyper.narrow(0, 0, axes).clamp_(std::log(1.0e-2), std::log(30.0));
    hyper.select(0, axes).clamp_(std::log(1.0e-14), 0.0);
    before = gradient;
  }
  return {best.narrow(0, 0, axes).exp(), std::exp(best[axes].item<double>())};
}

GaussianProcess::Kernel fit_kernel(const Tensor& z, const Tensor& targets, const KernelChoice& choice) {
  const auto correlation = squared_exponential(z, z, choice.lengths);
  for (double noise = choice.noise + least_noise;; noise *= 10.0) {
    const auto [factor, info] = at::linalg_cholesky_ex(correlation + noise * at::eye(z.size(0), z.options()));
    if (info.item<int>() == 0) return {z, choice.lengths, at::cholesky_solve(targets, factor).contiguous()};
  }
}

GaussianProcess::GaussianProcess(Kernel kernel, Tensor exponents, Tensor coefficients)
    : kernel_(std::move(kernel)), exponents_(std::move(exponents)), coefficients_(std::move(coefficients)) {}

Tensor GaussianProcess::operator()(const Tensor& z) const {
  return at::matmul(chebyshev_basis(z, exponents_), coefficients_) +
         at::matmul(squared_exponential(z, kernel_.places, kernel_.lengths), kernel_.weights);
}

std::vector<std::pair<std::string, Tensor>> GaussianProcess::arrays() const {
  return {{"exponents", exponents_},
          {"coefficients", coefficients_},
          {"places", kernel_.places},
          {"lengths", kernel_.lengths},
          {"weights", kernel_.weights}};
}

}  // namespace gluesweep::emulator
