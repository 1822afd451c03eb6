#include "sensitivities.hpp"

#include <cmath>

#include "linearised.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// q*n tensors (B, m), of component i by parameter j at j*n + i, to (n, q, B, m).
Tensor by_component(const Tensors& values, std::int64_t components) {
  return at::stack(values, 0).unflatten(0, {-1, components}).transpose(0, 1);
}

/// What the parameters themselves change, where the constants stay.
class ByParameters : public RightSides {
 public:
  ByParameters(const Linearisation& at_values, const problem::ParameterDerivatives& derivatives)
      : at_values_(at_values), derivatives_(derivatives) {}

  std::int64_t columns() const override { return derivatives_.parameters(); }

  std::optional<Tensor> in_elements(int patch) const override {
    const auto s = static_cast<std::size_t>(patch);
    const auto& own = at_values_.grid.patches[s];
    const auto rates = derivatives_.frame(patch).rate(own.t, at_values_.theta, at_values_.nodes[s]);
    const auto per_xi = by_component(rates, at_values_.system.size()) * own.speed;  // (n, q, B, N)
    return at_values_.grid.elements->integrate(per_xi).permute({2, 3, 0, 4, 1});    // (B, E, n, s, q)
  }

  Tensor in_state(int patch, const Tensor& t, const Tensors& constants,
                  const problem::Frame::Response&) const override {
    const auto values = derivatives_.frame(patch).state(t, at_values_.theta, constants);
    return at::cat(values, 1).unflatten(1, {-1, at_values_.system.size()}).transpose(1, 2);
  }

  Tensor in_condition(std::size_t condition) const override {
    return at::cat(derivatives_.target(condition, at_values_.theta), 1);
  }

 private:
  const Linearisation& at_values_;
  const problem::ParameterDerivatives& derivatives_;
};

/// The inputs of derived quantities: limits, crossovers, end state, each (B).
Tensor derived_inputs(const Tensor& limits, const Tensor& crossovers, const Tensor& end) {
  return at::cat({limits, crossovers, end}, 0);
}

Tensor derived_by(const problem::ParameterDerivatives& derivatives, const Tensors& theta,
                  const Tensor& inputs, const Tensor& inputs_by) {
  const auto count = inputs.size(0), q = inputs_by.size(1);
  Tensors columns;
  for (const auto& row : inputs.unbind(0)) columns.push_back(row.unsqueeze(1));
  const auto [by_parameter, by_input] = derivatives.derived(theta, columns);
  if (by_parameter.empty()) return at::empty({0, inputs.size(1)}, inputs.options());
  const auto direct = at::cat(by_parameter, 1).t().unflatten(0, {-1, q});                // (D, q, B)
  const auto partial = at::cat(by_input, 1).t().unflatten(0, {-1, count}).unsqueeze(2);  // (D, I, 1, B)
  // An input that does not count may be undefined.
  const auto through = at::where(partial == 0.0, at::zeros_like(partial), partial * inputs_by);
  return (direct + through.sum(1)).flatten(0, 1);
}

}  // namespace

Sensitivities::Sensitivities(const problem::System& system, const problem::ParameterDerivatives& derivatives,
                             const Points& points, const Grid& grid, const Solution& solution)
    : system_(system),
      derivatives_(derivatives),
      points_(points),
      grid_(grid),
      solution_(solution),
      nodes_(solution.frame_nodes(grid)) {
  const Linearisation at_values{system, points.theta, points.regions, grid, nodes_};
  for (const auto& values : solve_linearised(at_values, ByParameters(at_values, derivatives))) {
    solved_.push_back(values.permute({0, 2, 3, 1}).flatten(1, 2).contiguous());
  }
}

Tensor Sensitivities::constants(int patch, const Tensor& xi) const {
  const auto& values = solved_[static_cast<std::size_t>(patch)];
  return grid_.elements->interpolate(values, xi).transpose(0, 1).unflatten(0, {system_.size(), parameters()});
}

Tensor Sensitivities::in_frame(int patch, const Tensor& t, const Tensor& x) const {
  const auto s = static_cast<std::size_t>(patch);
  const auto xi = grid_.patches[s].map.xi(x).clamp(-1.0, 1.0);
  Tensors values;
  for (const auto& nodes : nodes_[s]) values.push_back(grid_.elements->interpolate(nodes, xi));
  const auto n = system_.size();
  const auto response = system_.frame(patch).response(t, points_.theta, values);
  const auto jacobian = at::stack(response.jacobian, 0).unflatten(0, {n, n});  // (n, n, B, m)
  const auto direct = by_component(derivatives_.frame(patch).state(t, points_.theta, values), n);
  return (jacobian.unsqueeze(2) * constants(patch, xi)).sum(1) + direct;
}

