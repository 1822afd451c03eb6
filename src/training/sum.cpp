#include "sum.hpp"

#include <cmath>
#include <tuple>
#include <utility>
#include <vector>

#include "gluesweep/training/phases.hpp"
#include "normal_equations.hpp"
#include "row_weights.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr double tie_weight = 10.0;         // of condition rows against defects
constexpr double smallest_weight = 1.0e-3;  // of an element against its patch's most sensitive one
constexpr double first_variation = 0.1;     // weight of the variation, annealed ...
constexpr double last_variation = 1.0e-4;   // ... to this: its square is far above rounding
constexpr double polish = 1.0e-6;           // its weight in the last steps, which only smooths them
constexpr double annealing = 0.1;           // factor per iteration
constexpr double annealing_share = 0.6;     // of the iterations at most
constexpr double negligible = 0.1;          // of the variation's part in the loss against the equation's
constexpr double settled = 1.0e-6;          // change of the coefficients, in their units, that ends annealing
constexpr double first_damping = 1.0e-14;
constexpr int trials = 12;  // damping trials per iteration, a factor 30 each
// Relative decreases of the sum of squares that are not worth another step.
constexpr double stagnation = 1.0e-3, polishing_gain = 0.02;

/// (..., N) -> (..., E, s + 1): an element's left end, then its own nodes.
Tensor by_element(const network::Elements& elements, const Tensor& values) {
  return at::cat({elements.left(values).unsqueeze(-1), elements.inner(values)}, -1);
}

/// x^-1 y for matrices whose rows differ by orders of magnitude.
Tensor solve_scaled(const Tensor& x, const Tensor& y) {
  const auto rows = x.abs().amax(-1, true).clamp_min(1e-300);
  if (x.size(-1) == 1) return y / x;
  return std::get<0>(at::linalg_solve_ex(x / rows, y / rows));
}

/// The iteration's fixed parts for one batch.
class Trainer {
 public:
  explicit Trainer(const SumBatch& batch);

  struct Weights {
    Tensor defect;                  // (B, E, n): of the owner's constants
    Tensor variation;               // (B, K, E, s): 1 / (u_k sqrt(width of the step))
    std::vector<Tensor> condition;  // per condition (B, 1)
  };
  struct Linearised {
    Weights weights;
    Tensor matrix, gradient;       // (B, K F, K F), (B, K F) of the equation and the conditions
    Tensor smoothness, smoothing;  // of the variation with weight one: blocks (B, K, F, F), (B, K F)
    Tensor sensitivity;            // (B, E, s + 1, K): relative change of the solution per constant
    Tensor unit;                   // (B, K, N)
  };
  Linearised linearise(const Tensor& head);

  struct Residual {
    Tensor equation, variation;  // (B) sums of squares; the variation with weight one
    Tensor defect;               // (B) largest weighted defect or error of a condition
  };
  Residual residual(const Tensor& head, const Weights& weights) const;

  /// Largest relative change of the solution and of the coefficients in their units that a change makes, (B).
  std::pair<Tensor, Tensor> effect(const Tensor& change, const Linearised& linearised) const;

  Tensor project(const Tensors& nodes) const;
  std::int64_t features() const { return features_.size(1); }

 private:
  struct Frames {                    // what the owner of each element sees of the state
    std::vector<Tensors> constants;  // per patch n tensors (B, N), right on its own nodes
    std::vector<Tensor> t;           // per patch (B, N): its own places, those outside moved to the nearest
  };
  struct Condition {
    const problem::BoundaryValue* value;
    Tensor t, target;  // (B, 1)
    Tensor features;   // (B, 1, F)
    Tensor scale;      // (B, K, 1)
    Tensors mask;      // per patch (B, 1) bool: who owns the place
  };

