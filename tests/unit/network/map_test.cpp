#include "gluesweep/network/map.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"
#include "gluesweep/network/elements.hpp"
#include "gluesweep/problem/kernels.hpp"

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

// --- kernels against tensor operations -----------------------------------------------------------

/// 70 maps of three terms: random ones; layers of 1e-9 of the region, with the start at 0, at each edge;
/// padding only.
Map many_maps() {
  at::manual_seed(11);
  const auto start = 4.0 * at::rand({70, 1}, at::kDouble) - 2.0;
  const auto length = at::exp(6.0 * at::rand({70, 1}, at::kDouble) - 3.0);
  const auto centre = start + length * at::rand({70, 3}, at::kDouble);
  const auto width = length * at::exp(-7.0 * at::rand({70, 3}, at::kDouble));
  const auto beta = 3.0 * at::rand({70, 3}, at::kDouble);
  Map map{start, start + length, centre, width, beta};
  beta.slice(0, 0, 70, 4).select(1, 2).zero_();  // padding
  beta.slice(0, 0, 70, 8).select(1, 1).zero_();
  for (const std::int64_t point : {3, 33, 60}) {  // a layer at its start
    map.start[point] = 0.0;
    map.end[point] = 9.0;
    centre[point] = at::tensor({0.0, 5.0, 8.0}, at::kDouble);
    width[point] = at::tensor({9e-9, 1.0, 0.3}, at::kDouble);
  }
  for (const std::int64_t point : {5, 40}) {  // and at its end
    map.start[point] = -9.0;
    map.end[point] = 0.0;
    centre[point] = at::tensor({-7.0, 0.0, -3.0}, at::kDouble);
    width[point] = at::tensor({1.0, 9e-9, 1.0}, at::kDouble);
  }
  beta[7].zero_();
  return map;
}

Map part_of(const Map& map, const at::Tensor& rows) {
  return Map::unpacked(map.packed().index_select(0, rows));
}

/// Largest |a - b| over each point's region.
double distance_in_region(const Map& map, const at::Tensor& a, const at::Tensor& b) {
  return test::largest((a - b) / (map.end - map.start));
}

TEST(MapKernels, FindTheNodesOfTensorOperations) {
  const auto map = many_maps();
  for (const int count : {1, 12, 120}) {
    const auto xi = Elements(count, 5).xi;
    const auto found = map.nodes(xi);
    const problem::WithoutKernels without;
    const auto expected = map.nodes(xi);
    EXPECT_EQ(found.x.sizes(), expected.x.sizes());
    EXPECT_LT(distance_in_region(map, found.x, expected.x), 1e-13);
    // A place is known to rounding of the region, over which a layer's density changes by its size over
    // width.
    const auto sharpest = ((map.end - map.start) / map.width).amax(1, true);
    EXPECT_LT(test::largest((found.slope / expected.slope - 1.0) / sharpest), 1e-13);
  }
}

TEST(MapKernels, FindNodesThatAscendAndInvertTheMap) {
  const auto map = many_maps();
  for (const int count : {1, 3, 12, 120}) {
    const auto xi = Elements(count, 5).xi;
    const auto nodes = map.nodes(xi);
    EXPECT_TRUE(at::equal(nodes.x.narrow(1, 0, 1), map.start));
    EXPECT_TRUE(at::equal(nodes.x.narrow(1, -1, 1), map.end));
    EXPECT_TRUE((nodes.x.slice(1, 1) > nodes.x.slice(1, 0, -1)).all().item<bool>()) << count;
    EXPECT_TRUE((nodes.slope > 0.0).all().item<bool>());
    // To 1e-12, besides what the rounding of x itself amounts to where the map is steep.
    const auto miss = (map.xi(nodes.x) - xi).abs();
    const auto rounding = 2.3e-16 * nodes.x.abs() / nodes.slope;
    EXPECT_LT(test::largest((miss - rounding).clamp_min(0.0)), 1e-12) << count;
  }
}

