#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "gluesweep/job/job.hpp"
#include "gluesweep/parallel/communicator.hpp"
#include "gluesweep/problem/system.hpp"
#include "gluesweep/sweep/parameter_space.hpp"

/// The values that `gluesweep compare` measures errors against.
namespace gluesweep::cli {

/// Where a point's reference comes from, best first. Stored in the comparison file.
enum class ReferenceKind : std::uint8_t { none = 0, closed_form = 1, integrator = 2, finer_network = 3 };

struct References {
  at::Tensor unknowns;    ///< (u, N, M) at the output points; NaN where there is none
  at::Tensor kind;        ///< (N) uint8, see ReferenceKind
  at::Tensor magnitudes;  ///< (u, N, M) the error scales of the unknowns there
};

/// The best reference at hand for every point of the sweep, the same on every rank: the problem's closed
/// form, else the independent integrator where it is built in and can, else the job itself by gauss_newton
/// with more features, finer elements and a tighter tolerance, where that comes out within the job's
/// tolerance. Collective.
References make_references(const job::Job& job, const problem::System& system,
                           const sweep::ParameterSpace& space, const at::Device& device,
                           const parallel::Communicator& communicator);

/// Largest error of a block's unknowns over the output points, relative to the magnitude of the reference:
/// (B). NaN without a reference, infinite where the solution is not finite. `first`: sample of the block's
/// first row; solution: (n, B, M).
at::Tensor error_against(const References& references, std::int64_t first, const problem::System& system,
                         const at::Tensor& solution);

/// The sum over all ranks in place, of any size; contiguous float64 on the CPU. Collective.
void sum_over_ranks(const parallel::Communicator& communicator, const at::Tensor& values);

}  // namespace gluesweep::cli