  Tensors constants(const Tensor& head) const { return (scale_ * at::matmul(head, features_.t())).unbind(1); }
  Tensors constants(const Tensor& head, const Condition& place) const {
    return (place.scale * at::matmul(head, place.features.transpose(1, 2))).unbind(1);
  }
  Tensor own(int patch, const Tensor& values) const {
    return values.gather(1, index_[static_cast<std::size_t>(patch)]);
  }
  Frames express(const Tensors& state) const;
  Tensor choose(const Tensors& per_patch) const;  // (B, E, ...) of each element's owner
  Tensor defects(const Frames& frames) const;     // (B, E, n, s)
  void linearise_equation(const Tensor& head, Linearised& result);
  void linearise_conditions(const Tensor& head, Linearised& result) const;
  void linearise_variation(const Tensor& head, Linearised& result) const;
  Tensor carried_weight(int patch, const Tensors& weight) const;

  const SumBatch& batch_;
  const network::Elements& elements_;
  int n_, patches_;
  std::int64_t all_;            // K
  Tensor features_;             // (N, F)
  Tensor element_features_;     // (E, s + 1, F)
  Tensor scale_;                // (B, K, N)
  Tensor owner_;                // (B, E)
  Tensor step_;                 // (s) widths between an element's nodes
  std::vector<Tensor> index_;   // per patch (B, N): a node's own place, or the nearest node that is its own
  std::vector<Tensors> guess_;  // per patch: constants to start inversions from
  std::vector<Condition> conditions_;
};

Trainer::Trainer(const SumBatch& batch)
    : batch_(batch),
      elements_(batch.elements),
      n_(batch.system.size()),
      patches_(batch.system.patches()),
      all_(batch.ansatz.constants()),
      features_(batch.trunk.features(batch.elements.xi)),
      scale_(batch.scale.at(batch.elements.xi)) {
  const auto& system = batch.system;
  const auto& points = batch.points;
  element_features_ = by_element(elements_, features_.t()).permute({1, 2, 0}).contiguous();
  step_ = elements_.abscissae.diff().mul(elements_.width);
  const auto x = by_element(elements_, system.to_x(batch.grid.t)).mean(2);  // (B, E)
  owner_ = at::zeros_like(x, x.options().dtype(at::kLong));
  for (int p = 1; p < patches_; ++p) owner_ = owner_ + (x > points.regions.own_start(p)).to(at::kLong);
  const auto node = at::arange(elements_.size(), owner_.options()).unsqueeze(0);
  for (int p = 0; p < patches_; ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto first = (owner_ < p).sum(1, true) * elements_.nodes;
    const auto last = (owner_ <= p).sum(1, true) * elements_.nodes;
    index_.push_back(at::minimum(at::maximum(node, first), last));
    guess_.push_back({});
    for (const auto& value : points.matching.constants[s]) guess_[s].push_back(value.expand_as(batch.grid.t));
  }
  for (const auto& condition : system.conditions()) {
    const auto t = condition.where(points.theta);
    const auto xi = batch.grid.map.xi(system.to_x(t)).clamp(-1.0, 1.0);
    Condition place{&condition,         t, condition.target(points.theta), batch.trunk.features(xi),
                    batch.scale.at(xi), {}};
    for (int p = 0; p < patches_; ++p) place.mask.push_back(points.regions.owned(p, system.to_x(t)));
    conditions_.push_back(place);
  }
}

Tensor Trainer::project(const Tensors& nodes) const {
  return at::matmul(at::stack(nodes, 1) / scale_, features_ / static_cast<double>(elements_.size()));
}

Trainer::Frames Trainer::express(const Tensors& state) const {
  Frames frames;
  for (int p = 0; p < patches_; ++p) {
    const auto s = static_cast<std::size_t>(p);
    Tensors own_state;
    for (const auto& component : state) own_state.push_back(own(p, component));
    frames.t.push_back(own(p, batch_.grid.t));
    auto inverse = batch_.system.frame(p).invert(frames.t.back(), batch_.points.theta, own_state, guess_[s]);
    for (auto& values : inverse.constants) {
      values = at::where(inverse.error.isfinite(), values, at::full_like(values, NAN));
    }
    frames.constants.push_back(inverse.constants);
  }
  return frames;
}

