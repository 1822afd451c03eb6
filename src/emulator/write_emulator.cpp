#include <filesystem>
#include <map>
#include <set>

#include "gluesweep/emulator/emulator_file.hpp"
#include "gluesweep/network/activation.hpp"
#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/netcdf.hpp"
#include "gluesweep/output/target.hpp"
#include "gluesweep/output/versions.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;
using output::check;
using output::Handle;

using Words = std::vector<std::string>;

constexpr std::int64_t bytes_beside_arrays = 1 << 18;  // of groups, dimensions and attributes

/// What an array is called, what it means and what its dimensions are.
struct Array {
  std::string name;
  Tensor values;
  Words dimensions;
  std::string long_name;
};

/// Dimensions of an array of a regression or trunk: by role and extent, since some have equal names.
std::string sized(const std::string& role, std::int64_t size) { return role + "_" + std::to_string(size); }

class Writer {
 public:
  Writer(std::string file, const Emulator& emulator)
      : file_(std::move(file)), emulator_(emulator), root_(output::create_netcdf(file_)) {}

  void run() {
    write_attributes();
    write_axes();
    write_heads();
    write_scalars();
    write_group("trunk", trunk_arrays(),
                "the hidden layers that all points share, see the attribute `formulas`");
    write_regression("layout", *emulator_.layout, "layout row");
    write_regression("amplitudes", *emulator_.amplitudes, "amplitude");
    write_regression("quantities", *emulator_.quantities, "scalar");
    write_domain();
    check(H5Fflush(root_.get(), H5F_SCOPE_GLOBAL), "write", file_);
    root_.close("close", file_);
  }

 private:
  void write_attributes() {
    const auto text = [&](const std::string& name, const std::string& value) {
      output::write_attribute(root_.get(), name, value, file_);
    };
    const auto& problem = emulator_.job.problem;
    text("Conventions", "CF-1.8");
    text("title", "Emulator of " + problem.name);
    text("description", problem.description);
    text("problem", problem.name);
    output::write_attribute(root_.get(), "emulator_format_version", std::int64_t{emulator_format_version},
                            file_);
    text("source", emulator_.source);
    text("git_commit", emulator_.git_commit);
    for (const auto& [library, version] : output::library_versions()) text(library, version);
    text("created", output::utc_now());
    text("formulas", formulas);
    text("activation", network::activation_name(emulator_.job.network.activation));
    text("skip", network::skip_name(emulator_.job.network.skip));
    output::write_attribute(root_.get(), "reach", emulator_.reach, file_);
    text("job_hash", emulator_.job_hash);
    text("job", emulator_.job_text);
  }

  void write_axes() {
    Words names;
    std::vector<double> low, high, logarithmic;
    for (const auto& axis : emulator_.axes) {
      names.push_back(axis.name);
      low.push_back(axis.low);
      high.push_back(axis.high);
      logarithmic.push_back(axis.scale == job::Scale::log ? 1.0 : 0.0);
    }
    write_strings("parameter", names, "parameter", "names of the parameters");
    write({"parameter_low", at::tensor(low, at::kDouble), {"parameter"}, "lowest value, z = -1"});
    write({"parameter_high", at::tensor(high, at::kDouble), {"parameter"}, "highest value, z = 1"});
    write({"parameter_logarithmic",
           at::tensor(logarithmic, at::kDouble),
           {"parameter"},
           "1: z is linear in the logarithm of the parameter, 0: in the parameter"});
  }

  void write_heads() {
    const auto& e = emulator_;
    write({"mean", e.mean.view({e.features, e.constants}), {"feature", "constant"}, "mean head"});
    write({"modes",
           e.modes.view({-1, e.features, e.constants}),
           {"mode", "feature", "constant"},
           "modes of the heads"});
    write({"layout_logarithm",
           e.layout_logarithm,
           {"layout_number"},
           "1: the layout regression gives the logarithm of this number"});
    const auto extents = at::tensor({e.patches, e.map_parameters, e.constants, e.scale_terms}, at::kLong);
    write({"layout_extents",
           extents.to(at::kDouble),
           {"layout_extent"},
           "patches P, numbers of a map m, constants K, terms of a scale T"});
  }

