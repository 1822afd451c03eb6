#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gluesweep/emulator/emulator.hpp"
#include "gluesweep/job/job.hpp"
#include "gluesweep/network/trunk.hpp"

namespace gluesweep::emulator {

/// What a fit takes from a sweep file: N converged points.
struct Dataset {
  job::Job job;
  std::string job_text, job_hash, source, git_commit;
  std::vector<Axis> axes;
  std::vector<network::Trunk> trunks;  ///< that points were trained on; the first is the emulator's

  at::Tensor sample;      ///< (N) int64, sample ids
  at::Tensor z;           ///< (N, p)
  at::Tensor parameters;  ///< (N, all parameters of the problem, in its order)
  at::Tensor head;        ///< (N, F', K), F' of the largest trunk
  at::Tensor map;         ///< (N, P, m)
  at::Tensor scale;       ///< (N, K, T)
  at::Tensor trunk;       ///< (N) int64, which of the trunks its head belongs to
  at::Tensor t;           ///< (M) output points
  at::Tensor state;       ///< (n, N, M)
  std::vector<Scalar> scalars;
  at::Tensor numbers;  ///< (N, S)

  at::Tensor left_out;  ///< (L, p) parameters, a column an axis, of points that were trained to no avail

  std::int64_t in_file = 0;          ///< samples
  std::int64_t not_converged = 0;    ///< left out: their status
  std::int64_t above_max_error = 0;  ///< left out: their error estimate
  std::int64_t beyond_most = 0;      ///< left out: there are more than a fit needs
  std::int64_t repeated = 0;         ///< left out: an earlier file holds the same point

  std::int64_t size() const { return z.size(0); }
};

/// Some points of a data set, by their rows (n).
Dataset points_of(Dataset data, const at::Tensor& rows);

/// Points that a fit uses at most; more make it slower but no better.
inline constexpr std::int64_t most_points = 16384;

/// Reads the converged points of a sweep file with an error estimate of at most `max_error`. Throws
/// job::InputError where the file lacks what an emulator is made of.
Dataset read_dataset(const std::string& path, double max_error);

/// The points of several sweep files of one problem as one: over ranges that hold those of all of them,
/// described by the job of the first. Throws job::InputError as read_dataset() does, and for files that do
/// not fit together.
Dataset read_datasets(const std::vector<std::string>& paths, double max_error);

}  // namespace gluesweep::emulator
