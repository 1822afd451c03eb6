#include "gluesweep/network/scale.hpp"
#include "method.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// Conventional matching in the ansatz of frames: constants that are constant. No network.
class MatchingMethod : public Method {
 public:
  MatchingMethod(const job::Job& job, const problem::System& system, const at::Device& device)
      : system_(system), elements_(network::Elements(job.network.elements, job.network.nodes).to(device)) {}

  Outcome train(const Points& points, int) const override {
    const auto networks = [constants = points.matching.constants](int patch, const Tensor& xi) {
      Tensors values;
      for (const auto& value : constants[static_cast<std::size_t>(patch)]) {
        values.push_back(value.expand({value.size(0), xi.size(-1)}));
      }
      return values;
    };
    const auto& solved = points.matching.solved;
    const auto options = points.theta.front().options();
    const auto count = points.count(), columns = head_columns();
    return {std::make_shared<FramesSolution>(system_, points, networks),
            make_grid(system_, points.maps, elements_),
            nullptr,
            at::full({count}, NAN, options),
            at::zeros({count}, options.dtype(at::kInt)),
            solved,
            at::empty({count, 0, columns}, options),
            packed_maps(points),
            at::full({count, columns, network::Scale::terms}, NAN, options)};
  }
  std::int64_t head_features() const override { return 0; }
  std::int64_t head_columns() const override {
    return static_cast<std::int64_t>(system_.patches()) * system_.size();
  }
  std::int64_t peak_bytes(int) const override { return 0; }

 private:
  const problem::System& system_;
  network::Elements elements_;
};

}  // namespace

std::unique_ptr<Method> make_matching_method(const job::Job& job, const problem::System& system,
                                             const at::Device& device) {
  return std::make_unique<MatchingMethod>(job, system, device);
}

Tensor packed_maps(const Points& points) {
  Tensors maps;
  for (const auto& map : points.maps) maps.push_back(map.packed());
  return at::stack(maps, 1);
}

}  // namespace gluesweep::training
