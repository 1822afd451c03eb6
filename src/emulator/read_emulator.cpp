#include <filesystem>

#include "gluesweep/emulator/emulator_file.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/network/scale.hpp"
#include "gluesweep/network/trunk.hpp"
#include "gluesweep/output/hdf5.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;
using output::check;
using output::Handle;
using Words = std::vector<std::string>;
using Arrays = std::vector<std::pair<std::string, Tensor>>;

constexpr const char* damaged = ": the file is damaged; restore a copy of it, or fit the emulator again";
constexpr double most_numbers = 1.0e9;  // of an array: more is a damaged extent

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {
    output::silence_hdf5();
    check_kind_of_file();
    root_ = Handle(check(H5Fopen(file_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open", file_), H5Fclose);
    check_version();
  }

  std::shared_ptr<Emulator> run() const {
    auto emulator = std::make_shared<Emulator>();
    read_job(*emulator);
    read_axes(*emulator);
    read_heads(*emulator);
    read_scalars(*emulator);
    read_trunk(*emulator);
    emulator->layout = regression("layout");
    emulator->amplitudes = regression("amplitudes");
    emulator->quantities = regression("quantities");
    read_domain(*emulator);
    check_regressions(*emulator);
    return emulator;
  }

  [[noreturn]] void refuse(const std::string& reason) const {
    throw job::InputError(file_ + " is not an emulator that can be read: " + reason);
  }

 private:
  void check_kind_of_file() const {
    std::error_code problem;
    const auto status = std::filesystem::status(file_, problem);
    if (status.type() == std::filesystem::file_type::not_found) {
      throw job::InputError(file_ + ": there is no such file; give the path of an emulator");
    }
    if (problem) refuse(problem.message());
    if (!std::filesystem::is_regular_file(status)) refuse("it is no ordinary file; give the path of one");
    if (H5Fis_hdf5(file_.c_str()) <= 0) {
      refuse(
          "it is not an HDF5 file, was cut off, or may not be read; give a file that 'gluesweep emulate' "
          "wrote");
    }
  }

  void check_version() const {
    if (!output::has_attribute(root_.get(), "emulator_format_version")) {
      const bool sweep = output::has_attribute(root_.get(), "format_version");
      refuse(sweep ? "it is a sweep file; use 'gluesweep emulate' to make an emulator of it"
                   : "it is an HDF5 file, but lacks the attribute emulator_format_version; give a file that "
                     "'gluesweep emulate' wrote");
    }
    const auto version = output::read_integer_attribute(root_.get(), "emulator_format_version", file_);
    if (version == emulator_format_version) return;
    refuse("its format version is " + std::to_string(version) + ", this program reads version " +
           std::to_string(emulator_format_version) +
           ": use the gluesweep version that its attribute `source` names");
  }

  void require(bool fits, const std::string& array) const {
    if (!fits) refuse("its array " + array + " has a shape that does not fit the others" + damaged);
  }

  std::string text(const std::string& name) const {
    return output::read_text_attribute(root_.get(), name, file_);
  }

  Handle open(const std::string& name) const {
    return {check(H5Dopen2(root_.get(), name.c_str(), H5P_DEFAULT), "open the array " + name, file_),
            H5Dclose};
  }

  Tensor array(const std::string& name) const {
    const Handle dataset = open(name);
    const auto shape = output::extents(dataset.get(), file_);
    double numbers = 1.0;
    for (const auto size : shape) numbers *= static_cast<double>(size);
    const Handle type(check(H5Dget_type(dataset.get()), "look up the type of " + name, file_), H5Tclose);
    if (H5Tget_class(type.get()) != H5T_FLOAT) refuse("its array " + name + " holds no numbers" + damaged);
    if (!(numbers <= most_numbers)) refuse("its array " + name + " is too large" + damaged);
    Tensor values = at::empty(shape, at::kDouble);
    check(H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data_ptr()),
          "read the array " + name, file_);
    return values;
  }

  Words strings(const std::string& name) const {
    const Handle dataset = open(name);
    const auto shape = output::extents(dataset.get(), file_);
    const Handle type(check(H5Dget_type(dataset.get()), "look up the type of " + name, file_), H5Tclose);
    if (shape.size() != 1 || H5Tis_variable_str(type.get()) <= 0)
      refuse("its array " + name + " holds no words" + damaged);
    std::vector<char*> texts(static_cast<std::size_t>(shape[0]), nullptr);
    check(H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()), "read " + name,
          file_);
    Words words;
    for (const char* word : texts) words.emplace_back(word == nullptr ? "" : word);
    const Handle space(check(H5Dget_space(dataset.get()), "look up the extents of " + name, file_), H5Sclose);
    check(H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, texts.data()), "read " + name, file_);
    return words;
  }

  /// All arrays of a group, in the order in which they were written.
  Arrays group(const std::string& name) const {
    const Handle handle(
        check(H5Gopen2(root_.get(), name.c_str(), H5P_DEFAULT), "open the group " + name, file_), H5Gclose);
    H5G_info_t info;
    check(H5Gget_info(handle.get(), &info), "list the group " + name, file_);
    Arrays arrays;
    for (hsize_t i = 0; i < info.nlinks; ++i) {
      std::vector<char> own(256);
      check(H5Lget_name_by_idx(handle.get(), ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, own.data(), own.size(),
                               H5P_DEFAULT),
            "list the group " + name, file_);
      arrays.emplace_back(own.data(), array(name + "/" + own.data()));
    }
    return arrays;
  }

  std::shared_ptr<const Regression> regression(const std::string& name) const {
    const Handle handle(
        check(H5Gopen2(root_.get(), name.c_str(), H5P_DEFAULT), "open the group " + name, file_), H5Gclose);
    const auto kind = output::read_text_attribute(handle.get(), "kind", file_);
    try {
      return make_regression(kind, group(name));
    } catch (const job::InputError& error) {
      refuse("in its group " + name + " " + error.what() + damaged);
    }
  }

  void read_job(Emulator& emulator) const {
    emulator.job_text = text("job");
    emulator.job = job::parse_resolved(emulator.job_text, {}, file_ + ", attribute job");
    emulator.job_hash = text("job_hash");
    emulator.source = text("source");
    emulator.git_commit = text("git_commit");
  }

  void read_axes(Emulator& emulator) const {
    const auto names = strings("parameter");
    const auto low = array("parameter_low"), high = array("parameter_high"),
               logarithmic = array("parameter_logarithmic");
    const auto count = static_cast<std::int64_t>(names.size());
    for (const auto* values : {&low, &high, &logarithmic}) {
      require(values->dim() == 1 && values->size(0) == count, "parameter_low, _high or _logarithmic");
    }
    if (!(low < high).all().item<bool>()) refuse(std::string("a parameter has no range") + damaged);
    for (std::int64_t j = 0; j < count; ++j) {
      const auto scale = logarithmic[j].item<double>() > 0.5 ? job::Scale::log : job::Scale::linear;
      const auto& name = names[static_cast<std::size_t>(j)];
      emulator.axes.push_back(
          {name, scale, low[j].item<double>(), high[j].item<double>(), place_of(emulator.job, name)});
    }
  }

  int place_of(const job::Job& job, const std::string& name) const {
    for (std::size_t i = 0; i < job.problem.parameters.size(); ++i) {
      if (job.problem.parameters[i].name == name) return static_cast<int>(i);
    }
    refuse("its parameter '" + name + "' is none of the problem's" + damaged);
  }

  void read_heads(Emulator& emulator) const {
    const auto mean = array("mean"), modes = array("modes"), extents = array("layout_extents");
    require(mean.dim() == 2, "mean");
    require(modes.dim() == 3 && modes.size(1) == mean.size(0) && modes.size(2) == mean.size(1), "modes");
    require(extents.dim() == 1 && extents.size(0) == 4, "layout_extents");
    emulator.features = mean.size(0);
    emulator.constants = mean.size(1);
    emulator.mean = mean.flatten();
    emulator.modes = modes.flatten(1);
    emulator.patches = extents[0].to(at::kLong).item<std::int64_t>();
    emulator.map_parameters = extents[1].to(at::kLong).item<std::int64_t>();
    emulator.scale_terms = extents[3].to(at::kLong).item<std::int64_t>();
    const auto& problem = emulator.job.problem;
    const auto patches = static_cast<std::int64_t>(problem.patches.size());
    require(emulator.patches == patches && emulator.constants == patches * problem.state_size() &&
                emulator.map_parameters >= 2 && (emulator.map_parameters - 2) % 3 == 0 &&
                emulator.scale_terms == network::Scale::terms,
            "layout_extents");
    emulator.layout_logarithm = array("layout_logarithm");
    require(emulator.layout_logarithm.dim() == 1 &&
                emulator.layout_logarithm.size(0) ==
                    patches * emulator.map_parameters + emulator.constants * emulator.scale_terms,
            "layout_logarithm");
  }

  void read_trunk(Emulator& emulator) const {
    emulator.trunk = group("trunk");
    try {
      const network::Trunk trunk(emulator.job.network, emulator.trunk);
      require(trunk.size() == emulator.features, "trunk/mixing");
    } catch (const std::invalid_argument& error) {
      refuse("in its group trunk: " + std::string(error.what()) + damaged);
    }
  }

  void read_scalars(Emulator& emulator) const {
    if (H5Lexists(root_.get(), "scalar", H5P_DEFAULT) <= 0) return;
    const auto names = strings("scalar"), units = strings("scalar_unit"),
               long_names = strings("scalar_long_name");
    const auto logarithm = array("scalar_logarithm");
    require(units.size() == names.size() && long_names.size() == names.size(),
            "scalar_unit or scalar_long_name");
    require(logarithm.dim() == 1 && logarithm.size(0) == static_cast<std::int64_t>(names.size()),
            "scalar_logarithm");
    for (std::size_t s = 0; s < names.size(); ++s) {
      const auto sign = logarithm[static_cast<std::int64_t>(s)].item<double>();
      emulator.scalars.push_back({names[s], units[s], long_names[s], sign != 0.0, sign < 0.0});
    }
  }

  void read_domain(Emulator& emulator) const {
    const auto axes = static_cast<std::int64_t>(emulator.axes.size());
    const auto scalars = static_cast<std::int64_t>(emulator.scalars.size());
    emulator.training_z = array("training_z");
    require(emulator.training_z.dim() == 2 && emulator.training_z.size(0) > 0 &&
                emulator.training_z.size(1) == axes,
            "training_z");
    const Handle reach(check(H5Aopen(root_.get(), "reach", H5P_DEFAULT), "open the attribute reach", file_),
                       H5Aclose);
    check(H5Aread(reach.get(), H5T_NATIVE_DOUBLE, &emulator.reach), "read the attribute reach", file_);
    if (!(emulator.reach > 0.0)) refuse(std::string("its attribute reach is no distance") + damaged);
    auto& held_out = emulator.held_out;
    held_out.z = array("held_out/z");
    held_out.solution = array("held_out/solution");
    held_out.scalars =
        scalars > 0 ? array("held_out/scalars") : at::empty({held_out.z.size(0), 0}, at::kDouble);
    require(held_out.z.dim() == 2 && held_out.z.size(0) > 0 && held_out.z.size(1) == axes, "held_out/z");
    require(held_out.solution.dim() == 1 && held_out.solution.size(0) == held_out.z.size(0),
            "held_out/solution");
    require(held_out.scalars.dim() == 2 && held_out.scalars.size(0) == held_out.z.size(0) &&
                held_out.scalars.size(1) == scalars,
            "held_out/scalars");
  }

  /// One place tells whether inputs and outputs are as many as they should be.
  void check_regressions(const Emulator& emulator) const {
    const auto check_one = [&](const std::string& name, const Regression& regression, std::int64_t outputs) {
      const auto arrays = regression.arrays();
      require(arrays[0].second.size(1) == static_cast<std::int64_t>(emulator.axes.size()) &&
                  arrays[1].second.size(1) == outputs,
              name + "/coefficients");
    };
    check_one("layout", *emulator.layout, emulator.layout_logarithm.size(0));
    check_one("amplitudes", *emulator.amplitudes, emulator.modes.size(0));
    check_one("quantities", *emulator.quantities, static_cast<std::int64_t>(emulator.scalars.size()));
  }

  std::string file_;
  Handle root_;
};

}  // namespace

std::shared_ptr<Emulator> read_emulator(const std::string& path) {
  try {
    return Reader(path).run();
  } catch (const output::FileError& error) {
    throw job::InputError(std::string(error.what()) + damaged);
  }
}

}  // namespace gluesweep::emulator
