#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>

#include "gluesweep/emulator/emulator.hpp"

namespace gluesweep::emulator {

/// What an emulator says of some points; rows correspond.
struct Predictions {
  at::Tensor theta;           ///< (B, p)
  at::Tensor solution;        ///< (B, M, u)
  at::Tensor expected_error;  ///< (B)
  at::Tensor scalars;         ///< (B, S)
  at::Tensor scalar_errors;   ///< (B, S) expected, relative
};

/// Predictions as one HDF5 file that opens in xarray like a sweep file: dimensions sample and the problem's
/// variable; the parameters, the unknowns, expected_error, each scalar and `<scalar>_expected_error`.
class PredictionFile {
 public:
  /// Creates a file under a temporary name, for `points` points at the places t (M). Throws job::InputError
  /// where it cannot be created, output::FileError.
  PredictionFile(const std::string& path, const Emulator& emulator, const at::Tensor& t, std::int64_t points);
  ~PredictionFile();  ///< removes what was not finished

  void write(std::int64_t first, const Predictions& predictions);  ///< rows from `first` on

  void finish();  ///< gives the file its name

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace gluesweep::emulator
