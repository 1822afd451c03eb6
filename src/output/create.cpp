#include "create.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "gluesweep/output/netcdf.hpp"
#include "gluesweep/output/versions.hpp"
#include "network_text.hpp"

namespace gluesweep::output {
namespace {

namespace fs = std::filesystem;

// Rows of parameters computed at a time: memory does not grow with the number of samples.
constexpr std::int64_t rows_at_once = 65536;

/// What `reference_error` is measured against.
std::string reference_method(const job::Job& job) {
  const job::Problem& problem = job.problem;
  if (std::all_of(problem.unknowns.begin(), problem.unknowns.end(),
                  [](const job::Unknown& unknown) { return static_cast<bool>(unknown.exact); })) {
    return "closed form";
  }
  if (job.verification.reference_fraction == 0.0) return "none";
  const bool from_start = std::all_of(
      problem.conditions.begin(), problem.conditions.end(),
      [](const job::Condition& condition) { return condition.place == job::Condition::Place::start; });
  return from_start ? "CVODE, initial value problem" : "CVODE, shooting";
}

/// Virtual datasets take % in a path for the start of a pattern.
std::string literal(const std::string& path) {
  std::string text;
  for (const char character : path) text += character == '%' ? std::string("%%") : std::string(1, character);
  return text;
}

class Creator {
 public:
  Creator(const NewFile& file, std::string temporary) : file_(file), name_(std::move(temporary)) {}

  void run() {
    open();
    write_root_attributes();
    describe_networks();
    for (const Dimension& dimension : file_.layout.dimensions) {
      if (dimension.has_variable) continue;
      create_bare_dimension(group_of(dimension.group), dimension.name, dimension.size, name_);
    }
    for (const Variable& variable : file_.layout.variables) create_variable(variable);
    for (const Variable& variable : file_.layout.variables) attach_scales(variable);
    for (const Variable& variable : file_.layout.variables) write_known_data(variable);
    check(H5Fflush(handle_.get(), H5F_SCOPE_GLOBAL), "write", name_);
    network_.close("close the group network", name_);
    handle_.close("close", name_);
  }

 private:
  void open() {
    handle_ = create_netcdf(name_);
    const Handle group = ordered_properties(H5P_GROUP_CREATE, name_);
    network_ = Handle(check(H5Gcreate2(handle_.get(), "network", H5P_DEFAULT, group.get(), H5P_DEFAULT),
                            "create the group network", name_),
                      H5Gclose);
  }

  void write_root_attributes() {
    const job::Problem& problem = file_.job.problem;
    const hid_t root = handle_.get();
    const auto text = [&](const std::string& name, const std::string& value) {
      write_attribute(root, name, value, name_);
    };
    text("Conventions", "CF-1.8");
    text("title", "Coefficient networks of " + problem.name + " over a parameter sweep");
    text("description", problem.description);
    text("problem", problem.name);
    write_attribute(root, "format_version", std::int64_t{format_version}, name_);
    text("source", "gluesweep " + file_.provenance.gluesweep_version);
    text("gluesweep_version", file_.provenance.gluesweep_version);
    text("git_commit", file_.provenance.git_commit);
    for (const auto& [library, version] : library_versions()) text(library, version);
    text("created", utc_now());
    write_attribute(root, "mpi_size", std::int64_t{file_.mpi_size}, name_);
    write_attribute(root, "first_sample", file_.layout.share.first, name_);
    write_attribute(root, "scan_samples", file_.layout.share.scan, name_);
    text("swept_parameters", joined(file_.space.swept_names()));
    text("reference_method", reference_method(file_.job));
    text("job_hash", file_.provenance.job_hash);
    text("job", file_.provenance.resolved_job);
  }

  /// All that is needed to evaluate the stored networks without this program.
  void describe_networks() {
    const auto text = [&](const std::string& name, const std::string& value) {
      write_attribute(network_.get(), name, value, name_);
    };
    std::vector<std::string> trunk;
    for (const auto& array : file_.network.trunk) trunk.push_back(array.first);
    text("trunk_arrays", joined(trunk));
    for (const auto& [name, value] : network_text(file_.job)) text(name, value);
  }

  static std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
  }

  hid_t group_of(Group group) const { return group == Group::root ? handle_.get() : network_.get(); }

