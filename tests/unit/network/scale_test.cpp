#include "gluesweep/network/scale.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"
#include "gluesweep/problem/kernels.hpp"

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

// --- kernels against tensor operations -----------------------------------------------------------

Scale random_scale(std::int64_t points) {
  at::manual_seed(9);
  return {10.0 * at::rand({points, 3, Scale::terms}, at::kDouble) - 5.0};
}

TEST(ScaleKernels, AgreeWithTensorOperations) {
  const auto scale = random_scale(5);
  const auto shared = at::linspace(-1.05, 1.05, 77, at::kDouble);
  const auto own = 2.0 * at::rand({5, 45}, at::kDouble) - 1.0;
  const auto found_shared = scale.at(shared), found_own = scale.at(own);
  EXPECT_EQ(found_shared.sizes(), (at::IntArrayRef{5, 3, 77}));
  EXPECT_EQ(found_own.sizes(), (at::IntArrayRef{5, 3, 45}));
  const problem::WithoutKernels without;
  // Of the order of the logarithm, up to 35 and more outside, times rounding.
  EXPECT_LT(test::relative_distance(found_shared, scale.at(shared)), 2e-13);
  EXPECT_LT(test::relative_distance(found_own, scale.at(own)), 2e-13);
}

TEST(ScaleKernels, GiveEveryPlaceTheSameBits) {
  const auto scale = random_scale(6);
  const auto own = 2.0 * at::rand({6, 70}, at::kDouble) - 1.0;
  const auto whole = scale.at(own);
  EXPECT_TRUE(at::equal(scale.at(own[2]).select(0, 2), whole[2]));  // places of all points or of its own
  for (const int count : {1, 31, 32, 33, 69}) {
    const auto columns = at::randperm(70).slice(0, 0, count), rows = at::randperm(6).slice(0, 0, 4);
    const Scale part{scale.coefficients.index_select(0, rows)};
    EXPECT_TRUE(at::equal(part.at(own.index_select(0, rows).index_select(1, columns)),
                          whole.index_select(0, rows).index_select(2, columns)))
        << count;
  }
}

TEST(ScaleKernels, TakeStridedArrays) {
  const auto scale = random_scale(6);
  const auto own = at::rand({6, 70}, at::kDouble);
  const Scale strided{scale.coefficients.transpose(0, 2).contiguous().transpose(0, 2)};
  EXPECT_TRUE(at::equal(strided.at(own.t().contiguous().t()), scale.at(own)));
}

TEST(ScaleKernels, KeepUndefinedAndExtremeValuesToThemselves) {
  auto scale = random_scale(4);
  auto own = at::rand({4, 40}, at::kDouble);
  const auto before = scale.at(own);
  scale.coefficients[1][2][3] = NAN;
  scale.coefficients[2][0][0] = 2000.0;
  own[3][5] = NAN;
  const auto after = scale.at(own);
  EXPECT_TRUE(after[1][2].isnan().all().item<bool>());
  EXPECT_TRUE(after[2][0].isinf().all().item<bool>());
  EXPECT_TRUE(after[3].select(1, 5).isnan().all().item<bool>());
  EXPECT_EQ(at::ne(after, before).sum().item<int>(), 40 + 40 + 3);
}

}  // namespace
}  // namespace gluesweep::network