Tensor Trainer::choose(const Tensors& per_patch) const {
  Tensor chosen = per_patch.front();
  auto shape = owner_.sizes().vec();
  shape.resize(static_cast<std::size_t>(chosen.dim()), 1);
  const auto owner = owner_.view(shape);
  for (std::size_t p = 1; p < per_patch.size(); ++p) {
    chosen = at::where(owner == static_cast<std::int64_t>(p), per_patch[p], chosen);
  }
  return chosen;
}

Tensor Trainer::defects(const Frames& frames) const {
  Tensors per_patch;
  for (int p = 0; p < patches_; ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto rate = batch_.system.frame(p).rate(frames.t[s], batch_.points.theta, frames.constants[s]);
    per_patch.push_back(
        elements_
            .defect(at::stack(frames.constants[s], 1), at::stack(rate, 1) * batch_.grid.speed.unsqueeze(1))
            .transpose(1, 2));
  }
  return choose(per_patch);
}

/// What an error made in an element costs, (B, n, E): the largest weight of the constant wherever the patch
/// carries it, which is to its end, or both ways where not all conditions stand at the start.
Tensor Trainer::carried_weight(int patch, const Tensors& weight) const {
  auto rho = elements_.inner(at::stack(weight, 1)).amax(3);
  const auto known = rho.isfinite() & (owner_ == patch).unsqueeze(1);
  rho = at::where(known, rho, at::zeros_like(rho));
  const auto largest = rho.amax(2, true);
  const auto onwards = std::get<0>(rho.flip(2).cummax(2)).flip(2);
  rho = batch_.system.starts_with_all() ? onwards : largest.expand_as(rho);
  return at::maximum(rho, smallest_weight * largest).clamp_min(1e-300);
}

void Trainer::linearise_equation(const Tensor& head, Linearised& result) {
  const auto& theta = batch_.points.theta;
  const auto response = batch_.ansatz.response(batch_.grid.t, theta, constants(head));
  const auto frames = express(response.state);
  const auto points = head.size(0), s = static_cast<std::int64_t>(elements_.nodes);
  Tensors rows, weights, sensitivities, moved;
  for (int p = 0; p < patches_; ++p) {
    const auto sp = static_cast<std::size_t>(p);
    const auto& frame = batch_.system.frame(p);
    const auto own_response = frame.response(frames.t[sp], theta, frames.constants[sp]);
    const auto drift = frame.drift(frames.t[sp], theta, frames.constants[sp]);
    for (std::size_t k = 0; k < guess_[sp].size(); ++k) {
      guess_[sp][k] = at::where(frames.constants[sp][k].isfinite(), frames.constants[sp][k], guess_[sp][k]);
    }
    // How the frame's constants follow those of the sum: (dPhi/dC)^-1 dU/dC, (B, N, n, K).
    Tensors own_jacobian;
    for (const auto& entry : response.jacobian) own_jacobian.push_back(own(p, entry));
    const auto follow = solve_scaled(at::stack(own_response.jacobian, 2).unflatten(2, {n_, n_}),
                                     at::stack(own_jacobian, 2).unflatten(2, {n_, all_}));
    moved.push_back(by_element(elements_, follow.permute({0, 2, 3, 1})).permute({0, 3, 4, 1, 2}));

    const auto rho = carried_weight(p, own_response.weight);
    const auto jacobian =
        at::stack(drift.jacobian, 1).unflatten(1, {n_, n_}) * batch_.grid.speed.view({points, 1, 1, -1});
    const auto inner = elements_.inner(jacobian);  // (B, n, n, E, s)
    const auto stiff = (inner.abs().amax(4) * rho.unsqueeze(2) / rho.unsqueeze(1)).sum(2);
    const auto weight = rho / (1.0 + elements_.width * stiff);  // (B, n, E)
    weights.push_back(weight.transpose(1, 2));
    sensitivities.push_back(rho.transpose(1, 2));

    // Weighted rows on the frame's constants at the element's nodes, (B, E, s + 1, n, s, n).
    Tensor own_rows = at::zeros({points, elements_.count, s + 1, n_, s, n_}, weight.options());
    const auto integration = elements_.integration * elements_.width;
    for (int k = 0; k < n_; ++k) {
      for (int l = 0; l < n_; ++l) {
        auto block = own_rows.select(3, k).select(4, l).transpose(2, 3);  // (B, E, s, s + 1)
        block.narrow(3, 1, s).copy_(integration * inner.select(1, k).select(1, l).unsqueeze(2)).neg_();
        if (k == l) {
          block.select(3, 0).fill_(-1.0);
          block.narrow(3, 1, s).diagonal(0, 2, 3).add_(1.0);
        }
      }
      own_rows.select(3, k).mul_(weight.select(1, k).view({points, -1, 1, 1, 1}));
    }
    rows.push_back(own_rows);
  }
  result.weights.defect = choose(weights);
  const auto follow = choose(moved);  // (B, E, s + 1, n, K)
  result.sensitivity = (follow.abs() * choose(sensitivities).unsqueeze(2).unsqueeze(4)).amax(3);
  const auto columns = by_element(elements_, scale_).permute({0, 2, 1, 3});  // (B, E, K, s + 1)
  const auto on_sum = at::matmul(choose(rows).flatten(3, 4), follow).permute({0, 1, 3, 4, 2}) *
                      columns.unsqueeze(2);  // (B, E, n s, K, s + 1)
  const auto residuals = (defects(frames) * result.weights.defect.unsqueeze(3)).flatten(2);
  std::tie(result.matrix, result.gradient) = project_rows(on_sum, residuals, element_features_);
}

