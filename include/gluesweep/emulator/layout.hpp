#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/network/map.hpp"
#include "gluesweep/network/scale.hpp"

namespace gluesweep::emulator {

/// Where the coefficient networks of some points stand and how large their constants are.
struct Layout {
  std::vector<network::Map> maps;  ///< per patch
  network::Scale scale;            ///< of the K constants
};

/// What is constant in a layout: its extents.
struct LayoutShape {
  std::int64_t patches = 0, map_parameters = 0, constants = 0, scale_terms = 0;  ///< P m K T

  std::int64_t size() const { return patches * map_parameters + constants * scale_terms; }
};

/// Rows (B, P m + K T) as regressions give them, of maps (B, P, m) and scales (B, K, T) as stored in sweep
/// files; the numbers for which `logarithm` is 1 as logarithms.
at::Tensor packed_layout(const at::Tensor& map, const at::Tensor& scale, const at::Tensor& logarithm);
Layout unpacked_layout(const at::Tensor& rows, const LayoutShape& shape, const at::Tensor& logarithm);

/// The widths of the maps' terms: they are positive and span decades.
at::Tensor layout_logarithms(const LayoutShape& shape);

}  // namespace gluesweep::emulator
