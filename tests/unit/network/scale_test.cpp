#include "gluesweep/network/scale.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"

namespace gluesweep::network {
namespace {

at::Tensor places(std::int64_t count = 60) { return at::linspace(-0.98, 0.98, count, at::kDouble); }

TEST(Scale, FollowsSizesWhoseLogarithmIsAPolynomial) {
  // Two points, two constants, up to 30 decades.
  const auto xi = places();
  const auto logarithm = at::stack({at::stack({35.0 * xi, -10.0 + 0.0 * xi}, 0),
                                    at::stack({-20.0 * xi.pow(6) + 3.0 * xi, 8.0 * xi.pow(3) - xi}, 0)},
                                   0);
  const auto scale = Scale::fit(logarithm.exp(), xi);
  EXPECT_EQ(scale.coefficients.sizes(), (at::IntArrayRef{2, 2, Scale::terms}));
  const auto finer = places(301);
  const auto expected =
      at::stack({at::stack({35.0 * finer, -10.0 + 0.0 * finer}, 0),
                 at::stack({-20.0 * finer.pow(6) + 3.0 * finer, 8.0 * finer.pow(3) - finer}, 0)},
                0);
  EXPECT_LT(test::distance(scale.at(finer).log(), expected), 1e-12 * 35.0);
}

TEST(Scale, OfConstantSizesIsThatConstant) {
  const auto scale = Scale::fit(at::full({1, 1, 60}, 2.5e-8, at::kDouble), places());
  EXPECT_LT(test::largest(scale.at(places(7)) / 2.5e-8 - 1.0), 1e-13);
}

TEST(Scale, LogSlopeIsTheDerivative) {
  const Scale scale{(at::arange(4 * Scale::terms, at::kDouble) * 1.7).sin().view({2, 2, Scale::terms})};
  const auto xi = places(9);
  const double h = 1e-6;
  const auto expected = (scale.at(xi + h).log() - scale.at(xi - h).log()) / (2.0 * h);
  EXPECT_LT(test::distance(scale.log_slope(xi), expected), 1e-8 * test::largest(expected));
  EXPECT_LT(test::distance(scale.log_slope(xi.expand({2, 9})), expected), 1e-8 * test::largest(expected));
}

TEST(Scale, EachPointHasItsOwnPlaces) {
  const auto xi = places();
  const auto scale = Scale::fit(at::stack({xi.exp(), (-2.0 * xi).exp()}, 0).unsqueeze(1), xi);
  const auto own = at::tensor({-1.0, 0.0, 0.5, 0.25, 1.0, -0.5}, at::kDouble).view({2, 3});
  const auto values = scale.at(own);
  EXPECT_EQ(values.sizes(), (at::IntArrayRef{2, 1, 3}));
  EXPECT_LT(test::largest(values[0][0] / own[0].exp() - 1.0), 1e-12);
  EXPECT_LT(test::largest(values[1][0] / (-2.0 * own[1]).exp() - 1.0), 1e-12);
}

// C_k(xi) = exp(sum_j a_kj T_j(xi)) N_k(xi), as whoever reads the file must compute it.
TEST(Scale, IsTheExponentialOfAChebyshevSeries) {
  Scale scale{at::tensor({0.3, -0.2, 0.5, 0.1, -0.4, 0.05, 0.25}, at::kDouble).view({1, 1, Scale::terms})};
  for (const double xi : {-1.0, -0.3, 0.0, 0.7, 1.0}) {
    double sum = 0.0;
    for (int j = 0; j < Scale::terms; ++j) {
      sum += scale.coefficients[0][0][j].item<double>() * std::cos(j * std::acos(xi));
    }
    EXPECT_NEAR(scale.at(at::tensor({xi}, at::kDouble)).item<double>(), std::exp(sum), 1e-13);
  }
}

}  // namespace
}  // namespace gluesweep::network
