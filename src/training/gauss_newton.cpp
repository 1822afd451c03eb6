#include "gluesweep/training/gauss_newton.hpp"

#include <cmath>

#include "defects.hpp"
#include "gluesweep/problem/work.hpp"
#include "gluesweep/training/phases.hpp"
#include "normal_equations.hpp"
#include "row_weights.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;
using problem::Frame;
using problem::Regions;
using problem::System;

constexpr int refinements = 2;              // of a projection
constexpr double smallest_scale = 1.0e-30;  // of a constant's weight against its largest on the patch
constexpr double first_damping = 1.0e-14;
constexpr int trials = 12;             // damping trials per iteration, a factor 30 each
constexpr double stagnation = 1.0e-3;  // relative decrease of the sum of squares that is not worth a step

/// Rows that act at single places of one patch: features there and, after linearisation, sensitivities.
struct Places {
  Tensor t;         // (B, m)
  Tensor features;  // (B, m, F)
  Tensor scale;     // (B, n, m)
};

/// Everything about a batch that does not change from iteration to iteration.
class Batch {
 public:
  explicit Batch(const Trainees& trainees);

  struct Weights {
    std::vector<Tensor> defect;     // per patch (B, n, E)
    std::vector<Tensor> glue;       // per hand-over (B, n, m): 1 / sigma_i
    std::vector<Tensor> condition;  // per condition (B, 1)
  };
  struct Linearised {
    NormalEquations equations;
    Weights weights;
    std::vector<Tensor> sensitivity;  // per patch (B, n, E): rho
  };

  Linearised linearise(const Heads& heads) const;

  struct Residual {
    Tensor loss;    // (B)
    Tensor defect;  // (B) largest weighted defect, gap in an overlap or error of a condition
  };
  Residual residual(const Heads& heads, const Weights& weights) const;

  /// Largest relative change of the solution that a change of the heads makes, (B).
  Tensor effect(const std::vector<Tensor>& change, const std::vector<Tensor>& sensitivity) const;

 private:
  struct ConditionPlace {
    Tensor target;                // (B, 1)
    std::vector<Places> patches;  // features undefined where no point's patch owns it
    std::vector<Tensor> mask;     // (B, 1) per patch
    int component;
  };

  void linearise_patch(int p, const Heads& heads, Linearised& result) const;
  Tensor element_rows(int p, const Tensor& weight, const Tensor& sensitivity) const;
  void linearise_glue(int p, const Heads& heads, Linearised& result) const;
  void linearise_conditions(const Heads& heads, Linearised& result) const;
  Nodal constants(int p, const Heads& heads) const;
  Tensors at_places(const Tensor& head, const Places& places) const;
  Places places(int p, const Tensor& x, const network::Trunk& trunk, const Scales& scales) const;

  const System& system_;
  const Tensors& theta_;
  const Grid& grid_;
  int n_;
  Tensor features_;            // (N, F)
  std::vector<Tensor> scale_;  // per patch (B, n, N)
  Tensor element_features_;    // (E, s + 1, F): an element's left end, then its nodes
  std::vector<Places> glue_left_, glue_right_;
  std::vector<ConditionPlace> conditions_;
};

Batch::Batch(const Trainees& trainees)
    : system_(trainees.system),
      theta_(trainees.theta),
      grid_(trainees.grid),
      n_(system_.size()),
      features_(trainees.trunk.features(grid_.elements->xi)) {
  const auto& [system, theta, regions, grid, trunk, scales] = trainees;
  for (const auto& scale : scales) scale_.push_back(scale.at(grid.elements->xi));
  const auto& elements = *grid.elements;
  element_features_ = at::cat({elements.left(features_.t()).t().unsqueeze(1),
                               elements.inner(features_.t()).permute({1, 2, 0})},
                              1)
                          .contiguous();
  for (int p = 0; p + 1 < system.patches(); ++p) {
    const auto x = glue_places(regions, p);
    glue_left_.push_back(places(p, x, trunk, scales));
    glue_right_.push_back(places(p + 1, x, trunk, scales));
  }
  for (const auto& condition : system.conditions()) {
    const auto x = system.to_x(condition.where(theta));
    ConditionPlace place{condition.target(theta), {}, {}, condition.component};
    for (int p = 0; p < system.patches(); ++p) {
      const auto mask = regions.owned(p, x);
      place.mask.push_back(mask.to(at::kDouble));
      const auto inside = at::minimum(at::maximum(x, regions.start(p)), regions.end(p));
      place.patches.push_back(mask.any().item<bool>() ? places(p, inside, trunk, scales) : Places{});
    }
    conditions_.push_back(place);
  }
}