void Trainer::linearise_conditions(const Tensor& head, Linearised& result) const {
  const auto& theta = batch_.points.theta;
  for (const auto& place : conditions_) {
    const auto response = batch_.ansatz.response(place.t, theta, constants(head, place));
    const int component = place.value->component;
    Tensor factor = at::zeros_like(place.t);
    for (int p = 0; p < patches_; ++p) {
      const auto s = static_cast<std::size_t>(p);
      if (!place.mask[s].any().item<bool>()) continue;
      const auto& frame = batch_.system.frame(p);
      const auto inverse = frame.invert(place.t, theta, response.state, batch_.points.matching.constants[s]);
      const auto own_response = frame.response(place.t, theta, inverse.constants);
      const auto scale = row_scale(own_response, local_weights(own_response), component);
      factor = at::where(place.mask[s], tie_weight / scale, factor);
    }
    Tensors columns;
    for (std::int64_t k = 0; k < all_; ++k) {
      const auto& entry = response.jacobian[static_cast<std::size_t>(component * all_ + k)];
      columns.push_back((entry * factor * place.scale.select(1, k)).unsqueeze(2) * place.features);
    }
    const auto row = at::cat(columns, 2);  // (B, 1, K F)
    const auto error = (response.state[static_cast<std::size_t>(component)] - place.target) * factor;
    result.matrix.baddbmm_(row.transpose(1, 2), row);
    result.gradient.add_(row.squeeze(1) * error);
    result.weights.condition.push_back(factor);
  }
}

void Trainer::linearise_variation(const Tensor& head, Linearised& result) const {
  const auto values = at::stack(constants(head), 1);  // (B, K, N)
  result.unit = at::maximum(batch_.units, values.abs());
  const auto points = head.size(0), f = features();
  const auto u = by_element(elements_, result.unit);
  result.weights.variation =
      at::maximum(u.slice(3, 1), u.slice(3, 0, -1)).mul(step_.sqrt()).reciprocal();  // (B, K, E, s)
  const auto weighted = result.weights.variation.flatten(2);                         // (B, K, E s)
  const auto columns = by_element(elements_, scale_);
  result.smoothness = at::empty({points, all_, f, f}, values.options());
  Tensors gradients;
  for (std::int64_t k = 0; k < all_; ++k) {
    const auto on_nodes = columns.select(1, k).unsqueeze(3) * element_features_;  // (B, E, s + 1, F)
    const auto rows = on_nodes.diff(1, 2).flatten(1, 2) * weighted.select(1, k).unsqueeze(2);
    result.smoothness.select(1, k).copy_(at::bmm(rows.transpose(1, 2), rows));
    const auto residual =
        by_element(elements_, values.select(1, k)).diff(1, 2).flatten(1) * weighted.select(1, k);
    gradients.push_back(at::bmm(rows.transpose(1, 2), residual.unsqueeze(2)).squeeze(2));
  }
  result.smoothing = at::cat(gradients, 1).view({points, -1});
}

