#include "gluesweep/training/march.hpp"
#include "method.hpp"
#include "sum.hpp"
#include "sum_solution.hpp"
#include "sum_start.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// One region holds what the frames' regions hold: features and elements for all of them.
job::Network whole_network(const job::Job& job) {
  auto network = job.network;
  const auto patches = static_cast<int>(job.problem.patches.size());
  network.features *= patches;
  network.elements *= patches;
  return network;
}

/// Heads on a shared trunk over the whole domain trained by Gauss-Newton on the ansatz `sum`.
class SumMethod : public Method {
 public:
  SumMethod(const job::Job& job, const problem::System& system, const at::Device& device)
      : system_(system),
        ansatz_(job.problem),
        options_{job.training.tolerance, job.training.max_iterations},
        device_(device),
        elements_(network::Elements(job.network.elements, job.network.nodes).to(device)),
        finer_(network::Elements(job.network.elements * estimate_elements, job.network.nodes).to(device)),
        whole_(network::Elements(whole_network(job).elements, job.network.nodes)),
        master_(whole_network(job), whole_),
        trunk_(master_.to(device)) {
    whole_ = whole_.to(device);
  }

  Outcome train(const Points& points, int rung) const override;
  std::vector<std::pair<std::string, Tensor>> arrays() const override {
    std::vector<std::pair<std::string, Tensor>> all;
    for (const auto& [name, values] : master_.arrays()) all.emplace_back("trunk_" + name, values);
    return all;
  }
  void refresh() override { trunk_ = master_.to(device_); }
  std::int64_t head_features() const override { return trunk_.size(); }
  std::int64_t head_columns() const override { return ansatz_.constants(); }
  std::int64_t patches_per_map() const override { return system_.patches(); }
  std::int64_t peak_bytes(int) const override {
    // Normal matrices and their factors, and element rows.
    const auto all = head_columns(), features = trunk_.size(), nodes = whole_.size();
    return 8 * (4 * all * all * features * features +
                8 * all * nodes * (system_.size() * whole_.nodes + all * whole_.nodes + features));
  }

 private:
  const problem::System& system_;
  problem::SumAnsatz ansatz_;
  SumOptions options_;
  at::Device device_;
  network::Elements elements_, finer_;  // of the frames that start the training and judge it
  network::Elements whole_;             // of the sum
  network::Trunk master_;               // on the CPU: what is stored
  network::Trunk trunk_;                // on the device
};

Outcome SumMethod::train(const Points& points, int) const {
  const auto frames = make_grid(system_, points.maps, elements_);
  const auto map = whole_map(points.maps);
  const auto grid = make_grid(system_, {map}, whole_).patches.front();
  const auto held = held_constants(system_, frames, first_values(system_, points, frames).nodes, grid);
  const auto start = split(system_, points, grid, held);
  const auto units = natural_units(system_, points, grid, held);
  const auto scale = balance(system_, ansatz_, points, grid, whole_, units, held, start);
  const SumBatch batch{system_, ansatz_, points, whole_, trunk_, grid, units, scale};
  const auto fit = train_sum(batch, start, options_);
  const auto networks = [&trunk = trunk_, scale, head = fit.head](const Tensor& xi) {
    return scale.at(xi) * at::bmm(head, trunk.features(xi).transpose(1, 2));
  };
  return {std::make_shared<SumSolution>(system_, ansatz_, points, map, networks),
          make_grid(system_, points.maps, elements_),
          &finer_,
          fit.defect,
          fit.iterations,
          fit.finite,
          fit.head.transpose(1, 2),
          map.packed().unsqueeze(1).expand({-1, system_.patches(), -1}),
          scale.coefficients};
}

}  // namespace

std::unique_ptr<Method> make_sum_method(const job::Job& job, const problem::System& system,
                                        const at::Device& device) {
  return std::make_unique<SumMethod>(job, system, device);
}

}  // namespace gluesweep::training
