#include "gluesweep/network/change_of_trunk.hpp"

#include <gtest/gtest.h>

namespace gluesweep::network {
namespace {

using at::Tensor;

Trunk drawn(int features, std::uint64_t seed) {
  job::Network network;
  network.features = features;
  network.seed = seed;
  return {network, Elements(40, 5)};
}

/// The same neurons in other combinations, as on a processor that rounds differently: other signs, and the
/// weakest features, of which rounding decides, mixed among themselves.
Trunk mixed(const Trunk& trunk) {
  constexpr int weak = 12;
  at::manual_seed(3);
  auto rotation = -at::eye(trunk.size(), at::kDouble);
  rotation.slice(0, trunk.size() - weak).slice(1, trunk.size() - weak) =
      std::get<0>(at::linalg_qr(at::randn({weak, weak}, at::kDouble)));
  NamedArrays arrays;
  for (const auto& [name, values] : trunk.arrays())
    arrays.emplace_back(name, name == "mixing" ? at::matmul(values, rotation) : values.clone());
  return {job::Network{}, arrays};
}

/// Heads (4, F, 3) of smooth functions.
Tensor smooth_heads(const Trunk& trunk) {
  const auto xi = Elements(40, 5).xi;
  const auto rate = at::arange(1, 13, at::kDouble).view({4, 1, 3});
  const auto values = at::sin(rate * xi.view({1, -1, 1}));
  return at::matmul(at::linalg_pinv(trunk.features(xi), 1e-12), values);
}

Tensor curves(const Trunk& trunk, const Tensor& heads) {
  return at::matmul(trunk.features(at::linspace(-1.0, 1.0, 77, at::kDouble)), heads);
}

TEST(ChangeOfTrunk, KeepsFunctionsOfTheSameSpan) {
  const auto from = drawn(64, 0), to = mixed(from);
  const auto heads = smooth_heads(from);
  const ChangeOfTrunk change(from, to);
  EXPECT_GT((change.heads(heads) - heads).abs().max().item<double>(), 0.1) << "other features";
  EXPECT_LT((curves(to, change.heads(heads)) - curves(from, heads)).abs().max().item<double>(), 1e-10);
  EXPECT_LT(change.lost(heads).max().item<double>(), 1e-10);
}

TEST(ChangeOfTrunk, SaysWhatTheOtherTrunkLacks) {
  const auto from = drawn(96, 0), to = drawn(12, 1);
  const auto heads = smooth_heads(from);
  const ChangeOfTrunk change(from, to);
  const auto difference = (curves(to, change.heads(heads)) - curves(from, heads)).abs().flatten(1).amax(1);
  const auto lost = change.lost(heads);
  ASSERT_EQ(lost.sizes(), at::IntArrayRef{4});
  EXPECT_TRUE(lost.gt(1e-4).all().item<bool>());
  EXPECT_TRUE(lost.gt(0.5 * difference).all().item<bool>()) << lost << difference;
  EXPECT_GT(lost[3].item<double>(), lost[0].item<double>()) << "faster functions suffer more";
}

TEST(ChangeOfTrunk, DoesNotReadPadding) {
  const auto from = drawn(64, 0), to = drawn(48, 0);
  const auto heads = smooth_heads(from);
  const ChangeOfTrunk change(from, to);
  const auto padded = at::constant_pad_nd(heads, {0, 0, 0, 9}, 1e9);
  EXPECT_TRUE(at::equal(change.heads(padded), change.heads(heads)));
  EXPECT_EQ(change.heads(padded).sizes(), (at::IntArrayRef{4, to.size(), 3}));
}

}  // namespace
}  // namespace gluesweep::network