Places Batch::places(int p, const Tensor& x, const network::Trunk& trunk, const Scales& scales) const {
  const auto s = static_cast<std::size_t>(p);
  const auto xi = grid_.patches[s].map.xi(x).clamp(-1.0, 1.0);
  return {system_.to_t(x), trunk.features(xi), scales[s].at(xi)};
}

Nodal Batch::constants(int p, const Heads& heads) const {
  const auto s = static_cast<std::size_t>(p);
  return (scale_[s] * at::matmul(heads[s], features_.t())).unbind(1);
}

Tensors Batch::at_places(const Tensor& head, const Places& where) const {
  return (where.scale * at::bmm(head, where.features.transpose(1, 2))).unbind(1);
}

void Batch::linearise_patch(int p, const Heads& heads, Linearised& result) const {
  const auto values = constants(p, heads);
  const auto patch =
      patch_defects(system_, theta_, *grid_.elements, p, grid_.patches[static_cast<std::size_t>(p)], values);
  const auto rows = element_rows(p, patch.weight, patch.jacobian);
  const auto projected = project_rows(rows.flatten(2, 3), at::stack(patch.defects, 2), element_features_);
  result.equations.matrix.push_back(projected.first);
  result.equations.gradient.push_back(projected.second);
  result.weights.defect.push_back(patch.weight);
  result.sensitivity.push_back(patch.sensitivity);
}

/// Weighted rows W (d_i - d_0 - h A g d) on an element's own s + 1 network values, (B, E, n, s, n, s + 1),
/// for sensitivities g = dG/dC dt/dxi (B, n, n, E, s) and weights (B, n, E).
Tensor Batch::element_rows(int p, const Tensor& weight, const Tensor& sensitivity) const {
  const auto& elements = *grid_.elements;
  const int s = elements.nodes;
  const auto points = weight.size(0);
  Tensor rows = at::zeros({points, elements.count, n_, s, n_, s + 1}, weight.options());
  const auto integration = elements.integration * elements.width;
  for (int k = 0; k < n_; ++k) {
    for (int l = 0; l < n_; ++l) {
      auto block = rows.select(2, k).select(3, l);  // (B, E, s, s + 1)
      block.narrow(3, 1, s).copy_(integration * sensitivity.select(1, k).select(1, l).unsqueeze(2)).neg_();
      if (k == l) {
        block.select(3, 0).fill_(-1.0);
        block.narrow(3, 1, s).diagonal(0, 2, 3).add_(1.0);
      }
    }
    rows.select(2, k).mul_(weight.select(1, k).view({points, -1, 1, 1, 1}));
  }
  // Columns: the constants at the nodes are scale times network.
  const auto& scale = scale_[static_cast<std::size_t>(p)];
  const auto columns =
      at::cat({elements.left(scale).unsqueeze(3), elements.inner(scale)}, 3);  // (B, n, E, s + 1)
  return rows.mul_(columns.transpose(1, 2).unsqueeze(2).unsqueeze(2));
}

/// Sensitivities to the heads: d component / d head, (B, m, n F), scaled by `factor` (B, m).
Tensor head_rows(const Frame::Response& response, int component, int n, const Places& places,
                 const Tensor& factor) {
  Tensors columns;
  for (int k = 0; k < n; ++k) {
    const auto entry =
        response.jacobian[static_cast<std::size_t>(component * n + k)] * factor * places.scale.select(1, k);
    columns.push_back(entry.unsqueeze(2) * places.features);
  }
  return at::cat(columns, 2);
}

void Batch::linearise_glue(int p, const Heads& heads, Linearised& result) const {
  const auto s = static_cast<std::size_t>(p);
  const auto left = system_.frame(p).response(glue_left_[s].t, theta_, at_places(heads[s], glue_left_[s]));
  const auto right =
      system_.frame(p + 1).response(glue_right_[s].t, theta_, at_places(heads[s + 1], glue_right_[s]));
  const auto factors = glue_factors(right);
  Tensors residuals, lefts, rights;
  for (int i = 0; i < n_; ++i) {
    const auto factor = factors.select(1, i);
    const auto si = static_cast<std::size_t>(i);
    residuals.push_back((left.state[si] - right.state[si]) * factor);
    lefts.push_back(head_rows(left, i, n_, glue_left_[s], factor));
    rights.push_back(head_rows(right, i, n_, glue_right_[s], factor));
  }
  result.equations.glue.push_back({at::cat(residuals, 1), at::cat(lefts, 1), at::cat(rights, 1)});
  result.weights.glue.push_back(factors);
}

