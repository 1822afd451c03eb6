#include "gluesweep/emulator/prediction_file.hpp"

#include <filesystem>
#include <map>
#include <vector>

#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/netcdf.hpp"
#include "gluesweep/output/target.hpp"
#include "gluesweep/output/versions.hpp"

namespace gluesweep::emulator {

using at::Tensor;
using output::check;
using output::Handle;

struct PredictionFile::Implementation {
  Implementation(const std::string& wanted, const Emulator& given, const Tensor& t, std::int64_t count)
      : path(wanted), emulator(given), points(count), places(t.size(0)) {
    output::silence_hdf5();
    const auto& problem = emulator.job.problem;
    const auto columns = static_cast<std::int64_t>(emulator.axes.size() + 2 * emulator.scalars.size() + 2);
    const auto unknowns = static_cast<std::int64_t>(problem.unknowns.size());
    output::check_target(path, 8 * points * (columns + unknowns * places) + bytes_beside);
    temporary = output::temporary_name(path);
    file = output::create_netcdf(temporary);
    attributes();
    add("sample", {"sample"}, H5T_NATIVE_INT64, "1", "number of the point");
    const auto numbers = at::arange(points, at::kLong);
    write_whole("sample", H5T_NATIVE_INT64, numbers);
    const auto& variable = problem.variable;
    add(variable.symbol, {variable.symbol}, H5T_NATIVE_DOUBLE, variable.unit,
        variable.label.empty() ? variable.symbol : variable.label);
    write_whole(variable.symbol, H5T_NATIVE_DOUBLE, t.contiguous());
    for (const auto& axis : emulator.axes) {
      const auto& parameter = problem.parameters[static_cast<std::size_t>(axis.parameter)];
      column(axis.name, parameter.unit, parameter.label.empty() ? axis.name : parameter.label);
    }
    for (const auto& unknown : problem.unknowns) {
      add(unknown.name, {"sample", variable.symbol}, H5T_NATIVE_DOUBLE, unknown.unit,
          unknown.label.empty() ? unknown.name : unknown.label);
    }
    column("expected_error", "1", "error to expect of the unknowns, over their magnitudes");
    for (const auto& scalar : emulator.scalars) {
      column(scalar.name, scalar.unit, scalar.long_name);
      column(scalar.name + "_expected_error", "1", "relative error to expect of " + scalar.name);
    }
  }

  ~Implementation() {
    datasets.clear();
    file = Handle();
    if (temporary.empty()) return;
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
  }

  void attributes() const {
    const auto text = [&](const std::string& name, const std::string& value) {
      output::write_attribute(file.get(), name, value, temporary);
    };
    text("Conventions", "CF-1.8");
    text("title", "Predictions of an emulator of " + emulator.job.problem.name);
    text("problem", emulator.job.problem.name);
    text("emulator_source", emulator.source);
    text("job_hash", emulator.job_hash);
    text("created", output::utc_now());
    for (const auto& [library, version] : output::library_versions()) text(library, version);
  }

  void column(const std::string& name, const std::string& unit, const std::string& long_name) {
    add(name, {"sample"}, H5T_NATIVE_DOUBLE, unit, long_name);
  }

  void add(const std::string& name, const std::vector<std::string>& dimensions, hid_t type,
           const std::string& unit, const std::string& long_name) {
    std::vector<std::int64_t> shape;
    for (const auto& dimension : dimensions) shape.push_back(dimension == "sample" ? points : places);
    const Handle space = output::simple_space(shape, temporary);
    const Handle properties = output::ordered_properties(H5P_DATASET_CREATE, temporary);
    auto& dataset = datasets[name];
    dataset = Handle(check(H5Dcreate2(file.get(), name.c_str(), type, space.get(), H5P_DEFAULT,
                                      properties.get(), H5P_DEFAULT),
                           "create the variable " + name, temporary),
                     H5Dclose);
    output::write_attribute(dataset.get(), "units", unit, temporary);
    output::write_attribute(dataset.get(), "long_name", long_name, temporary);
    if (dimensions.size() == 1 && dimensions[0] == name) {
      output::mark_coordinate(dataset.get(), name, temporary);
      return;
    }
    for (std::size_t axis = 0; axis < dimensions.size(); ++axis) {
      output::attach_dimension(dataset.get(), name, axis, datasets.at(dimensions[axis]).get(),
                               dimensions[axis], temporary);
    }
  }

  void write_whole(const std::string& name, hid_t type, const Tensor& values) {
    output::write_slab(datasets.at(name).get(), type, 0, values.sizes().vec(), values.data_ptr(), temporary);
  }

  void write_rows(const std::string& name, std::int64_t first, const Tensor& values) {
    const auto rows = values.contiguous();
    output::write_slab(datasets.at(name).get(), H5T_NATIVE_DOUBLE, first, rows.sizes().vec(), rows.data_ptr(),
                       temporary);
  }

  static constexpr std::int64_t bytes_beside = 1 << 17;  // of attributes and the places

  std::string path, temporary;
  const Emulator& emulator;
  std::int64_t points, places;
  Handle file;
  std::map<std::string, Handle> datasets;
};

PredictionFile::PredictionFile(const std::string& path, const Emulator& emulator, const Tensor& t,
                               std::int64_t points)
    : implementation_(std::make_unique<Implementation>(path, emulator, t, points)) {}
PredictionFile::~PredictionFile() = default;

void PredictionFile::write(std::int64_t first, const Predictions& predictions) {
  auto& own = *implementation_;
  const auto& unknowns = own.emulator.job.problem.unknowns;
  for (std::size_t a = 0; a < own.emulator.axes.size(); ++a) {
    own.write_rows(own.emulator.axes[a].name, first,
                   predictions.theta.select(1, static_cast<std::int64_t>(a)));
  }
  for (std::size_t u = 0; u < unknowns.size(); ++u) {
    own.write_rows(unknowns[u].name, first, predictions.solution.select(2, static_cast<std::int64_t>(u)));
  }
  own.write_rows("expected_error", first, predictions.expected_error);
  for (std::size_t s = 0; s < own.emulator.scalars.size(); ++s) {
    const auto& name = own.emulator.scalars[s].name;
    const auto index = static_cast<std::int64_t>(s);
    own.write_rows(name, first, predictions.scalars.select(1, index));
    own.write_rows(name + "_expected_error", first, predictions.scalar_errors.select(1, index));
  }
}

void PredictionFile::finish() {
  auto& own = *implementation_;
  for (auto& [name, dataset] : own.datasets) dataset.close("close " + name, own.temporary);
  own.datasets.clear();
  check(H5Fflush(own.file.get(), H5F_SCOPE_GLOBAL), "write", own.temporary);
  own.file.close("close", own.temporary);
  output::publish(own.temporary, own.path);
  own.temporary.clear();
}

}  // namespace gluesweep::emulator