Tensor Sensitivities::state(const Tensor& t) const {
  const auto x = system_.to_x(t);
  Tensor result;
  for (int p = 0; p < system_.patches(); ++p) {
    const auto& map = grid_.patches[static_cast<std::size_t>(p)].map;
    const auto place = at::minimum(at::maximum(x, map.start), map.end);
    // Outside its region a patch is asked at the region's edge, where it is certainly defined.
    const auto own = in_frame(p, at::where(place == x, t, system_.to_t(place)), place);
    result = p == 0 ? own : at::where(points_.regions.owned(p, x), own, result);
  }
  return result;
}

Tensor Sensitivities::limits(const Grid& trained, const Tensors& moves) const {
  const auto places = limit_nodes(system_, points_, trained, solution_);
  const auto nodes = solution_.coefficient_nodes(trained);
  Tensors rows;
  for (int p = 0; p < system_.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto node = places.narrow(1, p, 1);
    // Slopes belong to an element's own nodes, which its left end is not.
    const auto sloped = (node - 1).clamp_min(0);
    Tensors slopes;
    for (const auto& values : nodes[s]) {
      slopes.push_back(trained.elements->slopes(values).flatten(1).gather(1, sloped).squeeze(1));
    }
    const auto speed = trained.patches[s].speed.gather(1, node).squeeze(1);
    const auto shift = moves[s].gather(2, node.unsqueeze(0).expand({parameters(), -1, -1})).squeeze(2);
    const auto moved = at::stack(slopes, 0).unsqueeze(1) * shift / speed;  // (n, q, B)
    rows.push_back(constants(p, trained.elements->xi.take(node)).squeeze(3) + moved);
  }
  return at::cat(rows, 0);
}

Sensitivities::Drift Sensitivities::drift(int patch, const Tensor& t, const Tensors& constants,
                                          const Tensor& state) const {
  const auto n = system_.size();
  const auto& by = derivatives_.frame(patch);
  const auto response = system_.frame(patch).response(t, points_.theta, constants);
  const auto rest = state - by_component(by.state(t, points_.theta, constants), n);        // (n, q, B, 1)
  const auto own = relative_solve(response.jacobian, rest.squeeze(3).permute({2, 0, 1}));  // (B, n, q)
  const auto [by_parameter, by_constant, by_place] = by.drift(t, points_.theta, constants);
  const auto through = (at::cat(by_constant, 1).unsqueeze(2) * own).sum(1);
  return {(at::cat(by_parameter, 1) + through).t(), by_place.squeeze(1)};
}

Tensor Sensitivities::crossovers(const Tensor& crossovers) const {
  Tensors rows;
  for (int p = 0; p + 1 < system_.patches(); ++p) {
    const auto found = crossovers[p].unsqueeze(1);
    const auto t = at::where(found.isfinite(), found, at::full_like(found, system_.start()));
    const auto frames = solution_.evaluate(t, {p, p + 1}).frames;
    const auto by_state = state(t);
    const auto s = static_cast<std::size_t>(p);
    const auto before = drift(p, t, frames[s], by_state), after = drift(p + 1, t, frames[s + 1], by_state);
    const auto moved =
        (after.by_parameter - before.by_parameter) / (before.by_place - after.by_place);  // (q, B)
    rows.push_back(at::where(crossovers[p].isfinite(), moved, at::full_like(moved, NAN)));
  }
  const auto options = crossovers.options();
  return rows.empty() ? at::empty({0, parameters(), points_.count()}, options) : at::stack(rows, 0);
}

void add_sensitivities(const problem::System& system, const Points& points, const Tensor& t,
                       const problem::ParameterDerivatives& derivatives, const Sensitivities& sensitivities,
                       const Tensor& limits_by, BlockResult& result) {
  const auto state = sensitivities.state(t);
  Tensors unknowns;
  for (int u = 0; u < system.unknowns(); ++u) unknowns.push_back(state[system.component(u)]);
  const auto crossovers = sensitivities.crossovers(result.crossovers);
  result.solution_by = at::cat(unknowns, 0);
  result.limits_by = limits_by.flatten(0, 1);
  result.crossovers_by = crossovers.flatten(0, 1);
  result.derived_by =
      derived_by(derivatives, points.theta,
                 derived_inputs(result.limits, result.crossovers, result.solution.select(2, -1)),
                 derived_inputs(limits_by, crossovers, state.select(3, -1)));
  const auto is = [&](Status which) { return result.status == static_cast<std::int64_t>(which); };
  const auto failed = is(Status::failed_nonfinite) | is(Status::degenerate_patch);
  for (auto* values : {&result.limits_by, &result.crossovers_by, &result.derived_by}) {
    *values = values->masked_fill(failed, NAN);
  }
  result.solution_by = result.solution_by.masked_fill(failed.unsqueeze(1), NAN);
}

void add_no_sensitivities(BlockResult& result) {
  const auto points = result.limits.size(1);
  result.solution_by = at::empty({0, points, result.solution.size(2)}, result.solution.options());
  for (auto* values : {&result.limits_by, &result.crossovers_by, &result.derived_by}) {
    *values = at::empty({0, points}, result.limits.options());
  }
}

}  // namespace gluesweep::training
