#include "gluesweep/emulator/domain.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gluesweep::emulator {
namespace {

using at::Tensor;

/// A grid over the box without the disc of radius 0.4 around the centre.
Emulator emulator_with_a_hole() {
  const auto along = at::linspace(-1.0, 1.0, 41, at::kDouble);
  const auto grid = at::meshgrid({along, along}, "ij");
  const auto z = at::stack({grid[0].flatten(), grid[1].flatten()}, 1);
  const auto outside = z.square().sum(1) > 0.16;
  Emulator emulator;
  emulator.training_z = z.index_select(0, outside.nonzero().squeeze(1));
  emulator.reach = 0.1;
  return emulator;
}

Tensor rows(const std::vector<double>& numbers) { return at::tensor(numbers, at::kDouble).view({-1, 2}); }

TEST(DomainTest, OutsideARangeOrInAHoleIsOutside) {
  const auto emulator = emulator_with_a_hole();
  const auto inside = Domain(emulator).inside(
      rows({0.7, 0.7, 1.0, -1.0, 1.001, 0.0, 0.0, 0.0, 0.25, 0.0, 0.35, 0.0, NAN, 0.5, 0.9, INFINITY}));
  const std::vector<bool> expected{true, true, false, false, false, true, false, false};
  for (std::int64_t i = 0; i < inside.size(0); ++i) {
    EXPECT_EQ(inside[i].item<bool>(), expected[static_cast<std::size_t>(i)]) << i;
  }
}

TEST(DomainTest, TheTableOfCellsAgreesWithTheDistances) {
  const auto emulator = emulator_with_a_hole();
  const Domain domain(emulator);
  const auto z = 2.2 * at::rand({5000, 2}, at::kDouble) - 1.1;
  const auto by_distances =
      (z.abs() <= box_edge).all(1) & (nearest_distance(z, emulator.training_z) <= emulator.reach);
  EXPECT_TRUE(domain.inside(z).equal(by_distances));
  EXPECT_TRUE(domain.inside(emulator.training_z).all().item<bool>());
  EXPECT_FALSE(domain.inside(rows({NAN, 0.5})).item<bool>());
}

TEST(DomainTest, TheReachCoversTheGapsOfTheScan) {
  const auto emulator = emulator_with_a_hole();
  const auto held_out = emulator.training_z.slice(0, 0, 100) + 0.025;
  const double reach = reach_of(emulator.training_z, held_out);
  EXPECT_NEAR(reach, 2.0 * std::sqrt(2.0) * 0.025, 0.03);
}

TEST(DomainTest, ErrorsAreThoseOfTheNeighbourhood) {
  Emulator emulator;
  const auto along = at::linspace(-1.0, 1.0, 201, at::kDouble);
  emulator.held_out.z = along.unsqueeze(1);
  emulator.held_out.solution = at::where(along < 0.0, at::full_like(along, 1e-3), at::full_like(along, 1e-6));
  emulator.held_out.scalars = at::stack({along.abs(), at::full_like(along, NAN)}, 1);
  const auto z = at::tensor({-0.5, 0.5}, at::kDouble).unsqueeze(1);
  const auto expected = expected_error(emulator, z);
  EXPECT_DOUBLE_EQ(expected[0].item<double>(), 1e-3);
  EXPECT_DOUBLE_EQ(expected[1].item<double>(), 1e-6);
  const auto scalars = expected_scalar_errors(emulator, z);
  EXPECT_NEAR(scalars[1][0].item<double>(), 0.54, 1e-12) << "the largest of the nine nearest";
  EXPECT_EQ(scalars[1][1].item<double>(), 0.0);
}

}  // namespace
}  // namespace gluesweep::emulator
