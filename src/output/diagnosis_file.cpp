#include "gluesweep/output/diagnosis_file.hpp"

#include <filesystem>
#include <map>
#include <stdexcept>

#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/netcdf.hpp"
#include "gluesweep/output/target.hpp"
#include "gluesweep/output/versions.hpp"

namespace gluesweep::output {
namespace {

class DiagnosisWriter {
 public:
  explicit DiagnosisWriter(std::string path) : path_(std::move(path)), file_(create_netcdf(path_)) {}

  void run(const Diagnosis& diagnosis) {
    write_attributes(diagnosis);
    find_dimensions(diagnosis);
    for (const auto& array : diagnosis.arrays) {
      if (is_coordinate(array)) write(array);
    }
    for (const auto& [name, size] : sizes_) {
      if (H5Lexists(file_.get(), name.c_str(), H5P_DEFAULT) <= 0)
        create_bare_dimension(file_.get(), name, size, path_);
    }
    for (const auto& array : diagnosis.arrays) {
      if (!is_coordinate(array)) write(array);
    }
    check(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), "write", path_);
    file_.close("close", path_);
  }

 private:
  static bool is_coordinate(const DiagnosisArray& array) {
    return array.dimensions.size() == 1 && array.dimensions.front() == array.name;
  }

  void write_attributes(const Diagnosis& diagnosis) {
    const hid_t root = file_.get();
    write_attribute(root, "Conventions", "CF-1.8", path_);
    write_attribute(root, "diagnosis_format_version", std::int64_t{diagnosis_format_version}, path_);
    for (const auto& [name, value] : diagnosis.attributes) {
      std::visit([&, &key = name](const auto& typed) { write_attribute(root, key, typed, path_); }, value);
    }
    for (const auto& [library, version] : library_versions()) write_attribute(root, library, version, path_);
    write_attribute(root, "created", utc_now(), path_);
  }

  void find_dimensions(const Diagnosis& diagnosis) {
    for (const auto& array : diagnosis.arrays) {
      for (std::size_t axis = 0; axis < array.dimensions.size(); ++axis) {
        const auto size = array.values.size(static_cast<std::int64_t>(axis));
        const auto [known, added] = sizes_.emplace(array.dimensions[axis], size);
        if (known->second != size) throw std::logic_error("two sizes of the dimension " + known->first);
      }
    }
  }

  void write(const DiagnosisArray& array) {
    const at::Tensor values = array.values.to(at::kDouble).contiguous();
    const Handle space = simple_space(values.sizes().vec(), path_);
    const Handle properties = ordered_properties(H5P_DATASET_CREATE, path_);
    const Handle dataset(check(H5Dcreate2(file_.get(), array.name.c_str(), H5T_NATIVE_DOUBLE, space.get(),
                                          H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                               "create the variable " + array.name, path_),
                         H5Dclose);
    check(H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data_ptr()),
          "write " + array.name, path_);
    write_attribute(dataset.get(), "units", "1", path_);
    write_attribute(dataset.get(), "long_name", array.long_name, path_);
    if (is_coordinate(array)) {
      mark_coordinate(dataset.get(), array.name, path_);
      return;
    }
    for (std::size_t axis = 0; axis < array.dimensions.size(); ++axis) {
      const auto& dimension = array.dimensions[axis];
      const Handle scale(
          check(H5Dopen2(file_.get(), dimension.c_str(), H5P_DEFAULT), "open " + dimension, path_), H5Dclose);
      attach_dimension(dataset.get(), array.name, axis, scale.get(), dimension, path_);
    }
  }

  std::string path_;
  Handle file_;
  std::map<std::string, std::int64_t> sizes_;
};

std::int64_t bytes_of(const Diagnosis& diagnosis) {
  std::int64_t bytes = 1 << 17;  // attributes
  for (const auto& array : diagnosis.arrays) bytes += 8 * array.values.numel();
  return bytes;
}

}  // namespace

void Diagnosis::add(const std::string& name, const std::vector<std::string>& dimensions,
                    const std::string& long_name, const at::Tensor& values) {
  arrays.push_back({name, dimensions, long_name, values});
}

void write_diagnosis(const std::string& path, const Diagnosis& diagnosis) {
  silence_hdf5();
  check_target(path, bytes_of(diagnosis));
  const std::string temporary = temporary_name(path);
  try {
    DiagnosisWriter(temporary).run(diagnosis);
    publish(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

}  // namespace gluesweep::output
