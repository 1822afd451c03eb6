#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace gluesweep::sweep {

/// The Sobol sequence with random access: any point from its index alone.
///
/// Direction numbers of Joe & Kuo, SIAM J. Sci. Comput. 30, 2635 (2008), through Boost.Random; points in the
/// Gray-code order of Antonov & Saleev, USSR Comput. Math. Math. Phys. 19, 252 (1980). Index 0 is the origin.
class SobolSequence {
 public:
  /// Throws std::invalid_argument beyond the 3,667 dimensions of the table.
  explicit SobolSequence(std::size_t dimensions);

  /// Coordinate of point `index` as a binary fraction: digits / 2^64.
  std::uint64_t digits(std::uint64_t index, std::size_t dimension) const;

 private:
  static constexpr std::size_t bits = 63;  // of the index
  std::vector<std::array<std::uint64_t, bits>> directions_;
};

/// Owen's nested uniform scrambling of the binary fraction digits / 2^64: each of the first 52 digits is
/// flipped by a random bit that depends on (seed, dimension) and on all digits above it, the rest is dropped.
/// It keeps every digital-net property of the sequence. Owen, "Randomly permuted (t,m,s)-nets and
/// (t,s)-sequences", 1995, doi:10.1007/978-1-4612-2552-2_19; drawing the tree of flips from a hash instead of
/// storing it as in Burley, "Practical hash-based Owen scrambling", JCGT 10(4), 2020.
std::uint64_t owen_scramble(std::uint64_t digits, std::uint64_t seed, std::uint32_t dimension);

/// A random permutation of 0 ... size-1, keyed on (seed, dimension), evaluated at one index without storing
/// it: a Feistel network on the next power of four, walked until it falls inside. Black & Rogaway, "Ciphers
/// with arbitrary finite domains", CT-RSA 2002, doi:10.1007/3-540-45760-7_9.
class Permutation {
 public:
  Permutation(std::uint64_t size, std::uint64_t seed, std::uint32_t dimension);
  std::uint64_t operator()(std::uint64_t index) const;

 private:
  std::uint64_t encrypt(std::uint64_t value) const;

  std::uint64_t size_, seed_;
  std::uint32_t dimension_;
  unsigned half_bits_;
};

}  // namespace gluesweep::sweep