Trainer::Linearised Trainer::linearise(const Tensor& head) {
  Linearised result;
  linearise_equation(head, result);
  linearise_conditions(head, result);
  linearise_variation(head, result);
  return result;
}

Trainer::Residual Trainer::residual(const Tensor& head, const Weights& weights) const {
  const auto& theta = batch_.points.theta;
  const auto values = constants(head);
  const auto defect =
      defects(express(batch_.ansatz.state(batch_.grid.t, theta, values))) * weights.defect.unsqueeze(3);
  Residual result;
  result.equation = defect.square().sum({1, 2, 3});
  result.defect = defect.abs().amax({1, 2, 3});
  for (std::size_t c = 0; c < conditions_.size(); ++c) {
    const auto& place = conditions_[c];
    const auto state = batch_.ansatz.state(place.t, theta, constants(head, place));
    const auto& value = state[static_cast<std::size_t>(place.value->component)];
    const auto error = ((value - place.target) * weights.condition[c]).squeeze(1);
    result.equation = result.equation + error.square();
    result.defect = at::maximum(result.defect, error.abs() / tie_weight);
  }
  const auto change = by_element(elements_, at::stack(values, 1)).diff(1, 3);
  result.variation = (change * weights.variation).square().sum({1, 2, 3});
  return result;
}

std::pair<Tensor, Tensor> Trainer::effect(const Tensor& change, const Linearised& linearised) const {
  const auto values = scale_ * at::matmul(change, features_.t());  // (B, K, N)
  const auto on_elements = by_element(elements_, values).permute({0, 2, 3, 1});
  return {(on_elements * linearised.sensitivity).abs().amax({1, 2, 3}),
          (values / linearised.unit).abs().amax({1, 2})};
}

struct Step {
  Tensor change;  // (B, K F)
  Tensor solved;  // (B) bool
};

/// -(J^T J + weight V^T V + damping mean(diag))^-1 gradient; the mean of the diagonal is taken per constant.
Step solve(const Trainer::Linearised& now, const Tensor& gradient, const Tensor& weight,
           const Tensor& damping) {
  Tensor matrix = now.matrix.clone();
  const auto constants = now.smoothness.size(1), f = now.smoothness.size(2);
  for (std::int64_t k = 0; k < constants; ++k) {
    auto block = matrix.narrow(1, k * f, f).narrow(2, k * f, f);
    block.add_(weight.view({-1, 1, 1}) * now.smoothness.select(1, k));
    auto diagonal = block.diagonal(0, 1, 2);
    diagonal.add_(damping.unsqueeze(1) * diagonal.mean(1, true));
  }
  const auto [factor, info] = at::linalg_cholesky_ex(matrix);
  const auto change = at::cholesky_solve(gradient.neg().unsqueeze(2), factor).squeeze(2);
  return {change, (info == 0) & change.isfinite().all(1)};
}

/// How far a batch got.
struct State {
  Tensor head;                 // (B, K, F)
  Trainer::Residual residual;  // there
  Tensor damping;              // (B)
};

/// What one iteration did, (B) each.
struct Move {
  Tensor accepted;                // bool: a step was taken
  Tensor gain;                    // relative decrease of the loss
  Tensor solution, coefficients;  // largest relative changes, infinite without a step
};

