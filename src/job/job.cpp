#include "gluesweep/job/job.hpp"

#include <cmath>

namespace gluesweep::job {
namespace {

constexpr double drawn_per_trained = 4.0 / 3.0;

}  // namespace

std::vector<std::string> Problem::state_names() const {
  std::vector<std::string> names;
  for (const Unknown& unknown : unknowns) {
    std::string component = unknown.name;
    for (int derivative = 0; derivative < unknown.order; ++derivative) {
      if (derivative > 0) component += (derivative == 1 ? "_" : "") + variable.symbol;
      names.push_back(component);
    }
  }
  return names;
}

int Problem::state_size() const {
  int size = 0;
  for (const Unknown& unknown : unknowns) size += unknown.order;
  return size;
}

int drawn_features(int trained) { return static_cast<int>(std::lround(trained * drawn_per_trained)); }

Network Network::drawn() const {
  Network network = *this;
  if (train.points == 0) return network;
  network.features = drawn_features(features);
  network.width = 0;
  network.train = {};
  return network;
}

std::vector<double> Job::output_points() const {
  if (!output.values.empty()) return output.values;
  const Variable& variable = problem.variable;
  const bool is_log = variable.scale == Scale::log;
  const double first = is_log ? std::log(variable.start) : variable.start;
  const double last = is_log ? std::log(variable.end) : variable.end;
  std::vector<double> points;
  for (std::int64_t i = 0; i < output.points; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(output.points - 1);
    const double place = first + share * (last - first);
    points.push_back(is_log ? std::exp(place) : place);
  }
  // The logarithm's rounding must not push a point out of the range.
  points.front() = variable.start;
  points.back() = variable.end;
  return points;
}

std::vector<std::size_t> Job::varied_parameters() const {
  std::vector<std::size_t> indices;
  for (const SweptParameter& swept : sweep.parameters) {
    if (swept.kind == SweptParameter::Kind::fixed) continue;
    for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
      if (problem.parameters[i].name == swept.name) indices.push_back(i);
    }
  }
  return indices;
}

}  // namespace gluesweep::job