  void write_scalars() {
    Words names, units, long_names;
    std::vector<double> logarithm;
    for (const auto& scalar : emulator_.scalars) {
      names.push_back(scalar.name);
      units.push_back(scalar.unit);
      long_names.push_back(scalar.long_name);
      logarithm.push_back(!scalar.logarithm ? 0.0 : scalar.negative ? -1.0 : 1.0);
    }
    if (names.empty()) return;
    write_strings("scalar", names, "scalar", "names of the numbers that `quantities` gives");
    write_strings("scalar_unit", units, "scalar", "their units");
    write_strings("scalar_long_name", long_names, "scalar", "what they are");
    write({"scalar_logarithm",
           at::tensor(logarithm, at::kDouble),
           {"scalar"},
           "1: `quantities` gives the natural logarithm, -1: that of its negative"});
  }

  std::vector<Array> trunk_arrays() const {
    std::vector<Array> arrays;
    for (const auto& [name, values] : emulator_.trunk) {
      const bool mixing = name == "mixing";
      Words dimensions{sized(mixing ? "neuron_or_one" : "neuron", values.size(0))};
      if (values.dim() == 2) dimensions.push_back(mixing ? "feature" : sized("neuron_in", values.size(1)));
      arrays.push_back({name, values, dimensions, "array " + name + " of the hidden layers"});
    }
    return arrays;
  }

  void write_regression(const std::string& name, const Regression& regression, const std::string& output) {
    std::vector<Array> arrays;
    for (const auto& [own, values] : regression.arrays()) {
      Words dimensions;
      for (std::int64_t axis = 0; axis < values.dim(); ++axis) {
        dimensions.push_back(sized(name + "_" + own + "_" + std::to_string(axis), values.size(axis)));
      }
      arrays.push_back({own, values, dimensions, "array " + own + " of the regression"});
    }
    write_group(name, arrays,
                "z -> " + output + ", a regression of the kind that the attribute `kind` names");
    output::write_attribute(groups_.at(name).get(), "kind", regression.kind(), file_);
  }

  void write_domain() {
    write({"training_z",
           emulator_.training_z,
           {"training_point", "parameter"},
           "normalised parameters of the points that the emulator was fitted to"});
    const auto& held_out = emulator_.held_out;
    std::vector<Array> arrays{
        {"z", held_out.z, {"held_out_point", "parameter"}, "normalised parameters"},
        {"solution",
         held_out.solution,
         {"held_out_point"},
         "largest error of the unknowns over their magnitudes, at the output points of the scan"}};
    if (!emulator_.scalars.empty()) {
      arrays.push_back({"scalars", held_out.scalars, {"held_out_point", "scalar"}, "relative errors"});
    }
    write_group("held_out", arrays, "errors of points that took no part in the fit");
  }

  // --- what all of them use ---

