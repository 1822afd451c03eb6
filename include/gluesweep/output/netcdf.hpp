#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gluesweep/output/hdf5.hpp"

/// HDF5 files that netCDF-4 readers such as xarray take for their own. `file` is the name for messages.
namespace gluesweep::output {

/// Readers rely on the order of creation to keep variables and attributes in order: a property list of `kind`
/// (file, group or dataset creation) that keeps it.
Handle ordered_properties(hid_t kind, const std::string& file);

/// A new file; throws FileError if something of the name exists.
Handle create_netcdf(const std::string& file);

Handle simple_space(const std::vector<std::int64_t>& shape, const std::string& file);

/// A dimension without a coordinate variable.
void create_bare_dimension(hid_t parent, const std::string& name, std::int64_t size, const std::string& file);

/// Makes a variable the coordinate of the dimension of its name.
void mark_coordinate(hid_t dataset, const std::string& name, const std::string& file);

/// Axis `axis` of the variable `name` is the dimension `dimension`, which `scale` stands for.
void attach_dimension(hid_t dataset, const std::string& name, std::size_t axis, hid_t scale,
                      const std::string& dimension, const std::string& file);

}  // namespace gluesweep::output
