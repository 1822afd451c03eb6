#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "gluesweep/emulator/polynomial.hpp"

namespace gluesweep::emulator {

/// Which points train, which choose the regression, which measure it: increasing numbers of points, int64.
struct Split {
  at::Tensor training, validation, held_out;

  at::Tensor all_but_held_out() const { return at::cat({training, validation}); }
};

/// A share `holdout` of the points for each of the last two; the seed decides which. Throws job::InputError
/// if too few are left for training in so many axes.
Split make_split(std::int64_t points, std::int64_t axes, double holdout, std::uint64_t seed);

Samples chosen(const Samples& all, const at::Tensor& rows);

}  // namespace gluesweep::emulator
