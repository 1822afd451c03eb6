#pragma once

#include <string>
#include <vector>

#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/layout.hpp"
#include "gluesweep/output/sweep_file.hpp"

namespace gluesweep::output {

/// A sweep file that rows of a virtual one stand in: path relative to the virtual file's directory.
struct VirtualPart {
  std::string path;
  sweep::Share share;
};

/// The swept parameters of every point, pending ones too: written with the file, or left to whoever fills it.
enum class Parameters { written, left_out };

struct NewFile {
  std::string path;  ///< nothing stands there
  const job::Job& job;
  const sweep::ParameterSpace& space;
  const NetworkArrays& network;
  const Provenance& provenance;
  const Layout& layout;
  int mpi_size = 1;
  std::vector<VirtualPart> parts;  ///< none: the file holds its rows itself
  Parameters parameters = Parameters::written;
};

/// Whether a variable holds results: rows that are not known before.
bool is_result(const Variable& variable);

/// Writes a sweep file with all that is known beforehand at file.path, by one rank. Of the results, and of
/// parameters that are left out, there is only the space, which reads as zeros. On an error nothing is left
/// there.
void create_file(const NewFile& file);

/// The path of a variable inside the file.
std::string full_name(const Variable& variable);

hid_t native_type(Type type);

}  // namespace gluesweep::output
