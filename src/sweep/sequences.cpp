#include "gluesweep/sweep/sequences.hpp"

#include <boost/random/sobol.hpp>

#include "gluesweep/sweep/random.hpp"

namespace gluesweep::sweep {

SobolSequence::SobolSequence(std::size_t dimensions) : directions_(dimensions) {
  if (dimensions == 0) return;
  boost::random::sobol engine(dimensions);
  for (std::size_t bit = 0; bit < bits; ++bit) {
    // The point whose Gray code is the single bit `bit` is that bit's direction number. Boost skips the
    // origin: its state n is the sequence's point n + 1.
    engine.seed((std::uint64_t{2} << bit) - 2);
    for (auto& direction : directions_) direction[bit] = engine();
  }
}

std::uint64_t SobolSequence::digits(std::uint64_t index, std::size_t dimension) const {
  std::uint64_t result = 0;
  std::uint64_t gray = index ^ (index >> 1);
  for (std::size_t bit = 0; gray != 0; ++bit, gray >>= 1) {
    if (gray & 1) result ^= directions_.at(dimension)[bit];
  }
  return result;
}

std::uint64_t owen_scramble(std::uint64_t digits, std::uint64_t seed, std::uint32_t dimension) {
  constexpr unsigned kept = 52;
  std::uint64_t scrambled = 0;
  std::uint64_t above =
      1;  // the digits above, behind a leading 1: a different number for every node of the tree
  for (unsigned place = 63; place > 63 - kept; --place) {
    const std::uint64_t digit = (digits >> place) & 1;
    scrambled |= (digit ^ (random_bits(seed, Purpose::scramble, dimension, above) & 1)) << place;
    above = (above << 1) | digit;
  }
  return scrambled;
}

Permutation::Permutation(std::uint64_t size, std::uint64_t seed, std::uint32_t dimension)
    : size_(size), seed_(seed), dimension_(dimension), half_bits_(1) {
  while (half_bits_ < 31 && (std::uint64_t{1} << (2 * half_bits_)) < size) ++half_bits_;
}

std::uint64_t Permutation::encrypt(std::uint64_t value) const {
  constexpr std::uint64_t rounds = 8;
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  std::uint64_t left = value >> half_bits_;
  std::uint64_t right = value & mask;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    // half_bits_ <= 31, so the round number never meets the bits of `right`.
    const std::uint64_t mixed = random_bits(seed_, Purpose::permutation, dimension_, (round << 32) | right);
    const std::uint64_t next = left ^ (mixed & mask);
    left = right;
    right = next;
  }
  return (left << half_bits_) | right;
}

std::uint64_t Permutation::operator()(std::uint64_t index) const {
  do {
    index = encrypt(index);
  } while (index >= size_);
  return index;
}

}  // namespace gluesweep::sweep
