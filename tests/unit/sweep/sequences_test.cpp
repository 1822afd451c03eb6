#include "gluesweep/sweep/sequences.hpp"

#include <gtest/gtest.h>

#include <boost/random/sobol.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "gluesweep/sweep/random.hpp"

namespace gluesweep::sweep {
namespace {

double fraction(std::uint64_t digits) { return static_cast<double>(digits >> 11) * 0x1.0p-53; }

TEST(Sobol, BeginsAsPublished) {
  const SobolSequence sequence(3);
  // The first points of the sequence of Joe & Kuo (2008), sobol.cc's output for three dimensions.
  const std::vector<std::vector<double>> expected{
      {0.0, 0.0, 0.0},       {0.5, 0.5, 0.5},       {0.75, 0.25, 0.25},    {0.25, 0.75, 0.75},
      {0.375, 0.375, 0.625}, {0.875, 0.875, 0.125}, {0.625, 0.125, 0.875}, {0.125, 0.625, 0.375}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d)
      EXPECT_EQ(fraction(sequence.digits(i, d)), expected[i][d]) << i << " " << d;
  }
}

TEST(Sobol, AgreesWithTheSequentialGenerator) {
  constexpr std::size_t dimensions = 20;
  const SobolSequence sequence(dimensions);
  boost::random::sobol engine(dimensions);
  for (std::uint64_t i = 1; i < 3000; ++i) {
    for (std::size_t d = 0; d < dimensions; ++d) ASSERT_EQ(sequence.digits(i, d), engine()) << i << " " << d;
  }
}

class ScrambledSobol : public testing::TestWithParam<std::uint64_t> {
 protected:
  double at(std::uint64_t index, std::size_t dimension) const {
    return to_open_unit(
        owen_scramble(sequence_.digits(index, dimension), GetParam(), static_cast<std::uint32_t>(dimension)));
  }
  SobolSequence sequence_{6};
};

TEST_P(ScrambledSobol, HasOnePointPerDyadicInterval) {
  for (int k = 0; k <= 10; ++k) {
    const std::uint64_t size = std::uint64_t{1} << k;
    for (const std::uint64_t first : {std::uint64_t{0}, 3 * size}) {
      for (std::size_t d = 0; d < 6; ++d) {
        std::set<int> cells;
        for (std::uint64_t i = 0; i < size; ++i) {
          cells.insert(static_cast<int>(at(first + i, d) * static_cast<double>(size)));
        }
        EXPECT_EQ(cells.size(), size) << "2^" << k << " points from " << first << ", dimension " << d;
      }
    }
  }
}

// The first two dimensions form a (0, 2)-sequence: 2^k points, one in each elementary interval of area 2^-k.
TEST_P(ScrambledSobol, FillsElementaryIntervalsOfTheFirstTwoDimensions) {
  for (int k = 1; k <= 10; ++k) {
    const std::uint64_t size = std::uint64_t{1} << k;
    for (int a = 0; a <= k; ++a) {
      std::set<std::pair<int, int>> cells;
      for (std::uint64_t i = 0; i < size; ++i) {
        cells.insert(
            {static_cast<int>(std::ldexp(at(i, 0), a)), static_cast<int>(std::ldexp(at(i, 1), k - a))});
      }
      EXPECT_EQ(cells.size(), size) << "2^" << k << " points, 2^" << a << " columns";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ScrambledSobol, testing::Values(0, 1, 7, 0xFFFFFFFFFFFFFFFFu));

TEST(OwenScramble, KeepsCommonPrefixesAndNothingElse) {
  // Two numbers that first differ in digit d still first differ in digit d.
  const std::uint64_t number = 0x9E3779B97F4A7C15u;
  for (unsigned place = 63; place > 12; --place) {
    const std::uint64_t other = number ^ (std::uint64_t{1} << place);
    const std::uint64_t difference = owen_scramble(number, 3, 0) ^ owen_scramble(other, 3, 0);
    EXPECT_EQ(difference >> place, 1u) << place;
  }
}

TEST(OwenScramble, IsUniformOverSeeds) {
  // One fixed number over many seeds: mean 1/2, variance 1/12, each within 5 standard errors.
  constexpr int seeds = 20000;
  double sum = 0.0, squares = 0.0;
  for (int seed = 0; seed < seeds; ++seed) {
    const double u = to_open_unit(owen_scramble(std::uint64_t{1} << 62, static_cast<std::uint64_t>(seed), 0));
    sum += u;
    squares += (u - 0.5) * (u - 0.5);
  }
  EXPECT_NEAR(sum / seeds, 0.5, 5 * 0.289 / std::sqrt(seeds));
  EXPECT_NEAR(squares / seeds, 1.0 / 12.0, 5 * 0.0745 / std::sqrt(seeds));
}

TEST(Permutation, IsOne) {
  for (const std::uint64_t size : {1, 2, 3, 5, 16, 17, 100, 1023, 1024, 1025, 5000}) {
    const Permutation permutation(size, 11, 2);
    std::set<std::uint64_t> images;
    for (std::uint64_t i = 0; i < size; ++i) images.insert(permutation(i));
    EXPECT_EQ(images.size(), size);
    EXPECT_EQ(*images.rbegin(), size - 1);
  }
}

TEST(Permutation, MovesEveryIndexEverywhere) {
  // Over many keys the image of an index is uniform: chi-squared of 7 degrees of freedom, 99.99% point 29.9.
  constexpr int keys = 8000, size = 8;
  for (const std::uint64_t index : {0, 5}) {
    std::vector<int> count(size, 0);
    for (int key = 0; key < keys; ++key)
      ++count[Permutation(size, static_cast<std::uint64_t>(key), 0)(index)];
    double chi_squared = 0.0;
    for (const int c : count) chi_squared += (c - keys / size) * (c - keys / size) / (1.0 * keys / size);
    EXPECT_LT(chi_squared, 29.9) << index;
  }
}

TEST(Permutation, WorksForHugeSizes) {
  const std::uint64_t size = (std::uint64_t{1} << 61) + 12345;
  const Permutation permutation(size, 1, 0);
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_LT(permutation(i), size);
}

}  // namespace
}  // namespace gluesweep::sweep
