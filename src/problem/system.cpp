#include "gluesweep/problem/system.hpp"

#include <algorithm>
#include <cmath>

#include "frame_compiler.hpp"
#include "gluesweep/job/error.hpp"

namespace gluesweep::problem {
using at::Tensor;

double System::to_x(double t) const { return log_scale_ ? std::log(t) : t; }

System::System(const job::Problem& problem)
    : size_(problem.state_size()),
      log_scale_(problem.variable.scale == job::Scale::log),
      start_(problem.variable.start),
      end_(problem.variable.end) {
  if (problem.parameters.empty()) {
    throw job::InputError("problem '" + problem.name +
                          "' has no parameters, but a scan is over at least one; declare one under "
                          "`parameters`, with a default where it is not to vary");
  }
  Graph graph;
  const auto names = declare(graph, problem);
  base_ = names.base;
  std::vector<Node> exact;
  for (const auto& unknown : problem.unknowns) {
    if (unknown.exact) exact.push_back(graph.build(unknown.exact, names.everywhere));
  }
  const auto place = names.place();
  magnitudes_ = Tape(graph, concatenate({place, names.state}), names.magnitude);
  right_side_ = Tape(graph, concatenate({place, names.state}), names.slope);
  if (exact.size() == problem.unknowns.size()) exact_ = Tape(graph, place, exact);

  const auto state_names = problem.state_names();
  for (const auto& condition : problem.conditions) {
    for (const auto& [name, value] : condition.values) {
      const auto component = std::find(state_names.begin(), state_names.end(), name) - state_names.begin();
      conditions_.push_back({condition.place, condition.at, static_cast<int>(component),
                             Tape(graph, place, {graph.build(value, names.everywhere)})});
    }
  }

  compile_patches(graph, problem, names);

  std::vector<Node> response;
  for (const Node slope : names.slope) {
    for (const Node state : names.state) response.push_back(graph.derivative(slope, state));
  }
  right_side_jacobian_ = Tape(graph, concatenate({place, names.state}), response);
}

void System::compile_patches(Graph& graph, const job::Problem& problem, const ProblemNodes& names) {
  const double width = to_x(end_) - to_x(start_);
  const auto scalar = [&](const std::vector<Node>& nodes) { return Tape(graph, names.theta, nodes); };
  for (std::size_t p = 0; p < problem.patches.size(); ++p) {
    const auto& patch = problem.patches[p];
    if (patch.until) hand_over_.push_back(scalar({graph.build(patch.until, names.everywhere)}));
    // The overlap is a factor of a logarithmic variable and a half-width of a linear one.
    Node overlap = graph.number(log_scale_ ? std::log(1.5) : 0.05 * width);
    if (patch.overlap) {
      overlap = graph.build(patch.overlap, names.everywhere);
      if (log_scale_) overlap = graph.apply(Op::log, overlap);
    }
    overlap_.push_back(scalar({overlap}));
    std::vector<Node> guesses, places;
    for (const auto& constant : patch.constants) {
      guesses.push_back(graph.build(constant.guess, names.everywhere));
    }
    for (const auto& at : patch.resolve) places.push_back(graph.build(at, names.everywhere));
    guess_.push_back(scalar(guesses));
    resolve_.push_back(scalar(places));
    frames_.push_back(FrameCompiler(graph, problem, p, names).compile());
  }
  const auto scalars = declare_scalars(graph, problem, names);
  std::vector<Node> derived;
  for (const auto& value : problem.derived) derived.push_back(graph.build(value.value, scalars.symbols));
  derived_ = Tape(graph, concatenate({names.theta, scalars.inputs}), derived);
}

Tensor BoundaryValue::where(const Tensors& theta) const { return at::full_like(theta.front(), at); }

Tensor BoundaryValue::target(const Tensors& theta) const {
  Tensors inputs{where(theta)};
  inputs.insert(inputs.end(), theta.begin(), theta.end());
  return value(inputs).front().expand_as(theta.front());
}

Tensors System::magnitudes(const Tensor& t, const Tensors& theta, const Tensors& state) const {
  Tensors inputs{t};
  inputs.insert(inputs.end(), theta.begin(), theta.end());
  inputs.insert(inputs.end(), state.begin(), state.end());
  auto values = magnitudes_(inputs);
  for (auto& value : values) value = value.expand_as(t);
  return values;
}

bool System::starts_with_all() const {
  return std::all_of(conditions_.begin(), conditions_.end(),
                     [](const auto& condition) { return condition.place == job::Condition::Place::start; });
}

namespace {

/// Per-point scalars: every output as (B, 1).
Tensors per_point(const Tape& tape, const Tensors& theta, const Tensor& like) {
  auto values = tape(theta);
  for (auto& value : values) value = value.expand_as(like).contiguous();
  return values;
}

}  // namespace

Tensor System::hand_over(int patch, const Tensors& theta) const {
  return per_point(hand_over_[static_cast<std::size_t>(patch)], theta, theta.front()).front();
}

Tensor System::overlap(int patch, const Tensors& theta) const {
  return per_point(overlap_[static_cast<std::size_t>(patch)], theta, theta.front()).front();
}

Tensors System::resolve(int patch, const Tensors& theta) const {
  return per_point(resolve_[static_cast<std::size_t>(patch)], theta, theta.front());
}

Tensors System::guess(int patch, const Tensors& theta) const {
  return per_point(guess_[static_cast<std::size_t>(patch)], theta, theta.front());
}

Tensors System::derived(const Tensors& theta, const Tensors& inputs) const {
  Tensors all = theta;
  all.insert(all.end(), inputs.begin(), inputs.end());
  return per_point(derived_, all, theta.front());
}

Tensors System::exact(const Tensor& t, const Tensors& theta) const {
  if (!exact_) return {};
  Tensors inputs{t};
  inputs.insert(inputs.end(), theta.begin(), theta.end());
  auto values = (*exact_)(inputs);
  for (auto& value : values) value = value.expand_as(t);
  return values;
}

}  // namespace gluesweep::problem
