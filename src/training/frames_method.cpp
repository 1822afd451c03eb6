#include <cmath>
#include <optional>

#include "defects.hpp"
#include "gluesweep/network/tabulated.hpp"
#include "gluesweep/problem/work.hpp"
#include "gluesweep/training/gauss_newton.hpp"
#include "gluesweep/training/march.hpp"
#include "gluesweep/training/phases.hpp"
#include "method.hpp"
#include "trunk_training.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr double rescue_features = 2.0;  // times network.features
constexpr int rescue_elements = 2;       // times network.elements
constexpr int iterated_rung = 2;         // the finer network, trained by Gauss-Newton as well
constexpr std::int64_t first_batch = 128, rescue_batch = 32;
constexpr double largest_pilot = 1.0e3;  // of a pilot's functions, in units of their scale

// Elements of the table in which features between nodes are interpolated: as many as there are features, for
// each layer of the first few.
constexpr int least_table = 64, tabulated_layers = 4;

/// A trunk with the elements it is trained on and the finer ones of the estimate.
struct Equipment {
  job::Network network;
  network::Elements elements, finer;
  network::Trunk master;            // on the CPU: what is stored
  network::Trunk trunk;             // on the device
  Tensor features, finer_features;  // (N, F) on their nodes
  std::optional<network::Tabulated> table;

  Equipment(const job::Network& network_, const at::Device& device)
      : network(network_),
        elements(network.elements, network.nodes),
        finer(network.elements * estimate_elements, network.nodes),
        master(network, elements),
        trunk(master) {
    for (auto* some : {&elements, &finer}) *some = some->to(device);
    refresh(device);
  }

  void refresh(const at::Device& device) {
    trunk = master.to(device);
    features = trunk.features(elements.xi);
    finer_features = trunk.features(finer.xi);
    table.emplace(trunk,
                  std::max(least_table, network.features * std::min(network.layers, tabulated_layers)));
  }
};

/// Trained networks of a batch.
class HeadNetworks {
 public:
  HeadNetworks(const Equipment& equipment, Scales scales, Heads heads)
      : equipment_(equipment), scales_(std::move(scales)), heads_(std::move(heads)) {
    for (std::size_t p = 0; p < heads_.size(); ++p) {
      const auto products = heads_[p].numel() * (equipment.table->nodes() + equipment.features.size(0));
      problem::count_work(problem::Work::product, 2.0 * static_cast<double>(products));
      tables_.push_back(equipment.table->prepared(heads_[p]));
      nodes_.push_back(
          (scales_[p].at(equipment.elements.xi) * at::matmul(heads_[p], equipment.features.t())).unbind(1));
    }
  }

  Tensors operator()(int patch, const Tensor& xi) const {
    const auto p = static_cast<std::size_t>(patch);
    if (xi.is_same(equipment_.elements.xi)) return nodes_[p];
    Tensor values;
    if (xi.dim() == 1) {
      problem::count_work(problem::Work::product, 2.0 * static_cast<double>(heads_[p].numel() * xi.numel()));
      values = at::matmul(heads_[p], features(xi).t());
    } else {
      values = equipment_.table->values(tables_[p], xi);
    }
    return (scales_[p].at(xi) * values).unbind(1);
  }

 private:
  Tensor features(const Tensor& xi) const {
    if (xi.is_same(equipment_.finer.xi)) return equipment_.finer_features;
    return equipment_.trunk.features(xi);
  }

  const Equipment& equipment_;
  Scales scales_;
  Heads heads_;
  std::vector<Tensor> tables_;  // per patch, for the table
  std::vector<Nodal> nodes_;    // on the elements
};

/// It is for the points unlike others: its hidden layers stay as they are drawn.
job::Network rescue_network(job::Network network) {
  network = network.drawn();
  network.features = static_cast<int>(std::lround(network.features * rescue_features));
  network.width = static_cast<int>(std::lround(network.width * rescue_features));
  network.elements *= rescue_elements;
  return network;
}

/// Heads on a shared trunk for the ansatz of frames: the least-squares representation of the collocation
/// solution, and Gauss-Newton for what the finer network leaves above the tolerance.
class FramesMethod : public Method {
 public:
  FramesMethod(const job::Job& job, const problem::System& system, const at::Device& device)
      : system_(system),
        options_{job.training.tolerance, job.training.max_iterations},
        device_(device),
        first_(job.network, device),
        rescue_(rescue_network(job.network), device) {}

  Outcome train(const Points& points, int rung) const override;
  int rungs() const override { return 3; }
  std::vector<std::pair<std::string, Tensor>> arrays() const override;
  void refresh() override;
  std::int64_t train_trunk(const Points& points) override;
  std::int64_t head_features() const override { return std::max(first_.trunk.size(), rescue_.trunk.size()); }
  std::int64_t head_columns() const override {
    return static_cast<std::int64_t>(system_.patches()) * system_.size();
  }
  std::int64_t peak_bytes(int rung) const override;
  std::int64_t batch(int rung) const override { return rung < iterated_rung ? first_batch : rescue_batch; }

 private:
  struct Pilots {
    Tensor functions;
    std::int64_t points;
  };
  Pilots pilots(const Points& points) const;

  const problem::System& system_;
  FitOptions options_;
  at::Device device_;
  Equipment first_, rescue_;
};

