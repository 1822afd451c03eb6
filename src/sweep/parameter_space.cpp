#include "gluesweep/sweep/parameter_space.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "gluesweep/job/error.hpp"
#include "gluesweep/sweep/random.hpp"

namespace gluesweep::sweep {
namespace {

using job::Sampler;
using job::Scale;
using job::SweptParameter;

/// The position u in [0, 1] between the range's ends, on its scale.
double on_scale(const SweptParameter& axis, double u) {
  if (axis.scale == Scale::linear) return axis.low + (axis.high - axis.low) * u;
  const double low = std::log(axis.low);
  return std::exp(low + (std::log(axis.high) - low) * u);
}

/// Rounding may carry a point next to an end onto it.
double strictly_inside(const SweptParameter& axis, double value) {
  value = std::max(value, std::nextafter(axis.low, axis.high));
  return std::min(value, std::nextafter(axis.high, axis.low));
}

std::int64_t grid_points(const SweptParameter& axis) {
  return axis.kind == SweptParameter::Kind::values ? static_cast<std::int64_t>(axis.values.size())
                                                   : axis.points;
}

double grid_value(const SweptParameter& axis, std::int64_t step) {
  if (axis.kind == SweptParameter::Kind::values) return axis.values[static_cast<std::size_t>(step)];
  if (step == 0) return axis.low;
  if (step == axis.points - 1) return axis.high;
  return on_scale(axis, static_cast<double>(step) / static_cast<double>(axis.points - 1));
}

/// Position of a sample in a Latin hypercube of `size` strata: stratum permutation(sample) plus a jitter. 32
/// bits of jitter keep the sum inside its stratum after rounding.
double latin_coordinate(const Permutation& permutation, std::uint64_t seed, std::uint32_t dimension,
                        std::int64_t sample, std::int64_t size) {
  const auto id = static_cast<std::uint64_t>(sample);
  const double jitter =
      (static_cast<double>(random_bits(seed, Purpose::jitter, dimension, id) >> 32) + 0.5) * 0x1.0p-32;
  return (static_cast<double>(permutation(id)) + jitter) / static_cast<double>(size);
}

std::int64_t column_of(const job::Problem& problem, const std::string& name) {
  for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
    if (problem.parameters[i].name == name) return static_cast<std::int64_t>(i);
  }
  throw job::InputError("sweep.parameters." + name + ": the problem '" + problem.name +
                        "' has no such parameter: add it to the problem's `parameters` or remove it here");
}

}  // namespace

ParameterSpace::ParameterSpace(const job::Job& job) : sampler_(job.sweep.sampler), seed_(job.sweep.seed) {
  std::vector<bool> known;
  for (const auto& parameter : job.problem.parameters) {
    base_.push_back(parameter.default_value);
    known.push_back(parameter.has_default);
  }
  for (const auto& parameter : job.sweep.parameters) {
    const std::int64_t column = column_of(job.problem, parameter.name);
    known[static_cast<std::size_t>(column)] = true;
    if (parameter.kind == SweptParameter::Kind::fixed) {
      base_[static_cast<std::size_t>(column)] = parameter.fixed;
      continue;
    }
    axes_.push_back(parameter);
    names_.push_back(parameter.name);
    columns_.push_back(column);
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i]) continue;
    const std::string& name = job.problem.parameters[i].name;
    throw job::InputError("the parameter '" + name + "' of problem '" + job.problem.name +
                          "' has no default and the sweep does not give it: add sweep.parameters." + name);
  }

  size_ = job.sweep.samples;
  if (sampler_ == Sampler::grid) {
    size_ = 1;
    strides_.resize(axes_.size());
    for (std::size_t i = axes_.size(); i-- > 0;) {
      strides_[i] = size_;
      size_ *= grid_points(axes_[i]);
    }
  } else if (sampler_ == Sampler::list) {
    size_ = axes_.empty() ? 0 : static_cast<std::int64_t>(axes_.front().values.size());
  } else if (sampler_ == Sampler::sobol) {
    sobol_.emplace(axes_.size());
  } else if (sampler_ == Sampler::latin_hypercube) {
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      permutations_.emplace_back(static_cast<std::uint64_t>(size_), seed_, static_cast<std::uint32_t>(i));
    }
  }
}

double ParameterSpace::unit_coordinate(std::size_t dimension, std::int64_t sample) const {
  const auto id = static_cast<std::uint64_t>(sample);
  const auto stream = static_cast<std::uint32_t>(dimension);
  switch (sampler_) {
    case Sampler::sobol: return to_open_unit(owen_scramble(sobol_->digits(id, dimension), seed_, stream));
    case Sampler::latin_hypercube:
      return latin_coordinate(permutations_[dimension], seed_, stream, sample, size_);
    default: return to_open_unit(random_bits(seed_, Purpose::point, stream, id));
  }
}

double ParameterSpace::value(std::size_t dimension, std::int64_t sample) const {
  const SweptParameter& axis = axes_[dimension];
  if (sampler_ == Sampler::list) return axis.values[static_cast<std::size_t>(sample)];
  if (sampler_ == Sampler::grid) return grid_value(axis, sample / strides_[dimension] % grid_points(axis));
  return strictly_inside(axis, on_scale(axis, unit_coordinate(dimension, sample)));
}

at::Tensor ParameterSpace::block(std::int64_t first, std::int64_t count) const {
  if (first < 0 || count < 0 || first > size_ - count) {
    throw std::out_of_range("samples " + std::to_string(first) + " to " + std::to_string(first + count - 1) +
                            " of a sweep of " + std::to_string(size_));
  }
  const auto width = static_cast<std::int64_t>(base_.size());
  at::Tensor parameters = at::empty({count, width}, at::kDouble);
  auto* out = parameters.data_ptr<double>();
  for (std::int64_t row = 0; row < count; ++row, out += width) {
    std::copy(base_.begin(), base_.end(), out);
    for (std::size_t i = 0; i < axes_.size(); ++i) out[columns_[i]] = value(i, first + row);
  }
  return parameters;
}

at::Tensor ParameterSpace::spread(std::int64_t count) const {
  count = std::min(count, size_);
  const bool ordered = sampler_ == Sampler::grid || sampler_ == Sampler::list;
  if (!ordered || count == size_ || count == 0) return block(0, count);
  // Steps of the golden ratio leave no large gap; without a common divisor no sample comes twice.
  auto step = static_cast<std::int64_t>(std::llround(0.6180339887498949 * static_cast<double>(size_)));
  while (std::gcd(step, size_) != 1) ++step;
  std::vector<at::Tensor> rows;
  for (std::int64_t i = 0, sample = 0; i < count; ++i, sample = (sample + step) % size_)
    rows.push_back(block(sample, 1));
  return at::cat(rows, 0);
}

at::Tensor ParameterSpace::swept(const at::Tensor& parameters) const {
  return parameters.index_select(1, at::tensor(columns_, at::kLong));
}

}  // namespace gluesweep::sweep
