#pragma once

#include <memory>
#include <string>

#include "gluesweep/emulator/emulator.hpp"

/// An emulator as one HDF5 file of plain arrays, which netCDF-4 readers open as it is (docs/EMULATOR.md).
namespace gluesweep::emulator {

inline constexpr int emulator_format_version = 1;

/// Creates the file at `path` under a temporary name and gives it its own when it is complete; never replaces
/// one (see output::check_target). Throws job::InputError or output::FileError.
void write_emulator(const std::string& path, const Emulator& emulator);

/// Throws job::InputError if there is no such file, it is no emulator, of another format version, or damaged.
std::shared_ptr<Emulator> read_emulator(const std::string& path);

}  // namespace gluesweep::emulator
