#pragma once

#include <array>
#include <cstdint>

/// Random numbers without state: every value is a function of (seed, purpose, dimension, index), so the point
/// of a sample does not depend on the rank, the block or the order in which it is computed.
namespace gluesweep::sweep {

/// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as
/// easy as 1, 2, 3", SC'11, doi:10.1145/2063384.2063405.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// What a random number is for: different purposes never share a counter.
enum class Purpose : std::uint32_t { point = 0, jitter = 1, permutation = 2, scramble = 3 };

/// 64 random bits for (seed, purpose, dimension, index).
std::uint64_t random_bits(std::uint64_t seed, Purpose purpose, std::uint32_t dimension, std::uint64_t index);

/// The upper 52 of `bits` as a number strictly inside (0, 1): the midpoint of one of 2^52 equal cells, which
/// is exact in float64 on every platform (std::uniform_real_distribution is not specified to the bit).
double to_open_unit(std::uint64_t bits);

}  // namespace gluesweep::sweep
