#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "gluesweep/emulator/emulator.hpp"
#include "gluesweep/emulator/tables.hpp"
#include "gluesweep/problem/system.hpp"

namespace gluesweep::emulator {

/// Places of the variable that all curves are evaluated at, sorted.
struct Places {
  std::vector<double> t, x;         ///< ascending, inside the domain
  std::vector<std::int64_t> index;  ///< of each among the places as asked for
  std::int64_t asked = 0;

  Places(const problem::System& system, const at::Tensor& wanted);
};

/// Places are taken to be inside the domain up to this share of it, so that rounding makes no hole at its
/// ends.
constexpr double domain_slack = 1.0e-13;

/// What the scan holds parameters at, all of them in the problem's order; those of the axes are overwritten.
std::vector<double> base_parameters(const job::Job& job);

/// Curves on the CPU's lanes: from a curve's row of Tables and its layout to the unknowns.
class Curves {
 public:
  Curves(const Emulator& emulator, const problem::System& system, const Tables& tables);  ///< both borrowed

  /// Some curves, row by row.
  struct Batch {
    std::int64_t count;
    const double* theta;   // (count, axes)
    const double* rows;    // (count, D')
    const double* layout;  // (count, P m + K T)
    double* result;        // (count, M, u)
  };

  /// Memory of one thread.
  class Worker {
   public:
    Worker(const Curves& curves, const Places& places);
    void run(const Batch& batch);
    std::int64_t values_per_curve() const { return places_.asked * curves_.system_.unknowns(); }

   private:
    void find_edges(const Batch& batch, std::int64_t first, std::int64_t count);
    void curve(const double* theta, const double* row, const double* layout, std::size_t lane,
               double* result);
    void positions(const double* map, std::size_t first, std::size_t count);
    void constants(int patch, const double* row, const double* scales, std::size_t first, std::size_t count);
    void frame(int patch, std::size_t first, std::size_t count, double* result);

    const Curves& curves_;
    const Places& places_;
    std::vector<double> edges_;  // (lanes, P + 1) in x
    std::vector<problem::LaneRegisters> frames_, hand_overs_;
    std::vector<double> xi_, constants_;                                          // (M), (n, M)
    std::vector<double> centre_, width_, share_, first_, starts_, ends_, whole_;  // of one map, for kernels
  };

 private:
  const Emulator& emulator_;
  const problem::System& system_;
  const Tables& tables_;
  std::vector<double> base_;
  std::vector<problem::LaneTape> frames_;  // per patch: t, parameters, constants -> unknowns
  std::vector<problem::LaneTape> hand_overs_;
  std::int64_t row_size_;
};

}  // namespace gluesweep::emulator