  void set_fill_value(const Variable& variable, hid_t properties) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::int64_t zero = 0;
    const bool real = variable.type == Type::float64;
    check(H5Pset_fill_value(properties, real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64,
                            real ? static_cast<const void*>(&nan) : &zero),
          "choose the fill value of " + variable.name, name_);
    // Rows of results are filled by all ranks together, see SweepFile: one rank would take as long as some
    // ten need to compute them.
    check(H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER), "leave " + variable.name + " unfilled", name_);
    check(H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY), "allocate " + variable.name, name_);
  }

  /// A virtual dataset: its rows stand in the datasets of the same name in the parts.
  void refer_to_parts(const Variable& variable, hid_t space, hid_t properties) {
    std::vector<hsize_t> start(variable.shape.size(), 0);
    std::vector<hsize_t> count(variable.shape.begin(), variable.shape.end());
    for (const VirtualPart& part : file_.parts) {
      start[0] = static_cast<hsize_t>(part.share.first);
      count[0] = static_cast<hsize_t>(part.share.count);
      check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
            "select rows of " + variable.name, name_);
      const Handle source = simple_space({count.begin(), count.end()}, name_);
      check(H5Pset_virtual(properties, space, literal(part.path).c_str(), ("/" + full_name(variable)).c_str(),
                           source.get()),
            "refer to " + part.path, name_);
    }
    check(H5Sselect_all(space), "select " + variable.name, name_);
  }

  void create_variable(const Variable& variable) {
    const Handle space = simple_space(variable.shape, name_);
    const Handle properties = ordered_properties(H5P_DATASET_CREATE, name_);
    set_fill_value(variable, properties.get());
    if (!file_.parts.empty() && is_result(variable)) {
      refer_to_parts(variable, space.get(), properties.get());
    }
    const Handle dataset(
        check(H5Dcreate2(group_of(variable.group), variable.name.c_str(), native_type(variable.type),
                         space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
              "create the variable " + variable.name, name_),
        H5Dclose);
    write_attribute(dataset.get(), "units", variable.unit, name_);
    write_attribute(dataset.get(), "long_name", variable.long_name, name_);
    // CF allows no fill value on coordinates; on integers xarray would turn the column into floats.
    if (variable.by_sample() && variable.type == Type::float64) {
      write_attribute(dataset.get(), "_FillValue", std::numeric_limits<double>::quiet_NaN(), name_);
    }
    if (variable.source == Source::status) describe_status(dataset.get());
    if (variable.source == Source::head || variable.source == Source::map ||
        variable.source == Source::scale) {
      describe_network(variable, dataset.get());
    }
    if (variable.group == Group::root && !variable.dimensions.empty() &&
        variable.name == variable.dimensions[0]) {
      mark_coordinate(dataset.get(), variable.name, name_);
    }
  }

  void describe_status(hid_t dataset) {
    std::vector<std::uint8_t> values;
    std::vector<std::string> meanings;
    for (const auto& entry : training::status_table) {
      values.push_back(static_cast<std::uint8_t>(entry.status));
      meanings.emplace_back(entry.name);
    }
    write_attribute(dataset, "flag_values", values, name_);
    write_attribute(dataset, "flag_meanings", joined(meanings), name_);
  }

  /// Names along the dimensions patch, constant and component.
  void describe_network(const Variable& variable, hid_t dataset) {
    std::vector<std::string> patches, constants;
    for (const auto& patch : file_.job.problem.patches) {
      patches.push_back(patch.name);
      for (const auto& constant : patch.constants) constants.push_back(patch.name + "_" + constant.name);
    }
    if (variable.source == Source::map) {
      write_attribute(dataset, "patches", joined(patches), name_);
    } else if (variable.dimensions.back() == "component") {
      write_attribute(dataset, "components", joined(file_.job.problem.state_names()), name_);
    } else {
      write_attribute(dataset, "constants", joined(constants), name_);
    }
  }

  Handle open_dataset(const std::string& path) {
    return {check(H5Dopen2(handle_.get(), path.c_str(), H5P_DEFAULT), "open " + path, name_), H5Dclose};
  }

  /// A variable in /network uses the group's dimensions, and the root's for what the group does not have.
  std::string scale_path(Group group, const std::string& name) const {
    for (const Dimension& known : file_.layout.dimensions) {
      if (group == Group::network && known.group == group && known.name == name) return "network/" + name;
    }
    return name;
  }

  void attach_scales(const Variable& variable) {
    // A coordinate variable is the scale itself.
    if (variable.group == Group::root && variable.dimensions.size() == 1 &&
        variable.name == variable.dimensions[0]) {
      return;
    }
    const Handle dataset = open_dataset(full_name(variable));
    for (std::size_t axis = 0; axis < variable.dimensions.size(); ++axis) {
      const std::string& name = variable.dimensions[axis];
      const Handle scale = open_dataset(scale_path(variable.group, name));
      attach_dimension(dataset.get(), variable.name, axis, scale.get(), name, name_);
    }
  }

  void write_whole(const Variable& variable, const void* data) {
    const Handle dataset = open_dataset(full_name(variable));
    check(H5Dwrite(dataset.get(), native_type(variable.type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data),
          "write " + variable.name, name_);
  }

  void write_known_data(const Variable& variable) {
    switch (variable.source) {
      case Source::sample:
        return write_rows(variable, [&](std::int64_t first, std::int64_t count) {
          const std::int64_t id = file_.layout.share.first + first;
          return at::arange(id, id + count, at::kLong);
        });
      case Source::parameter:
        if (file_.parameters == Parameters::left_out) return;
        return write_rows(variable, [&](std::int64_t first, std::int64_t count) {
          const at::Tensor parameters = file_.space.block(file_.layout.share.first + first, count);
          return file_.space.swept(parameters).select(1, variable.index).contiguous();
        });
      case Source::coordinate: return write_whole(variable, file_.job.output_points().data());
      case Source::trunk: {
        const at::Tensor array = file_.network.trunk[static_cast<std::size_t>(variable.index)].second;
        return write_whole(variable, array.to(at::kCPU, at::kDouble).contiguous().data_ptr());
      }
      default: return;
    }
  }

  template <class Rows>
  void write_rows(const Variable& variable, const Rows& rows) {
    const Handle dataset = open_dataset(full_name(variable));
    for (std::int64_t first = 0; first < file_.layout.share.count; first += rows_at_once) {
      const std::int64_t count = std::min(rows_at_once, file_.layout.share.count - first);
      write_slab(dataset.get(), native_type(variable.type), first, {count}, rows(first, count).data_ptr(),
                 name_);
    }
  }

  const NewFile& file_;
  std::string name_;
  Handle handle_, network_;
};

}  // namespace

std::string full_name(const Variable& variable) {
  return variable.group == Group::network ? "network/" + variable.name : variable.name;
}

bool is_result(const Variable& variable) {
  return variable.by_sample() && variable.source != Source::sample && variable.source != Source::parameter;
}

hid_t native_type(Type type) { return native_type(scalar_type(type)); }

void create_file(const NewFile& file) {
  try {
    Creator(file, file.path).run();
  } catch (...) {
    std::error_code ignored;
    fs::remove(file.path, ignored);
    throw;
  }
}

}  // namespace gluesweep::output