void Batch::linearise_conditions(const Heads& heads, Linearised& result) const {
  for (const auto& condition : conditions_) {
    Tensor scale = at::zeros_like(condition.target);
    for (std::size_t p = 0; p < condition.patches.size(); ++p) {
      const auto& where = condition.patches[p];
      if (!where.t.defined()) continue;
      const auto response =
          system_.frame(static_cast<int>(p)).response(where.t, theta_, at_places(heads[p], where));
      const auto factor = condition_factor(response, condition.component, condition.mask[p]);
      const auto rows = head_rows(response, condition.component, n_, where, factor);
      const auto error =
          (response.state[static_cast<std::size_t>(condition.component)] - condition.target) * factor;
      result.equations.matrix[p].baddbmm_(rows.transpose(1, 2), rows);
      result.equations.gradient[p].add_(at::bmm(rows.transpose(1, 2), error.unsqueeze(2)).squeeze(2));
      scale = scale + factor;
    }
    result.weights.condition.push_back(scale);
  }
}

Batch::Linearised Batch::linearise(const Heads& heads) const {
  Linearised result;
  for (int p = 0; p < system_.patches(); ++p) linearise_patch(p, heads, result);
  for (int p = 0; p + 1 < system_.patches(); ++p) linearise_glue(p, heads, result);
  linearise_conditions(heads, result);
  return result;
}

Batch::Residual Batch::residual(const Heads& heads, const Weights& weights) const {
  const auto& elements = *grid_.elements;
  Tensor loss = at::zeros({heads.front().size(0)}, features_.options());
  Tensor largest = at::zeros_like(loss);
  for (int p = 0; p < system_.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto& patch = grid_.patches[s];
    const auto values = constants(p, heads);
    const auto rate = system_.frame(p).rate(patch.t, theta_, values);
    for (int k = 0; k < n_; ++k) {
      const auto sk = static_cast<std::size_t>(k);
      auto defect = elements.defect(values[sk], rate[sk] * patch.speed);
      defect = defect * weights.defect[s].select(1, k).unsqueeze(2);
      loss = loss + defect.square().sum({1, 2});
      largest = at::maximum(largest, defect.abs().amax({1, 2}));
    }
  }
  for (std::size_t p = 0; p < glue_left_.size(); ++p) {
    const auto left =
        system_.frame(static_cast<int>(p)).state(glue_left_[p].t, theta_, at_places(heads[p], glue_left_[p]));
    const auto right = system_.frame(static_cast<int>(p) + 1)
                           .state(glue_right_[p].t, theta_, at_places(heads[p + 1], glue_right_[p]));
    for (int i = 0; i < n_; ++i) {
      const auto si = static_cast<std::size_t>(i);
      const auto gap = (left[si] - right[si]) * weights.glue[p].select(1, i);
      loss = loss + gap.square().sum(1);
      largest = at::maximum(largest, gap.abs().amax(1) / glue_weight);
    }
  }
  for (std::size_t c = 0; c < conditions_.size(); ++c) {
    Tensor error = at::zeros_like(loss);
    for (std::size_t p = 0; p < conditions_[c].patches.size(); ++p) {
      const auto& where = conditions_[c].patches[p];
      if (!where.t.defined()) continue;
      const auto state =
          system_.frame(static_cast<int>(p)).state(where.t, theta_, at_places(heads[p], where));
      const auto difference =
          state[static_cast<std::size_t>(conditions_[c].component)] - conditions_[c].target;
      error = error + (difference * conditions_[c].mask[p] * weights.condition[c]).squeeze(1);
    }
    loss = loss + error.square();
    largest = at::maximum(largest, error.abs() / tie_weight);
  }
  return {loss, largest};
}

Tensor Batch::effect(const std::vector<Tensor>& change, const std::vector<Tensor>& sensitivity) const {
  Tensor largest;
  for (std::size_t p = 0; p < change.size(); ++p) {
    const auto nodal = scale_[p] * at::matmul(change[p].unflatten(1, {n_, -1}), features_.t());
    const auto size = (grid_.elements->inner(nodal).abs().amax(3) * sensitivity[p]).amax({1, 2});
    largest = p == 0 ? size : at::maximum(largest, size);
  }
  return largest;
}

