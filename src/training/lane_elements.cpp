#include "lane_elements.hpp"

#include <algorithm>

#include "gluesweep/problem/work.hpp"

namespace gluesweep::training {

using problem::lanes;

std::vector<double> to_lanes(const at::Tensor& values, std::int64_t first, std::int64_t count) {
  const auto places = values.size(1);
  const auto whole = values.contiguous();
  const double* from = whole.data_ptr<double>() + first * places;
  std::vector<double> result(static_cast<std::size_t>(places * lanes));
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    const double* row = from + std::min(lane, count - 1) * places;
    for (std::int64_t i = 0; i < places; ++i) result[static_cast<std::size_t>(i * lanes + lane)] = row[i];
  }
  return result;
}

void from_lanes(const double* lane_values, std::int64_t places, std::int64_t first, std::int64_t count,
                at::Tensor& values) {
  double* to = values.data_ptr<double>() + first * places;
  for (std::int64_t lane = 0; lane < count; ++lane) {
    for (std::int64_t i = 0; i < places; ++i) to[lane * places + i] = lane_values[i * lanes + lane];
  }
}

LaneElements::LaneElements(const problem::Frame& frame, const Tensors& theta,
                           const network::Elements& elements, const PatchGrid& patch, std::int64_t first,
                           std::int64_t count)
    : drift_(frame.drift_on_lanes()),
      shape_{frame.size(), elements.nodes, nullptr},
      t_(to_lanes(patch.t, first, count)),
      speed_(to_lanes(patch.speed, first, count)) {
  const auto integration = (elements.integration * elements.width).contiguous();
  weights_.assign(integration.data_ptr<double>(), integration.data_ptr<double>() + integration.numel());
  shape_.weights = weights_.data();
  std::vector<std::vector<double>> parameters;
  for (const auto& value : theta) parameters.push_back(to_lanes(value, first, count));
  for (int j = 0; j < shape_.nodes; ++j) {
    registers_.push_back(drift_.registers());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      std::copy(parameters[i].begin(), parameters[i].end(), registers_.back()[drift_.input(1 + i)]);
    }
    drift_.run(0, registers_.back());
  }
  const auto n = static_cast<std::size_t>(shape_.constants), s = static_cast<std::size_t>(shape_.nodes);
  rates_.resize(s * n * lanes);
  jacobian_.resize(s * n * n * lanes);
  matrix_.resize(s * n * s * n * lanes);
  missing_.resize(s * n * lanes);
}

void LaneElements::enter(int element) {
  element_ = element;
  for (int j = 0; j < shape_.nodes; ++j) {
    auto& registers = registers_[static_cast<std::size_t>(j)];
    const auto node = static_cast<std::size_t>(1 + element * shape_.nodes + j);
    std::copy_n(t_.data() + node * lanes, lanes, registers[drift_.input(0)]);
    drift_.run(1, registers);
  }
}

void LaneElements::assemble(const double* left, const double* values) {
  const int n = shape_.constants, s = shape_.nodes;
  const auto first_constant = drift_.inputs() - static_cast<std::size_t>(n);
  for (int j = 0; j < s; ++j) {
    auto& registers = registers_[static_cast<std::size_t>(j)];
    for (int k = 0; k < n; ++k) {
      std::copy_n(values + (k * s + j) * lanes, lanes,
                  registers[drift_.input(first_constant + static_cast<std::size_t>(k))]);
    }
    drift_.run(2, registers);
    for (int k = 0; k < n; ++k) {
      std::copy_n(registers[drift_.output(static_cast<std::size_t>(k))], lanes,
                  rates_.data() + (j * n + k) * lanes);
    }
    for (int kl = 0; kl < n * n; ++kl) {
      std::copy_n(registers[drift_.output(static_cast<std::size_t>(n + kl))], lanes,
                  jacobian_.data() + (j * n * n + kl) * lanes);
    }
  }
  const double* speed = speed_.data() + (1 + element_ * s) * lanes;
  const double unknowns = n * s;
  problem::count_work(problem::Work::elimination, 2.0 * lanes * unknowns * (unknowns + 2.0 * s));
  element_kernels().assemble(shape_, rates_.data(), jacobian_.data(), speed, left, values, matrix_.data(),
                             missing_.data());
}

}  // namespace gluesweep::training