Outcome FramesMethod::train(const Points& points, int rung) const {
  const auto& equipment = rung == 0 ? first_ : rescue_;
  const auto grid = make_grid(system_, points.maps, equipment.elements);
  const auto first = first_values(system_, points, grid);
  const auto scales = natural_scales(system_, points.theta, grid, first.nodes);
  const auto projected = project(equipment.features, equipment.elements.xi, scales, first.nodes);
  // Where the equations were solved on the nodes, the heads that represent that solution best are the answer:
  // more accurate than those of least defect. Where they were not, the heads still have a chance of their
  // own.
  auto fit = rung < iterated_rung
                 ? Fit{projected, {}, at::zeros_like(first.steps), {}}
                 : gauss_newton({system_, points.theta, points.regions, grid, equipment.trunk, scales},
                                projected, options_);
  const HeadNetworks networks(equipment, scales, fit.heads);
  if (rung < iterated_rung) {
    const Timed timed(Phase::frames);
    fit.defect = largest_defect(system_, points, grid, networks);
    fit.finite = fit.defect.isfinite();
  }
  Outcome outcome{std::make_shared<FramesSolution>(system_, points, networks),
                  grid,
                  &equipment.finer,
                  fit.defect,
                  fit.iterations + first.steps,
                  fit.finite,
                  {},
                  packed_maps(points),
                  {}};
  Tensors heads, coefficients;
  for (const auto& head : fit.heads) heads.push_back(head.transpose(1, 2));
  const auto missing = head_features() - equipment.trunk.size();
  outcome.head = at::constant_pad_nd(at::cat(heads, 2), {0, 0, 0, missing});
  for (const auto& scale : scales) coefficients.push_back(scale.coefficients);
  outcome.scale = at::cat(coefficients, 1);
  return outcome;
}

std::vector<std::pair<std::string, Tensor>> FramesMethod::arrays() const {
  std::vector<std::pair<std::string, Tensor>> all;
  for (const auto& [name, values] : first_.master.arrays()) all.emplace_back("trunk_" + name, values);
  for (const auto& [name, values] : rescue_.master.arrays()) all.emplace_back("rescue_trunk_" + name, values);
  return all;
}

void FramesMethod::refresh() {
  first_.refresh(device_);
  rescue_.refresh(device_);
}

/// Coefficient functions (K, N) of the points that can be solved on both grids, none much larger than its
/// scale: a single one that is, next to a singularity, would take the features for itself.
FramesMethod::Pilots FramesMethod::pilots(const Points& points) const {
  const c10::InferenceMode inference;
  // The scales are those of training; the solutions are more exact.
  const auto grid = make_grid(system_, points.maps, first_.elements);
  const auto coarse = first_values(system_, points, grid);
  const auto fine = first_values(system_, points, make_grid(system_, points.maps, first_.finer));
  const auto scales = natural_scales(system_, points.theta, grid, coarse.nodes);
  Tensors patches;
  for (std::size_t p = 0; p < scales.size(); ++p) {
    patches.push_back(at::stack(fine.nodes[p], 1) / scales[p].at(first_.finer.xi));
  }
  const auto all = at::cat(patches, 1);  // (B, P n, N)
  const auto usable = coarse.solved & fine.solved & all.isfinite().flatten(1).all(1);
  const auto chosen = all.index_select(0, usable.nonzero().squeeze(1)).flatten(0, 1);
  const auto size = chosen.square().mean(1, true).sqrt();
  return {(chosen / (size / largest_pilot).clamp_min(1.0)).cpu(), usable.sum().item<std::int64_t>()};
}

std::int64_t FramesMethod::train_trunk(const Points& points) {
  const auto [functions, usable] = pilots(points);
  if (usable == 0) return 0;
  training::train_trunk(first_.network, first_.master, first_.elements.to(at::kCPU),
                        first_.finer.to(at::kCPU), functions.clone());
  refresh();
  return usable;
}

/// Arrays on the nodes and the tables of the networks; of a rescue also normal matrices, their factors and
/// element rows.
std::int64_t FramesMethod::peak_bytes(int rung) const {
  const auto& equipment = rung == 0 ? first_ : rescue_;
  const std::int64_t n = system_.size(), patches = system_.patches();
  const auto features = equipment.trunk.size(), nodes = equipment.elements.size();
  const auto arrays = patches * n * (equipment.table->nodes() + 20 * (n + 1) * estimate_elements * nodes);
  const auto matrices =
      4 * patches * n * n * features * features + 40 * n * n * nodes * equipment.elements.nodes;
  return 8 * (arrays + (rung < iterated_rung ? 0 : matrices));
}

}  // namespace

March first_values(const problem::System& system, const Points& points, const Grid& grid) {
  const Timed timed(Phase::elements);
  const bool marches = system.starts_with_all();
  auto first = marches ? march(system, points.theta, grid, points.matching)
                       : relax(system, points.theta, points.regions, grid, points.matching);
  Tensor usable = marches ? at::ones_like(first.solved) : first.solved;  // an inexact march is still close
  for (const auto& patch : first.nodes) {
    for (const auto& values : patch) usable = usable & values.isfinite().all(1);
  }
  for (std::size_t p = 0; p < first.nodes.size(); ++p) {
    for (std::size_t k = 0; k < first.nodes[p].size(); ++k) {
      auto& values = first.nodes[p][k];
      values = at::where(usable.unsqueeze(1), values, points.matching.constants[p][k]);
    }
  }
  return first;
}

std::unique_ptr<Method> make_frames_method(const job::Job& job, const problem::System& system,
                                           const at::Device& device) {
  return std::make_unique<FramesMethod>(job, system, device);
}

}  // namespace gluesweep::training
