#include "gluesweep/network/map.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"
#include "gluesweep/network/elements.hpp"

namespace gluesweep::network {
namespace {

using test::column;
using test::distance;

at::Tensor matrix(const std::vector<double>& values, std::int64_t columns) {
  return at::tensor(values, at::kDouble).view({-1, columns});
}

/// Three points: mild, a term far narrower than the region at its edge (a stiff start), and padding only.
Map example() {
  return {column({-2, 0, 1}), column({3, 9, 4}), matrix({0.5, 2.5, 0.0, 5.0, 1.0, 1.0}, 2),
          matrix({0.7, 0.2, 1e-9, 0.5, 1.0, 1.0}, 2), matrix({2.0, 1.0, 1.0, 2.0, 0.0, 0.0}, 2)};
}

TEST(Map, TakesTheRegionMonotonicallyToMinusOneToOne) {
  const auto map = example();
  const auto share = at::linspace(0.0, 1.0, 2001, at::kDouble).unsqueeze(0);
  const auto x = map.start + (map.end - map.start) * share;
  const auto xi = map.xi(x);
  EXPECT_LT(distance(xi.select(1, 0), at::full({3}, -1.0, at::kDouble)), 1e-15);
  EXPECT_LT(distance(xi.select(1, -1), at::full({3}, 1.0, at::kDouble)), 1e-15);
  EXPECT_TRUE((xi.slice(1, 1) > xi.slice(1, 0, -1)).all().item<bool>());
}

TEST(Map, WithoutTermsIsLinear) {
  const auto map = Map::unpacked(example().packed().narrow(0, 2, 1));
  const auto x = at::linspace(1.0, 4.0, 7, at::kDouble).unsqueeze(0);
  EXPECT_LT(distance(map.xi(x), (x - 2.5) / 1.5), 1e-15);
  EXPECT_LT(
      distance(map.nodes(at::linspace(-1.0, 1.0, 5, at::kDouble)).slope, at::full({1, 5}, 1.5, at::kDouble)),
      1e-14);
}

TEST(Map, NodesInvertIt) {
  const auto map = example();
  const Elements elements(20, 5);
  const auto nodes = map.nodes(elements.xi);
  EXPECT_EQ(nodes.x.sizes(), (at::IntArrayRef{3, 101}));
  EXPECT_TRUE(at::equal(nodes.x.narrow(1, 0, 1), map.start));
  EXPECT_TRUE(at::equal(nodes.x.narrow(1, 100, 1), map.end));
  EXPECT_TRUE((nodes.x.slice(1, 1) > nodes.x.slice(1, 0, -1)).all().item<bool>());
  EXPECT_LT(distance(map.xi(nodes.x), elements.xi.expand({3, -1})), 1e-13);
}

TEST(Map, SlopeIsTheDerivativeOfTheNodes) {
  const auto map = example();
  const auto xi = at::linspace(-0.95, 0.95, 39, at::kDouble);
  const auto ends = at::tensor({-1.0, 1.0}, at::kDouble);  // nodes() puts its first and last node on the ends
  const auto x_at = [&](const at::Tensor& where) {
    return map.nodes(at::cat({ends.slice(0, 0, 1), where, ends.slice(0, 1, 2)}, 0)).x.slice(1, 1, -1);
  };
  const double h = 1e-3;
  const auto slope =
      (8.0 * (x_at(xi + h) - x_at(xi - h)) - (x_at(xi + 2 * h) - x_at(xi - 2 * h))) / (12.0 * h);
  const auto own =
      map.nodes(at::cat({ends.slice(0, 0, 1), xi, ends.slice(0, 1, 2)}, 0)).slope.slice(1, 1, -1);
  // The second point's nodes are in geometric progression: differences see 20 e-foldings in xi.
  EXPECT_LT(test::relative_distance(own, slope), 1e-5);
}

TEST(Map, PutsTheShareOfNodesWhereItIsAsked) {
  // d = 1/L + sum of terms that integrate to beta: term j owns beta_j of 1 + sum beta.
  const Map map{column({0}), column({10}), column({4}), column({1e-3}), column({3})};
  const auto near = map.xi(at::tensor({3.5, 4.5}, at::kDouble).unsqueeze(0));
  const double share = 0.5 * (near[0][1] - near[0][0]).item<double>();
  const double term = std::asinh(500.0) * 2.0 / (std::asinh(4000.0) + std::asinh(6000.0));
  EXPECT_NEAR(share, (0.1 + 3.0 * term) / 4.0, 1e-13);
}

TEST(Map, ResolvesALayerOfAnyWidth) {
  const Map map{column({0}), column({9}), column({0}), column({1e-9}), column({1})};
  const auto nodes = map.nodes(Elements(40, 5).xi);
  EXPECT_LT(nodes.x[0][1].item<double>(), 1e-9);  // the first node is inside the layer
  // Positions are found to 1e-14 of the region, which the layer stretches; its last Newton step squares that.
  EXPECT_LT(distance(map.xi(nodes.x), Elements(40, 5).xi.unsqueeze(0)), 1e-10);
}

TEST(Map, GoesOnSmoothlyOutside) {
  const auto map = example();
  EXPECT_TRUE((map.xi(map.start - 0.1) < -1.0).all().item<bool>());
  EXPECT_TRUE((map.xi(map.end + 0.1) > 1.0).all().item<bool>());
}

TEST(Map, PacksAndUnpacks) {
  const auto map = example();
  const auto packed = map.packed();
  EXPECT_EQ(packed.sizes(), (at::IntArrayRef{3, 8}));
  // a, b, then (c, w, beta) for each term, as the sweep file says.
  EXPECT_TRUE(at::equal(packed[0], at::tensor({-2.0, 3.0, 0.5, 0.7, 2.0, 2.5, 0.2, 1.0}, at::kDouble)));
  const auto again = Map::unpacked(packed);
  const auto x = at::linspace(1.0, 3.0, 11, at::kDouble).expand({3, -1});
  EXPECT_TRUE(at::equal(again.xi(x), map.xi(x)));
  EXPECT_TRUE(at::equal(again.packed(), packed));
}

}  // namespace
}  // namespace gluesweep::network
