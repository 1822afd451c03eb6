#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// One sweep file from the parts of a scan that array jobs wrote.
namespace gluesweep::output {

enum class MergeStyle {
  copy,  ///< all rows stand in the new file
  refer  ///< the new file is small and refers to the parts, by paths relative to it (HDF5 virtual datasets)
};

/// What merging had to change.
struct MergeReport {
  std::int64_t carried_parts = 0;  ///< whose hidden layers differed in rounding from those of the first
  double lost = 0.0;               ///< at most, by converged points, see network::ChangeOfTrunk::lost()
};

/// Creates the sweep file of the whole scan at `path` from its parts, given in any order. Pending rows stay
/// pending. Every part makes or trains the hidden layers anew, which on another kind of processor gives the
/// same span by other features: heads of such a part are expressed in the features of the first, unless it is
/// referred to. Throws job::InputError if the parts belong to different jobs, overlap, leave samples out or
/// were trained on hidden layers that differ by more than rounding, or if something stands at `path`;
/// FileError where reading or writing fails. Nothing is left at `path` then. Serial; memory does not grow
/// with the number of samples, but for the points of a list.
MergeReport merge(const std::vector<std::string>& parts, const std::string& path, MergeStyle style);

}  // namespace gluesweep::output
