#include "gluesweep/network/elements.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"
#include "gluesweep/problem/kernels.hpp"

namespace gluesweep::network {
namespace {

using test::distance;

// Hairer & Wanner, Solving Ordinary Differential Equations II, table IV.5.5 (Radau IIA, orders 3 and 5).
TEST(Elements, TwoRadauNodes) {
  const Elements elements(1, 2);
  EXPECT_LT(distance(elements.abscissae, at::tensor({0.0, 1.0 / 3, 1.0}, at::kDouble)), 2e-15);
  const auto published = at::tensor({5.0 / 12, -1.0 / 12, 3.0 / 4, 1.0 / 4}, at::kDouble).view({2, 2});
  EXPECT_LT(distance(elements.integration, published), 2e-15);
}

TEST(Elements, ThreeRadauNodes) {
  const double r = std::sqrt(6.0);
  const Elements elements(1, 3);
  EXPECT_LT(distance(elements.abscissae, at::tensor({0.0, (4 - r) / 10, (4 + r) / 10, 1.0}, at::kDouble)),
            2e-15);
  const auto published =
      at::tensor({(88 - 7 * r) / 360, (296 - 169 * r) / 1800, (-2 + 3 * r) / 225, (296 + 169 * r) / 1800,
                  (88 + 7 * r) / 360, (-2 - 3 * r) / 225, (16 - r) / 36, (16 + r) / 36, 1.0 / 9},
                 at::kDouble)
          .view({3, 3});
  EXPECT_LT(distance(elements.integration, published), 2e-15);
}

class RadauNodes : public testing::TestWithParam<int> {};

TEST_P(RadauNodes, IntegrateOneDegreeLessThanTheirNumberToEveryNode) {
  const int s = GetParam();
  const Elements elements(1, s);
  const auto c = elements.abscissae.slice(0, 1);
  for (int k = 0; k < s; ++k) {
    EXPECT_LT(distance(at::matmul(elements.integration, c.pow(k)), c.pow(k + 1) / (k + 1)), 1e-14)
        << "x^" << k;
  }
}

TEST_P(RadauNodes, IntegrateToTheEndWithTwiceTheOrder) {
  const int s = GetParam();
  const Elements elements(1, s);
  const auto c = elements.abscissae.slice(0, 1), weights = elements.integration[s - 1];
  for (int k = 0; k <= 2 * s - 2; ++k) {
    EXPECT_NEAR((weights * c.pow(k)).sum().item<double>(), 1.0 / (k + 1), 1e-14) << "x^" << k;
  }
  // One degree more is not exact: the order is 2s - 1 and no higher.
  const double beyond = (weights * c.pow(2 * s - 1)).sum().item<double>() - 1.0 / (2 * s);
  EXPECT_GT(std::abs(beyond), s < 8 ? 1e-10 : 1e-13);
}

TEST_P(RadauNodes, DifferentiatePolynomialsUpToTheirNumber) {
  const int s = GetParam();
  const Elements elements(3, s);
  for (int k = 0; k <= s; ++k) {
    const auto slopes = elements.slopes(elements.xi.pow(k).expand({2, -1}));
    const auto exact = k == 0 ? at::zeros_like(elements.xi) : k * elements.xi.pow(k - 1);
    EXPECT_EQ(slopes.sizes(), (at::IntArrayRef{2, 3, s}));
    EXPECT_LT(distance(slopes[1], elements.inner(exact)), 1e-11) << "x^" << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, RadauNodes, testing::Range(2, 10));

TEST(Elements, LayOutTheirNodes) {
  const Elements elements(4, 3);
  EXPECT_EQ(elements.size(), 13);
  EXPECT_EQ(elements.width, 0.5);
  EXPECT_EQ(elements.xi[0].item<double>(), -1.0);
  EXPECT_EQ(elements.xi[12].item<double>(), 1.0);
  const auto left = elements.left(elements.xi), inner = elements.inner(elements.xi);
  EXPECT_LT(distance(left, at::tensor({-1.0, -0.5, 0.0, 0.5}, at::kDouble)), 1e-15);
  EXPECT_EQ(inner.sizes(), (at::IntArrayRef{4, 3}));
  EXPECT_LT(distance(inner.select(1, 2).slice(0, 0, 3), left.slice(0, 1)), 1e-15);
  EXPECT_LT(
      distance((inner - left.unsqueeze(1)) / elements.width, elements.abscissae.slice(0, 1).expand({4, 3})),
      1e-14);
}

TEST(Elements, LeftAndInnerAreViewsOfAnyBatch) {
  const Elements elements(3, 2);
  auto values = at::arange(2 * 4 * 7, at::kDouble).view({2, 4, 7});
  const auto left = elements.left(values), inner = elements.inner(values);
  EXPECT_EQ(left.sizes(), (at::IntArrayRef{2, 4, 3}));
  EXPECT_EQ(inner.sizes(), (at::IntArrayRef{2, 4, 3, 2}));
  values.fill_(5.0);
  EXPECT_TRUE((left == 5.0).all().item<bool>());
  EXPECT_TRUE((inner == 5.0).all().item<bool>());
}

TEST(Elements, IntegrateFromEachLeftEnd) {
  const Elements elements(5, 4);
  const auto powers = at::stack({at::ones_like(elements.xi), elements.xi.pow(3)}, 0);
  const auto antiderivative = at::stack({elements.xi, elements.xi.pow(4) / 4.0}, 0);
  const auto expected = elements.inner(antiderivative) - elements.left(antiderivative).unsqueeze(-1);
  EXPECT_LT(distance(elements.integrate(powers), expected), 1e-15);
}

TEST(Elements, InterpolateThroughAllTheirNodes) {
  const Elements elements(6, 4);
  const auto values = at::stack({elements.xi.pow(4) - elements.xi, (3.0 * elements.xi).sin()}, 0);
  // A polynomial of degree s is its own interpolant, everywhere and at element borders and both ends.
  auto where = at::cat({at::linspace(-1.0, 1.0, 50, at::kDouble), elements.xi}, 0);
  where = at::stack({where, where.flip(0)}, 0);
  const auto found = elements.interpolate(values, where);
  EXPECT_LT(distance(found[0], where[0].pow(4) - where[0]), 1e-14);
  EXPECT_LT(distance(elements.interpolate(values, elements.xi.expand({2, -1})), values), 1e-14);
  // Anything else with order s + 1.
  const auto error_of = [&](int count) {
    const Elements finer(count, 4);
    const auto nodes = (3.0 * finer.xi).sin().unsqueeze(0);
    const auto places = where.narrow(0, 0, 1);
    return distance(finer.interpolate(nodes, places), (3.0 * places).sin());
  };
  EXPECT_NEAR(std::log2(error_of(8) / error_of(32)) / 2.0, 5.0, 0.5);
}

TEST(Elements, ManyElementsEndWhereTheyShould) {
  const Elements elements(333, 7);
  EXPECT_EQ(elements.size(), 333 * 7 + 1);
  EXPECT_EQ(elements.xi[-1].item<double>(), 1.0);
  EXPECT_TRUE((elements.xi.slice(0, 1) > elements.xi.slice(0, 0, -1)).all().item<bool>());
}

TEST(Elements, ContinuationIsExactForPolynomialsUpToTheirNumber) {
  for (int s = 2; s <= 9; ++s) {
    const Elements elements(2, s);
    for (int k = 0; k <= s; ++k) {
      const auto values = elements.xi.pow(k);
      const auto next = at::matmul(elements.continuation, values.narrow(0, 0, s + 1));
      EXPECT_LT(distance(next, values.narrow(0, s + 1, s)),
                1e-15 * elements.continuation.abs().sum(1).max().item<double>())
          << s << " nodes, x^" << k;
    }
    // One degree more is not.
    const auto values = elements.xi.pow(s + 1);
    EXPECT_GT(
        distance(at::matmul(elements.continuation, values.narrow(0, 0, s + 1)), values.narrow(0, s + 1, s)),
        1e-3);
  }
}

// --- kernels against tensor operations -----------------------------------------------------------

struct Table {
  Elements elements;
  at::Tensor values;  // (5, 3, N)
  at::Tensor where;   // (5, 150): at random, on borders and nodes, outside

  Table(int count, int nodes) : elements(count, nodes) {
    at::manual_seed(2);
    values = at::rand({5, 3, elements.size()}, at::kDouble) - 0.5;
    const auto borders = at::linspace(-1.0, 1.0, count + 1, at::kDouble);
    const auto special =
        at::cat({borders, elements.xi.slice(0, 0, 20), at::tensor({-1.01, 1.01}, at::kDouble)}, 0);
    const auto random = 2.0 * at::rand({5, 150 - special.size(0)}, at::kDouble) - 1.0;
    where = at::cat({special.expand({5, -1}), random}, 1);
  }
};

TEST(ElementsKernels, InterpolateAsTensorOperationsDo) {
  for (const int count : {1, 7, 40}) {
    for (const int nodes : {2, 5, 9}) {
      const Table table(count, nodes);
      const auto found = table.elements.interpolate(table.values, table.where);
      const auto one_row = table.elements.interpolate(table.values.select(1, 2), table.where);
      EXPECT_EQ(found.sizes(), (at::IntArrayRef{5, 3, 150}));
      EXPECT_TRUE(at::equal(one_row, found.select(1, 2)));
      const problem::WithoutKernels without;
      const auto expected = table.elements.interpolate(table.values, table.where);
      EXPECT_EQ(expected.sizes(), found.sizes());
      EXPECT_LT(distance(found, expected), 1e-12) << count << " elements of " << nodes << " nodes";
      EXPECT_LT(distance(table.elements.interpolate(table.values.select(1, 2), table.where), one_row), 1e-12);
    }
  }
}

TEST(ElementsKernels, InterpolateStridedValues) {
  const Table table(7, 4);
  const auto expected = table.elements.interpolate(table.values, table.where);
  const auto strided = table.values.transpose(0, 2).contiguous().transpose(0, 2);
  EXPECT_FALSE(strided.is_contiguous());
  EXPECT_TRUE(at::equal(table.elements.interpolate(strided, table.where.t().contiguous().t()), expected));
}

TEST(ElementsKernels, GiveEveryPlaceTheSameBits) {
  const Table table(7, 4);
  const auto whole = table.elements.interpolate(table.values, table.where);
  for (const int count : {1, 31, 32, 33, 149}) {
    const auto columns = at::randperm(150).slice(0, 0, count), rows = at::randperm(5).slice(0, 0, 2);
    const auto part = table.elements.interpolate(table.values.index_select(0, rows),
                                                 table.where.index_select(0, rows).index_select(1, columns));
    EXPECT_TRUE(at::equal(part, whole.index_select(0, rows).index_select(2, columns))) << count;
  }
}

TEST(ElementsKernels, GoOnWithTheLastPolynomialOutside) {
  const Elements elements(6, 4);
  const auto cubic = [](const at::Tensor& xi) { return 2.0 * xi.pow(3) - xi + 0.5; };
  const auto where = at::tensor({-1.5, -1.1, 1.0001, 1.4}, at::kDouble).unsqueeze(0);
  EXPECT_LT(distance(elements.interpolate(cubic(elements.xi).unsqueeze(0), where), cubic(where)), 1e-11);
  const problem::WithoutKernels without;
  EXPECT_LT(distance(elements.interpolate(cubic(elements.xi).unsqueeze(0), where), cubic(where)), 1e-11);
}

TEST(ElementsKernels, AreUndefinedWhereThePlaceIs) {
  const Table table(7, 4);
  auto where = table.where.clone();
  where[1][3] = NAN;
  where[2][40] = INFINITY;
  where[4][149] = -INFINITY;
  const auto expected = table.elements.interpolate(table.values, table.where);
  const auto check = [&] {
    const auto found = table.elements.interpolate(table.values, where);
    const auto sound = where.isfinite().unsqueeze(1).expand_as(found);
    EXPECT_TRUE(at::equal(found.isfinite(), sound));
    EXPECT_LT(distance(at::where(sound, found, expected), expected), 1e-12);
  };
  check();
  const problem::WithoutKernels without;
  check();
}

TEST(ElementsKernels, SeeOneElementOnly) {
  Table table(7, 4);
  table.values.narrow(2, 9, 3).fill_(NAN);  // inner nodes of the third element
  const auto place = (table.where + 1.0) * 3.5;
  const auto third = ((place >= 2.0) & (place < 3.0)).unsqueeze(1).expand({5, 3, -1});
  EXPECT_TRUE(at::equal(table.elements.interpolate(table.values, table.where).isnan(), third));
}

}  // namespace
}  // namespace gluesweep::network