/// One damped step, with a damping for each point that makes it decrease the equation's sum of squares plus
/// `share` times the variation. `weight` is that of the variation in the matrix; points in `idle` stay.
Move descend(const Trainer& trainer, const Trainer::Linearised& now, const Tensor& weight,
             const Tensor& share, const Tensor& idle, State& state) {
  const auto total = [&share](const Trainer::Residual& r) { return r.equation + share * r.variation; };
  const auto before = total(state.residual);
  const auto gradient = now.gradient + share.unsqueeze(1) * now.smoothing;
  const auto infinite = at::full_like(before, INFINITY);
  Move move{idle, at::zeros_like(before), infinite, infinite};
  for (int trial = 0; trial < trials && !move.accepted.all().item<bool>(); ++trial) {
    const auto step = solve(now, gradient, weight, state.damping);
    const auto change = step.change.view_as(state.head);
    const auto able = step.solved & ~move.accepted;
    const auto candidate = at::where(able.view({-1, 1, 1}), state.head + change, state.head);
    const auto moved = trainer.residual(candidate, now.weights);
    // Rounding can keep a converged point from decreasing further: an equal loss is as good.
    const auto better = able & (total(moved) <= before * (1.0 + 1.0e-12));
    const auto take = [&better](const Tensor& from, Tensor& to) { to = at::where(better, from, to); };
    state.head = at::where(better.view({-1, 1, 1}), candidate, state.head);
    take(moved.equation, state.residual.equation);
    take(moved.variation, state.residual.variation);
    take(moved.defect, state.residual.defect);
    take((before - total(moved)) / before, move.gain);
    const auto [on_solution, on_coefficients] = trainer.effect(change, now);
    take(on_solution, move.solution);
    take(on_coefficients, move.coefficients);
    const auto next = at::where(better, state.damping / 30.0, (state.damping * 30.0).clamp_min(1e-10));
    state.damping = at::where(move.accepted, state.damping, next.clamp(first_damping, 1.0e8));
    move.accepted = move.accepted | better;
  }
  move.accepted = move.accepted & ~idle;
  return move;
}

}  // namespace

SumFit train_sum(const SumBatch& batch, const Tensors& start, const SumOptions& options) {
  const Timed timed(Phase::iteration);
  Trainer trainer(batch);
  State state{trainer.project(start), {}, {}};
  const auto points = state.head.size(0);
  const auto doubles = state.head.options();
  state.damping = at::full({points}, first_damping, doubles);
  SumFit fit;
  fit.iterations = at::zeros({points}, doubles.dtype(at::kInt));
  fit.finite = at::ones({points}, doubles.dtype(at::kBool));
  fit.defect = at::full({points}, NAN, doubles);
  Tensor done = at::zeros({points}, doubles.dtype(at::kBool)), polishing = done;
  Tensor variation = at::full({points}, first_variation, doubles);
  for (int iteration = 0; iteration < options.max_iterations; ++iteration) {
    const auto now = trainer.linearise(state.head);
    state.residual = trainer.residual(state.head, now.weights);
    fit.finite = fit.finite & (state.residual.equation.isfinite() | done);
    fit.defect = at::where(done, fit.defect, state.residual.defect);
    done = done | ~fit.finite;
    const auto weight = at::where(polishing, at::full_like(variation, polish), variation).square();
    const auto share = at::where(polishing, at::zeros_like(weight), weight);
    const auto move = descend(trainer, now, weight, share, done, state);
    fit.defect = at::where(done, fit.defect, state.residual.defect);
    fit.iterations.add_((~done).to(at::kInt));
    // Once the variation no longer limits how well the equation is met, less of it only lets the
    // coefficients follow the error of the elements.
    const auto limited = (share * state.residual.variation < negligible * state.residual.equation) &
                         (state.residual.defect < options.tolerance);
    const auto still = ~move.accepted | (move.gain < stagnation) | (move.coefficients < settled);
    const auto met =
        ~move.accepted | (move.gain < polishing_gain) | (move.solution < 0.01 * options.tolerance);
    const auto last =
        (variation <= last_variation) & (still | (iteration + 1 >= annealing_share * options.max_iterations));
    done = done | at::where(polishing, met, limited & still);
    variation = at::where(limited, variation, (variation * annealing).clamp_min(last_variation));
    polishing = polishing | (last & ~limited);
    if (done.all().item<bool>()) break;
  }
  fit.head = state.head;
  return fit;
}

}  // namespace gluesweep::training
