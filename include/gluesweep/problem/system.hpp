#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <string>
#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/problem/lane_tape.hpp"
#include "gluesweep/problem/tape.hpp"

namespace gluesweep::problem {

using Tensors = std::vector<at::Tensor>;

/// One patch as a frame: the map from its n constants C to the state, U = Phi(t; C; theta), and the equation
/// its constants obey when they are promoted to functions (GlueNN, arXiv 2601.05889; design equation 1):
///
///   (dPhi/dC) dC/dt = f(t, Phi) - dPhi/dt    =>    dC/dt = G(t, C; theta)
///
/// All arrays broadcast: t (B, N), parameters (B, 1), constants (B, N) or (B, 1). Derivatives are exact.
class Frame {
 public:
  struct Drift {
    Tensors rate;      ///< n: G_k
    Tensors jacobian;  ///< n*n, row-major: dG_k/dC_l
  };
  struct Response {
    Tensors state;     ///< n: Phi_i
    Tensors jacobian;  ///< n*n, row-major: dPhi_i/dC_k
    Tensors weight;  ///< n: rho_k = max over the unknowns of |dPhi_u/dC_k| / magnitude_u, the relative change
                     ///< of the solution per unit change of constant k
  };
  struct Inverse {
    Tensors constants;  ///< n
    at::Tensor
        error;  ///< relative change of the solution that the last Newton step still made; NaN where it failed
  };

  const std::string& name() const { return name_; }
  int size() const { return size_; }

  Tensors state(const at::Tensor& t, const Tensors& theta, const Tensors& constants) const;
  Tensors rate(const at::Tensor& t, const Tensors& theta, const Tensors& constants) const;
  Drift drift(const at::Tensor& t, const Tensors& theta, const Tensors& constants) const;
  /// drift() for kernels on the CPU: inputs t (level 1), the parameters (level 0), the n constants (level 2);
  /// outputs the n rates, then their n*n derivatives.
  const LaneTape& drift_on_lanes() const { return *drift_on_lanes_; }
  bool drift_is_linear() const { return drift_is_linear_; }  ///< in the constants
  Response response(const at::Tensor& t, const Tensors& theta, const Tensors& constants) const;

  /// Relative change of the solution per unit of t that the changing constants stand for, all of them
  /// together.
  at::Tensor drift_size(const at::Tensor& t, const Tensors& theta, const Tensors& constants) const;

  /// Condition number of dPhi/dC with its columns in units of rho and its rows scaled to 1; infinite or NaN
  /// where the frame is degenerate.
  at::Tensor condition(const at::Tensor& t, const Tensors& theta, const Tensors& constants) const;
  static constexpr double degenerate_condition =
      1.0e12;  ///< beyond this dPhi/dC is singular in double precision

  /// Solves Phi(t; C) = state for C: the problem's own inverse or the one found by undoing the expression,
  /// where there is one, polished by a damped Newton iteration that starts from it or from `guess`.
  /// A place is given up where steps shortened by less than shortest_step still lead further away.
  Inverse invert(const at::Tensor& t, const Tensors& theta, const Tensors& state, const Tensors& guess,
                 double shortest_step = 1.0e-6) const;

 private:
  friend class FrameCompiler;
  struct Search;
  struct Step {
    Tensors constants;  // the Newton step towards a state
    at::Tensor size;    // the relative change of the solution that it makes, infinite where undefined
  };
  Step newton_step(const at::Tensor& t, const Tensors& theta, const Tensors& state,
                   const Tensors& constants) const;
  at::Tensor advance(Search& search, double shortest_step) const;

  std::string name_;
  int size_ = 0;
  std::shared_ptr<const LaneTape> drift_on_lanes_;
  bool drift_is_linear_ = false;
  bool linear_ = false;  // Phi is linear in C: one Newton step inverts it
  Tape state_, rate_, drift_, response_, condition_, newton_;
  std::optional<Tape> start_;  // inverse in closed form
};

/// A condition on one state component at one place.
struct BoundaryValue {
  job::Condition::Place place;
  double at;      ///< the variable
  int component;  ///< of the state
  Tape value;     ///< in (t, theta)

  at::Tensor where(const Tensors& theta) const;   ///< the place for every point, (B, 1)
  at::Tensor target(const Tensors& theta) const;  ///< the value there, (B, 1)
};

struct ProblemNodes;  // what a problem declares, while it is compiled

/// A problem with its expressions compiled: what training needs to know about it. Immutable.
class System {
 public:
  explicit System(const job::Problem& problem);  ///< throws job::InputError

  int size() const { return size_; }  ///< n, state components
  int unknowns() const { return static_cast<int>(base_.size()); }
  int patches() const { return static_cast<int>(frames_.size()); }
  const Frame& frame(int patch) const { return frames_[static_cast<std::size_t>(patch)]; }
  bool log_scale() const { return log_scale_; }

  /// State component that is unknown u itself (not a derivative).
  int component(int unknown) const { return base_[static_cast<std::size_t>(unknown)]; }

  /// The error scales of the unknowns at (t, theta, state): u tensors of t's shape, > 0.
  Tensors magnitudes(const at::Tensor& t, const Tensors& theta, const Tensors& state) const;

  const std::vector<BoundaryValue>& conditions() const { return conditions_; }
  bool starts_with_all() const;  ///< every condition is at the start: the constants can be marched

  at::Tensor hand_over(int patch, const Tensors& theta) const;  ///< (B, 1) as the job says, not yet clamped
  at::Tensor overlap(int patch, const Tensors& theta) const;    ///< (B, 1) half-width in x
  Tensors resolve(int patch, const Tensors& theta) const;       ///< (B, 1) each, places in t
  Tensors guess(int patch, const Tensors& theta) const;         ///< n (B, 1)

  /// The same hand-over, in the variable, and overlap as programs of the parameters.
  const Tape& hand_over(int patch) const { return hand_over_[static_cast<std::size_t>(patch)]; }
  const Tape& overlap(int patch) const { return overlap_[static_cast<std::size_t>(patch)]; }

  /// D derived scalars from theta and, in this order, the limits (P*n), crossovers (P-1), end state (n).
  Tensors derived(const Tensors& theta, const Tensors& inputs) const;

  /// The closed form of the unknowns where the problem has one for all of them, else empty.
  Tensors exact(const at::Tensor& t, const Tensors& theta) const;

  /// The right-hand side U' = f(t, U) for single numbers (t, theta..., U...): the independent integrator's.
  const Tape& right_side() const { return right_side_; }
  /// Of the same inputs, n*n, row-major: d f_i / d U_j.
  const Tape& right_side_jacobian() const { return right_side_jacobian_; }
  /// Of the same inputs: the error scales of the u unknowns.
  const Tape& magnitude() const { return magnitudes_; }

  double start() const { return start_; }
  double end() const { return end_; }
  double to_x(double t) const;
  at::Tensor to_x(const at::Tensor& t) const { return log_scale_ ? t.log() : t; }
  at::Tensor to_t(const at::Tensor& x) const { return log_scale_ ? x.exp() : x; }

 private:
  void compile_patches(Graph& graph, const job::Problem& problem, const ProblemNodes& nodes);

  int size_ = 0;
  bool log_scale_ = false;
  double start_ = 0.0, end_ = 1.0;
  std::vector<int> base_;  // state component of each unknown
  std::vector<Frame> frames_;
  std::vector<BoundaryValue> conditions_;
  std::vector<Tape> hand_over_, overlap_, guess_, resolve_;
  Tape magnitudes_, derived_, right_side_, right_side_jacobian_;
  std::optional<Tape> exact_;
};

}  // namespace gluesweep::problem
