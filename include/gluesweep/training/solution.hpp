#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <vector>

#include "gluesweep/training/grid.hpp"

namespace gluesweep::training {

/// Some sweep points of a batch and all that precedes training; rows correspond.
struct Points {
  Tensors theta;  ///< p tensors (B, 1)
  problem::Regions regions;
  std::vector<network::Map> maps;  ///< per patch
  problem::Matching matching;

  std::int64_t count() const { return theta.front().size(0); }
};

struct Evaluation {
  Tensors state;                      ///< n tensors (B, M)
  std::vector<Tensors> frames;        ///< per patch n tensors (B, M): the constants that express the state
  std::vector<Tensors> coefficients;  ///< per patch n tensors (B, M): the coefficient functions as trained
};

/// The trained solutions of a batch, whatever networks stand behind them: functions of t (B, M).
///
/// Any state can be expressed by a patch's constants where that patch's frame is invertible; that is how
/// solutions of different methods are compared, their errors estimated and their crossovers found.
class Solution {
 public:
  virtual ~Solution() = default;

  /// Everything at t, any place of the domain. Constants and coefficients are NaN where they are undefined;
  /// they are given for the wanted patches, and empty for others.
  virtual Evaluation evaluate(const at::Tensor& t, const std::vector<int>& patches) const = 0;

  /// The constants of all frames at the nodes of `grid`, each patch's on its region: per patch n tensors
  /// (B, N).
  virtual std::vector<Nodal> frame_nodes(const Grid& grid) const = 0;

  /// The coefficient functions there.
  virtual std::vector<Nodal> coefficient_nodes(const Grid& grid) const { return frame_nodes(grid); }
};

/// Coefficients of a patch at xi (N), the same for all points, or (B, M): n tensors (B, N or M).
using CoefficientNetworks = std::function<Tensors(int patch, const at::Tensor& xi)>;

/// The ansatz of frames: each patch carries its own coefficients on its region, and the state is that of the
/// patch that owns the place. Outside its region a patch's coefficients are what expresses the state there.
class FramesSolution : public Solution {
 public:
  FramesSolution(const problem::System& system, const Points& points, CoefficientNetworks networks)
      : system_(system), points_(points), networks_(std::move(networks)) {}

  Evaluation evaluate(const at::Tensor& t, const std::vector<int>& patches) const override;
  std::vector<Nodal> frame_nodes(const Grid& grid) const override;

 private:
  const problem::System& system_;  // borrowed
  Points points_;
  CoefficientNetworks networks_;
};

/// The constants of `patch` that express a state at t, all (B, M); NaN where none do.
Tensors expressed(const problem::System& system, int patch, const Points& points, const at::Tensor& t,
                  const Tensors& state, const Tensors& guess);

/// The node of `grid` where each patch's frame drifts least on its own side, (B, P): an end of an element.
at::Tensor limit_nodes(const problem::System& system, const Points& points, const Grid& grid,
                       const Solution& solution);

/// Asymptotic constants, (P n, B): each patch's coefficients there.
at::Tensor limits(const problem::System& system, const Points& points, const Grid& grid,
                  const Solution& solution);

/// Where neighbouring patches' drift rates (relative change of the solution per unit of x, through all
/// constants) are equal, nearest to the hand-over: (P - 1, B) in the variable, NaN where they do not cross in
/// either's region.
at::Tensor crossovers(const problem::System& system, const Points& points, const Solution& solution);

/// Estimate of the largest error of the unknowns over their magnitudes, (B): the size of the correction by
/// which the equation, linearised around the solution on the elements of `grid`, would change it. Exact but
/// for the square of the error and what those elements miss.
at::Tensor linearised_error(const problem::System& system, const Points& points, const Grid& grid,
                            const Solution& solution);

/// Largest difference of the unknowns over the magnitudes of `state`, per point (B).
at::Tensor relative_difference(const problem::System& system, const Tensors& theta, const at::Tensor& t,
                               const Tensors& state, const Tensors& unknowns);

/// (B) bool: the solution changes its sign through infinity between two nodes of `grid`: it ends there, even
/// where a patch's form, such as 1/(c - t), goes on behind the pole. (Poles of even order are not seen.)
at::Tensor passes_pole(const problem::System& system, const Points& points, const Grid& grid,
                       const Solution& solution);

/// (B) bool: some frame is degenerate on its trained region.
at::Tensor degenerate(const problem::System& system, const Points& points, const Grid& grid,
                      const Solution& solution);

}  // namespace gluesweep::training