TEST(MapKernels, FindNodesAroundALayerInTheMiddle) {
  // Newton's method goes to and fro between the tails of such a density; few nodes start far from each other.
  at::manual_seed(13);
  const auto start = at::zeros({400, 1}, at::kDouble), end = at::full({400, 1}, 2.0, at::kDouble);
  const auto width = at::logspace(-9.0, 0.0, 400, 10.0, at::kDouble).unsqueeze(1);
  const Map map{start, end, 2.0 * at::rand({400, 1}, at::kDouble), width,
                4.0 * at::rand({400, 1}, at::kDouble)};
  for (const int count : {1, 2, 5, 30}) {
    const auto xi = Elements(count, 5).xi;
    const auto expect_inverse = [&](std::int64_t sound, double tolerance) {
      const auto nodes = map.nodes(xi);
      const auto rounding = 5e-16 / nodes.slope;  // of x, where the map is steep
      const auto miss = ((map.xi(nodes.x) - xi).abs() - rounding).clamp_min(0.0);
      EXPECT_LT(test::largest(miss.slice(0, sound)), tolerance) << count;
      EXPECT_TRUE((nodes.x.slice(1, 1) >= nodes.x.slice(1, 0, -1)).slice(0, sound).all().item<bool>());
    };
    expect_inverse(0, 1e-12);
    const problem::WithoutKernels without;
    expect_inverse(0, 1e-10);  // layers of 1e-4 and more
  }
}

TEST(MapKernels, GivePositionsOfTensorOperations) {
  const auto map = many_maps();
  const auto share = at::linspace(-0.2, 1.2, 141, at::kDouble).unsqueeze(0);
  const auto uniform = map.start + (map.end - map.start) * share;
  const auto x = at::cat({uniform, map.nodes(Elements(30, 4).xi).x}, 1);  // inside layers as well
  const auto found = map.xi(x);
  const problem::WithoutKernels without;
  const auto expected = map.xi(x);
  EXPECT_LT(distance(found, expected), 1e-13);
}

TEST(MapKernels, GivePositionsOfPlacesThatAllPointsShare) {
  const auto map = many_maps();
  const auto x = at::linspace(-1.0, 1.0, 45, at::kDouble).unsqueeze(0);
  EXPECT_TRUE(at::equal(map.xi(x), map.xi(x.expand({70, -1}))));
}

TEST(MapKernels, FindNodesInAnyOrder) {
  const auto map = many_maps();
  const auto xi = Elements(20, 4).xi;
  const auto order =
      at::cat({at::zeros({1}, at::kLong), at::randperm(79) + 1, at::full({1}, 80, at::kLong)}, 0);
  const auto ascending = map.nodes(xi), shuffled = map.nodes(xi.index_select(0, order));
  EXPECT_TRUE(at::equal(shuffled.x, ascending.x.index_select(1, order)));
  EXPECT_TRUE(at::equal(shuffled.slope, ascending.slope.index_select(1, order)));
}

TEST(MapKernels, GiveEveryPointTheSameBitsInAnyBatch) {
  const auto map = many_maps();
  const auto xi = Elements(20, 4).xi;
  const auto whole = map.nodes(xi);
  const auto positions = map.xi(whole.x);
  for (const int count : {1, 31, 32, 33, 69}) {
    const auto rows = at::randperm(70).slice(0, 0, count);
    const auto part = part_of(map, rows);
    const auto nodes = part.nodes(xi);
    EXPECT_TRUE(at::equal(nodes.x, whole.x.index_select(0, rows))) << count;
    EXPECT_TRUE(at::equal(nodes.slope, whole.slope.index_select(0, rows))) << count;
    const auto columns = at::randperm(81).slice(0, 0, count);
    const auto places = whole.x.index_select(0, rows).index_select(1, columns);
    EXPECT_TRUE(at::equal(part.xi(places), positions.index_select(0, rows).index_select(1, columns)))
        << count;
  }
}

TEST(MapKernels, KeepAnUndefinedPointToItself) {
  auto map = many_maps();
  const auto xi = Elements(10, 3).xi;
  const auto before = map.nodes(xi);
  const auto positions = map.xi(before.x);
  map.centre[20][1] = NAN;
  map.end[21] = NAN;
  const auto nodes = map.nodes(xi);
  const auto others = at::cat({at::arange(20), at::arange(22, 70)}, 0);
  EXPECT_TRUE(at::equal(nodes.x.index_select(0, others), before.x.index_select(0, others)));
  EXPECT_TRUE(at::equal(nodes.slope.index_select(0, others), before.slope.index_select(0, others)));
  const auto after = map.xi(before.x);
  EXPECT_TRUE(at::equal(after.index_select(0, others), positions.index_select(0, others)));
  EXPECT_TRUE(after.narrow(0, 20, 2).isnan().all().item<bool>());
}

}  // namespace
}  // namespace gluesweep::network