Heads moved(const Heads& heads, const std::vector<Tensor>& change, const Tensor& mask) {
  Heads result;
  for (std::size_t p = 0; p < heads.size(); ++p) {
    const auto step = change[p].view_as(heads[p]);
    result.push_back(heads[p] + at::where(mask.view({-1, 1, 1}), step, at::zeros_like(step)));
  }
  return result;
}

}  // namespace

Scales natural_scales(const System& system, const Tensors& theta, const Grid& grid,
                      const std::vector<Nodal>& nodes) {
  const Timed timed(Phase::frames);
  const auto& elements = *grid.elements;
  Scales scales;
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto weight = at::stack(system.frame(p).response(grid.patches[s].t, theta, nodes[s]).weight, 1);
    auto rho = carried_weight(system, elements, weight);
    const auto largest = rho.amax(2, true);
    rho = at::where(largest > 0.0, at::maximum(rho, smallest_scale * largest), at::ones_like(rho));
    const auto middle = elements.inner(elements.xi).mean(1);
    scales.push_back(network::Scale::fit(rho.reciprocal(), middle));
  }
  return scales;
}

Heads project(const Tensor& features, const Tensor& xi, const Scales& scales,
              const std::vector<Nodal>& nodes) {
  const Timed timed(Phase::projection);
  const auto inverse = features / static_cast<double>(xi.size(0));
  Heads heads;
  for (std::size_t p = 0; p < nodes.size(); ++p) {
    const auto target = at::stack(nodes[p], 1) / scales[p].at(xi);
    const auto products = (1 + 2 * refinements) * target.numel() * inverse.size(1);
    problem::count_work(problem::Work::product, 2.0 * static_cast<double>(products));
    Tensor head = at::matmul(target, inverse);
    // The features are orthonormal to some 1e-5 only: the weakest are sums of neurons that nearly cancel.
    // Projecting what was missed gains as much each time.
    for (int i = 0; i < refinements; ++i) {
      head = head + at::matmul(target - at::matmul(head, features.t()), inverse);
    }
    heads.push_back(head);
  }
  return heads;
}

Fit gauss_newton(const Trainees& trainees, Heads heads, const FitOptions& options) {
  const Timed timed(Phase::iteration);
  const Batch batch(trainees);
  const auto& system = trainees.system;
  const auto points = heads.front().size(0);
  const auto doubles = heads.front().options();
  Fit fit;
  fit.iterations = at::zeros({points}, doubles.dtype(at::kInt));
  fit.finite = at::ones({points}, doubles.dtype(at::kBool));
  fit.defect = at::full({points}, NAN, doubles);
  Tensor damping = at::full({points}, first_damping, doubles);
  Tensor done = at::zeros({points}, doubles.dtype(at::kBool));
  for (int iteration = 0; iteration < options.max_iterations; ++iteration) {
    const auto linearised = batch.linearise(heads);
    auto [loss, defect] = batch.residual(heads, linearised.weights);
    fit.finite = fit.finite & (loss.isfinite() | done);
    fit.defect = at::where(done, fit.defect, defect);
    done = done | ~fit.finite;
    const auto before = loss;
    Tensor accepted = done.clone();
    Tensor effect = at::full({points}, INFINITY, doubles);
    for (int trial = 0; trial < trials && !accepted.all().item<bool>(); ++trial) {
      const auto step = linearised.equations.solve(damping, system.size());
      const auto candidate = moved(heads, step.change, step.solved & ~accepted);
      const auto [new_loss, new_defect] = batch.residual(candidate, linearised.weights);
      // Rounding can keep a converged point from decreasing further: an equal loss is as good.
      const auto better = step.solved & ~accepted & (new_loss <= loss * (1.0 + 1.0e-12));
      heads = moved(heads, step.change, better);
      effect = at::where(better, batch.effect(step.change, linearised.sensitivity), effect);
      loss = at::where(better, new_loss, loss);
      fit.defect = at::where(better, new_defect, fit.defect);
      damping =
          at::where(accepted, damping, at::where(better, damping / 30.0, (damping * 30.0).clamp_min(1e-10)))
              .clamp(first_damping, 1.0e8);
      accepted = accepted | better;
    }
    fit.iterations.add_((~done).to(at::kInt));
    // A point is done when its steps no longer matter, no longer pay, or no step decreases the loss at all.
    done = done | ~accepted | (effect < 0.01 * options.tolerance) | (before - loss < stagnation * before);
    if (done.all().item<bool>()) break;
  }
  fit.heads = heads;
  return fit;
}

}  // namespace gluesweep::training
