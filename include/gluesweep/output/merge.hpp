#pragma once

#include <string>
#include <vector>

/// One sweep file from the parts of a scan that array jobs wrote.
namespace gluesweep::output {

enum class MergeStyle {
  copy,  ///< all rows stand in the new file
  refer  ///< the new file is small and refers to the parts, by paths relative to it (HDF5 virtual datasets)
};

/// Creates the sweep file of the whole scan at `path` from its parts, given in any order. Pending rows stay
/// pending. Throws job::InputError if the parts belong to different jobs, overlap, leave samples out or were
/// trained on different hidden layers, or if something stands at `path`; FileError where reading or writing
/// fails. Nothing is left at `path` then. Serial; memory does not grow with the number of samples, but for
/// the points of a list.
void merge(const std::vector<std::string>& parts, const std::string& path, MergeStyle style);

}  // namespace gluesweep::output
