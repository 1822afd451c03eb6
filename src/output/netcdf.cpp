#include "gluesweep/output/netcdf.hpp"

#include <H5DSpublic.h>

namespace gluesweep::output {
namespace {

// netCDF's mark of a dimension without a coordinate variable (netCDF-4 file format, "Dimensions without
// variables").
constexpr const char* bare_dimension = "This is a netCDF dimension but not a netCDF variable.";

Handle property_list(hid_t kind, const std::string& file) {
  return {check(H5Pcreate(kind), "make a property list", file), H5Pclose};
}

}  // namespace

Handle ordered_properties(hid_t kind, const std::string& file) {
  constexpr unsigned ordered = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  Handle properties = property_list(kind, file);
  check(H5Pset_attr_creation_order(properties.get(), ordered), "order attributes", file);
  if (H5Pequal(kind, H5P_DATASET_CREATE) > 0) {
    // Modification times would be metadata that changes with every result.
    check(H5Pset_obj_track_times(properties.get(), 0), "turn times off", file);
  } else {
    check(H5Pset_link_creation_order(properties.get(), ordered), "order links", file);
  }
  return properties;
}

Handle create_netcdf(const std::string& file) {
  const Handle creation = ordered_properties(H5P_FILE_CREATE, file);
  const Handle access = property_list(H5P_FILE_ACCESS, file);
  // As netCDF-4 does. Not `latest`: its files refuse to open after their writer was killed.
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_LATEST), "choose a format", file);
  return {check(H5Fcreate(file.c_str(), H5F_ACC_EXCL, creation.get(), access.get()), "create", file),
          H5Fclose};
}

Handle simple_space(const std::vector<std::int64_t>& shape, const std::string& file) {
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  return {check(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), "make a dataspace",
                file),
          H5Sclose};
}

void create_bare_dimension(hid_t parent, const std::string& name, std::int64_t size,
                           const std::string& file) {
  const Handle space = simple_space({size}, file);
  const Handle properties = ordered_properties(H5P_DATASET_CREATE, file);
  const Handle dataset(check(H5Dcreate2(parent, name.c_str(), H5T_IEEE_F32BE, space.get(), H5P_DEFAULT,
                                        properties.get(), H5P_DEFAULT),
                             "create the dimension " + name, file),
                       H5Dclose);
  std::string digits = std::to_string(size);
  digits.insert(0, digits.size() < 10 ? 10 - digits.size() : 0, ' ');
  check(H5DSset_scale(dataset.get(), (bare_dimension + digits).c_str()), "mark the dimension " + name, file);
}

void mark_coordinate(hid_t dataset, const std::string& name, const std::string& file) {
  check(H5DSset_scale(dataset, name.c_str()), "mark the coordinate " + name, file);
}

void attach_dimension(hid_t dataset, const std::string& name, std::size_t axis, hid_t scale,
                      const std::string& dimension, const std::string& file) {
  check(H5DSattach_scale(dataset, scale, static_cast<unsigned>(axis)),
        "attach the dimension " + dimension + " to " + name, file);
}

}  // namespace gluesweep::output
