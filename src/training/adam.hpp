#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "gluesweep/job/job.hpp"
#include "gluesweep/network/perceptron.hpp"

namespace gluesweep::training {

/// Places xi in (-1, 1) at which an equation is asked for, drawn once from a seed and used in turn: enough
/// sets that a network cannot hide its errors between them. The last set, the middles of the strata, is for
/// scoring weights, not for training.
struct Samples {
  at::Tensor xi;  ///< (S, m), each set increasing

  std::int64_t sets() const { return xi.size(0); }
  std::int64_t size() const { return xi.size(1); }

  /// One place at random in each of m equal strata. Set s is a function of (seed, s).
  static Samples stratified(std::uint64_t seed, std::int64_t sets, std::int64_t size);
};

/// What networks of xi are trained on: residuals at places, of the networks' values and slopes there. Rows
/// are sweep points, which share nothing.
class PointwiseEquation {
 public:
  virtual ~PointwiseEquation() = default;

  virtual std::int64_t points() const = 0;    ///< B
  virtual std::int64_t networks() const = 0;  ///< K per point
  virtual std::int64_t sets() const = 0;      ///< S, the last one for scoring

  /// Where sample set `set` asks for the networks: xi (B, K, M).
  virtual at::Tensor places(std::int64_t set) const = 0;

  struct Loss {
    at::Tensor loss;     ///< (B)
    at::Tensor largest;  ///< (B) largest residual
    at::Tensor value;    ///< (B, K, M) d loss / d N
    at::Tensor slope;    ///< (B, K, M) d loss / d (dN/dxi)
  };
  /// For the networks' values and slopes (B, K, M) at these places. `progress` of the training, 0 to 1, is
  /// for weights that are annealed; scores are taken at 1.
  virtual Loss loss(std::int64_t set, double progress, const at::Tensor& value,
                    const at::Tensor& slope) const = 0;
};

struct AdamFit {
  at::Tensor weights;     ///< (B, K, W): the ones with the smallest loss on the scoring set
  at::Tensor loss;        ///< (B) there
  at::Tensor residual;    ///< (B) largest there
  at::Tensor iterations;  ///< (B) int32 steps taken
  at::Tensor finite;      ///< (B) bool: loss and gradient stayed finite. Otherwise the point stopped there.
};

/// Adam (Kingma and Ba, arXiv 1412.6980) on all weights of all networks, with a learning rate that falls
/// along half a cosine. All points start from the same weights, a function of the seed; what a point becomes
/// does not depend on the other points.
AdamFit adam(const PointwiseEquation& equation, const network::Perceptron& perceptron,
             const job::Adam& settings, std::uint64_t seed, const at::TensorOptions& options);

}  // namespace gluesweep::training