  void write_group(const std::string& name, const std::vector<Array>& arrays,
                   const std::string& description) {
    const Handle properties = output::ordered_properties(H5P_GROUP_CREATE, file_);
    groups_[name] =
        Handle(check(H5Gcreate2(root_.get(), name.c_str(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                     "create the group " + name, file_),
               H5Gclose);
    output::write_attribute(groups_[name].get(), "description", description, file_);
    for (auto array : arrays) {
      array.name.insert(0, name + "/");
      write(array);
    }
  }

  /// Dimensions stand in the root group, where all groups see them.
  void need_dimension(const std::string& name, std::int64_t size) {
    if (!dimensions_.insert(name).second) return;
    output::create_bare_dimension(root_.get(), name, size, file_);
  }

  Handle create(const std::string& name, hid_t type, const std::vector<std::int64_t>& shape) {
    const Handle space = output::simple_space(shape, file_);
    const Handle properties = output::ordered_properties(H5P_DATASET_CREATE, file_);
    return {check(H5Dcreate2(root_.get(), name.c_str(), type, space.get(), H5P_DEFAULT, properties.get(),
                             H5P_DEFAULT),
                  "create the variable " + name, file_),
            H5Dclose};
  }

  void describe(hid_t dataset, const std::string& name, const Words& dimensions,
                const std::string& long_name) {
    output::write_attribute(dataset, "long_name", long_name, file_);
    for (std::size_t axis = 0; axis < dimensions.size(); ++axis) {
      if (dimensions.size() == 1 && dimensions[0] == name) {
        output::mark_coordinate(dataset, name, file_);
        dimensions_.insert(name);
        return;
      }
      const Handle scale(check(H5Dopen2(root_.get(), dimensions[axis].c_str(), H5P_DEFAULT),
                               "open " + dimensions[axis], file_),
                         H5Dclose);
      output::attach_dimension(dataset, name, axis, scale.get(), dimensions[axis], file_);
    }
  }

  void write(const Array& array) {
    const Tensor values = array.values.to(at::kDouble).contiguous();
    for (std::size_t axis = 0; axis < array.dimensions.size(); ++axis) {
      need_dimension(array.dimensions[axis], values.size(static_cast<std::int64_t>(axis)));
    }
    const Handle dataset = create(array.name, H5T_NATIVE_DOUBLE, values.sizes().vec());
    check(H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data_ptr()),
          "write " + array.name, file_);
    output::write_attribute(dataset.get(), "units", std::string("1"), file_);
    describe(dataset.get(), array.name, array.dimensions, array.long_name);
  }

  void write_strings(const std::string& name, const Words& words, const std::string& dimension,
                     const std::string& long_name) {
    const Handle type(check(H5Tcopy(H5T_C_S1), "make a string type", file_), H5Tclose);
    check(H5Tset_size(type.get(), H5T_VARIABLE), "size a string type", file_);
    check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "encode a string type", file_);
    std::vector<const char*> texts;
    for (const auto& word : words) texts.push_back(word.c_str());
    const Handle dataset = create(name, type.get(), {static_cast<std::int64_t>(texts.size())});
    check(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()), "write " + name,
          file_);
    describe(dataset.get(), name, {dimension}, long_name);
  }

  static constexpr const char* formulas =
      "z_j = 2 (g - g(low_j)) / (g(high_j) - g(low_j)) - 1, g the logarithm where parameter_logarithmic. "
      "poly(z) = sum_t coefficients[t] prod_j T_exponents[t, j](z_j), T_n the Chebyshev polynomials of the "
      "first kind; a regression is poly(z) (kind chebyshev), poly(z) + sum_i weights[i] exp(-1/2 sum_j ((z_j "
      "- places[i, j])/lengths[j])^2) (kind gaussian_process), or poly(z) + weight_L . h + bias_L, h = "
      "tanh(weight_l . h + bias_l) for l = 1, ..., L - 1 from h = z (kind perceptron). The row of layout, "
      "the exponential of it where layout_logarithm, is map (P, m), then scale (K, T). head = mean + sum_r "
      "amplitudes_r modes[r]. A map is a, b, then (c, w, beta) once or more; F(x) = (x - a)/(b - a) + sum "
      "beta (asinh((x - c)/w) - asinh((a - c)/w))/(asinh((b - c)/w) - asinh((a - c)/w)); xi = 2 F(x)/F(b) - "
      "1 for x in [a, b]. features: h = act(slope (xi - centre)), then h = act(weight_l . h + bias_l) for l "
      "= 2, 3, ... where there are such (h = h + act(weight_l . h + bias_l) / sqrt(L - 1) where skip is "
      "residual, L layers); features = (h, 1) . mixing. C_k(xi) = exp(sum_j scale[k, j] T_j(xi)) "
      "(features(xi) . head[:, k]); constants are numbered patch by patch. The solution is that of the patch "
      "that owns x, with its C and the formulas of the job.";

  std::string file_;
  const Emulator& emulator_;
  Handle root_;
  std::map<std::string, Handle> groups_;
  std::set<std::string> dimensions_;
};

std::int64_t bytes_of(const Emulator& emulator) {
  auto numbers = emulator.mean.numel() + emulator.modes.numel() + emulator.training_z.numel() +
                 emulator.held_out.scalars.numel();
  for (const auto* regression : {&emulator.amplitudes, &emulator.layout, &emulator.quantities}) {
    for (const auto& [name, values] : (*regression)->arrays()) numbers += values.numel();
  }
  return 8 * numbers + bytes_beside_arrays;
}

}  // namespace

void write_emulator(const std::string& path, const Emulator& emulator) {
  output::silence_hdf5();
  output::check_target(path, bytes_of(emulator));
  const std::string temporary = output::temporary_name(path);
  try {
    Writer(temporary, emulator).run();
    output::publish(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

}  // namespace gluesweep::emulator
