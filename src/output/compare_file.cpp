#include "gluesweep/output/compare_file.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <stdexcept>

#include "gluesweep/job/error.hpp"
#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/netcdf.hpp"
#include "gluesweep/output/target.hpp"
#include "gluesweep/output/versions.hpp"

namespace gluesweep::output {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

hid_t native_type(const at::Tensor& values) {
  switch (values.scalar_type()) {
    case at::kDouble: return H5T_NATIVE_DOUBLE;
    case at::kLong: return H5T_NATIVE_INT64;
    case at::kByte: return H5T_NATIVE_UINT8;
    default: throw std::logic_error("an array of a comparison has a type that its file does not know");
  }
}

class Writer {
 public:
  Writer(std::string name, const ComparisonContents& contents)
      : name_(std::move(name)), contents_(contents), handle_(create_netcdf(name_)) {}

  void run() {
    write_attributes();
    write_methods();
    for (const auto& array : contents_.arrays) write_array(array);
    for (const auto& array : contents_.arrays) attach_scales(array);
    check(H5Fflush(handle_.get(), H5F_SCOPE_GLOBAL), "write", name_);
    handle_.close("close", name_);
  }

 private:
  void write_attributes() {
    const hid_t root = handle_.get();
    const auto text = [&](const std::string& name, const std::string& value) {
      write_attribute(root, name, value, name_);
    };
    const auto& problem = contents_.job.problem;
    text("Conventions", "CF-1.8");
    text("title", "Comparison of methods on " + problem.name);
    text("description", problem.description);
    text("problem", problem.name);
    write_attribute(root, "comparison_format_version", std::int64_t{comparison_format_version}, name_);
    text("source", "gluesweep " + contents_.provenance.gluesweep_version);
    text("gluesweep_version", contents_.provenance.gluesweep_version);
    text("git_commit", contents_.provenance.git_commit);
    for (const auto& [library, version] : library_versions()) text(library, version);
    text("created", utc_now());
    write_attribute(root, "mpi_size", std::int64_t{contents_.mpi_size}, name_);
    text("swept_parameters", joined(contents_.swept));
    text("job_hash", contents_.provenance.job_hash);
    text("job", contents_.provenance.resolved_job);
    text("table", contents_.table);
  }

  Handle create(const std::string& name, hid_t type, const std::vector<std::int64_t>& shape) {
    const Handle space = simple_space(shape, name_);
    const Handle properties = ordered_properties(H5P_DATASET_CREATE, name_);
    return {check(H5Dcreate2(handle_.get(), name.c_str(), type, space.get(), H5P_DEFAULT, properties.get(),
                             H5P_DEFAULT),
                  "create the variable " + name, name_),
            H5Dclose};
  }

  void write_whole(const Handle& dataset, hid_t type, const std::string& name, const void* data) {
    check(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "write " + name, name_);
  }

  void write_methods() {
    const Handle type(check(H5Tcopy(H5T_C_S1), "make a string type", name_), H5Tclose);
    check(H5Tset_size(type.get(), H5T_VARIABLE), "size a string type", name_);
    check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "encode a string type", name_);
    std::vector<const char*> labels;
    for (const std::string& method : contents_.methods) labels.push_back(method.c_str());
    const Handle dataset = create(method_dimension, type.get(), {static_cast<std::int64_t>(labels.size())});
    write_whole(dataset, type.get(), method_dimension, labels.data());
    write_attribute(dataset.get(), "long_name", "training.method of the job, and the ansatz if not frames",
                    name_);
    mark_coordinate(dataset.get(), method_dimension, name_);
    scales_.insert(method_dimension);
  }

  void write_array(const ComparisonArray& array) {
    const at::Tensor values = array.values.contiguous();
    const std::vector<std::int64_t> shape = values.sizes().vec();
    if (shape.size() != array.dimensions.size()) {
      throw std::logic_error("the array " + array.name + " of a comparison lacks names of its dimensions");
    }
    const Handle dataset = create(array.name, native_type(values), shape);
    write_whole(dataset, native_type(values), array.name, values.data_ptr());
    write_attribute(dataset.get(), "units", array.unit, name_);
    write_attribute(dataset.get(), "long_name", array.long_name, name_);
    if (!array.flags.empty()) write_flags(dataset.get(), array);
    if (!is_coordinate(array)) return;
    mark_coordinate(dataset.get(), array.name, name_);
    scales_.insert(array.name);
  }

  void write_flags(hid_t dataset, const ComparisonArray& array) {
    std::vector<std::uint8_t> values;
    std::vector<std::string> meanings;
    for (const auto& [value, meaning] : array.flags) {
      values.push_back(value);
      meanings.push_back(meaning);
    }
    write_attribute(dataset, "flag_values", values, name_);
    write_attribute(dataset, "flag_meanings", joined(meanings), name_);
  }

  static bool is_coordinate(const ComparisonArray& array) {
    return array.dimensions.size() == 1 && array.dimensions.front() == array.name;
  }

  Handle open(const std::string& name) {
    return {check(H5Dopen2(handle_.get(), name.c_str(), H5P_DEFAULT), "open " + name, name_), H5Dclose};
  }

  void attach_scales(const ComparisonArray& array) {
    if (is_coordinate(array)) return;
    const Handle dataset = open(array.name);
    for (std::size_t axis = 0; axis < array.dimensions.size(); ++axis) {
      const std::string& name = array.dimensions[axis];
      if (scales_.count(name) == 0) throw std::logic_error("no coordinate " + name + " in a comparison");
      const Handle scale = open(name);
      attach_dimension(dataset.get(), array.name, axis, scale.get(), name, name_);
    }
  }

  std::string name_;
  const ComparisonContents& contents_;
  Handle handle_;
  std::set<std::string> scales_;
};

}  // namespace

void check_comparison_names(const std::vector<std::string>& names) {
  std::set<std::string> taken{method_dimension};
  for (const std::string& name : names) {
    if (taken.insert(name).second) continue;
    throw job::InputError("two variables of the comparison file would be named '" + name +
                          "': give the problem's parameter, unknown or variable of that name another one");
  }
}

void write_comparison(const std::string& path, const ComparisonContents& contents) {
  silence_hdf5();
  std::int64_t bytes = 0;
  for (const auto& array : contents.arrays) bytes += static_cast<std::int64_t>(array.values.nbytes());
  check_target(path, bytes);
  const std::string temporary = temporary_name(path);
  try {
    Writer(temporary, contents).run();
    publish(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

}  // namespace gluesweep::output
