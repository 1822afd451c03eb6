#include "gluesweep/emulator/emulator.hpp"

#include <cmath>

namespace gluesweep::emulator {
namespace {

double scaled(const Axis& axis, double value) {
  return axis.scale == job::Scale::log ? std::log(value) : value;
}

}  // namespace

at::Tensor normalised(const std::vector<Axis>& axes, const at::Tensor& values) {
  std::vector<at::Tensor> columns;
  for (std::size_t j = 0; j < axes.size(); ++j) {
    const auto& axis = axes[j];
    const double low = scaled(axis, axis.low), high = scaled(axis, axis.high);
    const auto value = values.select(1, static_cast<std::int64_t>(j));
    const auto g = axis.scale == job::Scale::log ? value.log() : value;
    columns.push_back(2.0 * (g - low) / (high - low) - 1.0);
  }
  return at::stack(columns, 1);
}

at::Tensor physical(const std::vector<Axis>& axes, const at::Tensor& z) {
  std::vector<at::Tensor> columns;
  for (std::size_t j = 0; j < axes.size(); ++j) {
    const auto& axis = axes[j];
    const double low = scaled(axis, axis.low), high = scaled(axis, axis.high);
    const auto g = low + (high - low) * 0.5 * (z.select(1, static_cast<std::int64_t>(j)) + 1.0);
    columns.push_back(axis.scale == job::Scale::log ? g.exp() : g);
  }
  return at::stack(columns, 1);
}

}  // namespace gluesweep::emulator
