#include "gluesweep/sweep/random.hpp"

#include <gtest/gtest.h>

namespace gluesweep::sweep {
namespace {

using Words = std::array<std::uint32_t, 4>;

// Known answers of the Random123 distribution, kat_vectors, philox4x32 with 10 rounds.
TEST(Philox, ReproducesThePublishedVectors) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomBits, DependOnEveryArgument) {
  const std::uint64_t bits = random_bits(7, Purpose::point, 1, 42);
  EXPECT_EQ(bits, random_bits(7, Purpose::point, 1, 42));
  EXPECT_NE(bits, random_bits(8, Purpose::point, 1, 42));
  EXPECT_NE(bits, random_bits(7 + (std::uint64_t{1} << 32), Purpose::point, 1, 42));
  EXPECT_NE(bits, random_bits(7, Purpose::jitter, 1, 42));
  EXPECT_NE(bits, random_bits(7, Purpose::point, 2, 42));
  EXPECT_NE(bits, random_bits(7, Purpose::point, 1, 43));
  EXPECT_NE(bits, random_bits(7, Purpose::point, 1, 42 + (std::uint64_t{1} << 32)));
}

TEST(OpenUnit, NeverTouchesTheEnds) {
  EXPECT_GT(to_open_unit(0), 0.0);
  EXPECT_LT(to_open_unit(~std::uint64_t{0}), 1.0);
  EXPECT_NEAR(to_open_unit(std::uint64_t{1} << 63), 0.5, 1e-15);
}

}  // namespace
}  // namespace gluesweep::sweep
