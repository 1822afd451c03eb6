#include "gluesweep/output/sweep_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "gluesweep/job/error.hpp"
#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/layout.hpp"

namespace gluesweep::output {
namespace {

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

/// What a reader of messages can do about a file that does not hold what it should.
constexpr const char* damaged =
    ": the file is damaged, or was not written by gluesweep; restore a copy of it, or run the scan again";

// No filter that HDF5 brings along makes data smaller by more. Files are written without filters; users may
// compress them later.
constexpr double largest_compression = 4096.0;

double bytes_of(hid_t dataset, hid_t type, const std::string& file) {
  auto bytes = static_cast<double>(H5Tget_size(type));
  for (const std::int64_t size : extents(dataset, file))
    bytes *= size < 0 ? std::numeric_limits<double>::infinity() : static_cast<double>(size);
  return bytes;
}

}  // namespace

struct SweepReader::Implementation {
  explicit Implementation(std::string file) : path(std::move(file)) {
    silence_hdf5();
    check_kind_of_file();
    guarded([this] {
      handle = Handle(check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open", path), H5Fclose);
      check_version();
      samples = count_samples();
      check_share();
    });
  }

  /// A file that cannot be read is bad input.
  template <class Action>
  auto guarded(const Action& action) const -> decltype(action()) {
    try {
      return action();
    } catch (const FileError& error) {
      const std::string message = error.what();
      const bool locked = message.find("HDF5_USE_FILE_LOCKING") != std::string::npos;
      throw job::InputError(message + (locked ? "" : damaged));
    }
  }

  [[noreturn]] void refuse(const std::string& reason) const {
    throw job::InputError(path + " is not a sweep file that can be read: " + reason);
  }

  void check_kind_of_file() const {
    std::error_code problem;
    const auto status = std::filesystem::status(path, problem);
    if (status.type() == std::filesystem::file_type::not_found) {
      throw job::InputError(path + ": there is no such file; give the path of a sweep file");
    }
    if (problem) refuse(problem.message());
    if (std::filesystem::is_directory(status)) refuse("it is a directory; give the file inside");
    if (!std::filesystem::is_regular_file(status)) refuse("it is no ordinary file; give the path of one");
    if (H5Fis_hdf5(path.c_str()) <= 0) {
      refuse(
          "it is not an HDF5 file, was cut off, or may not be read; give a file that 'gluesweep run' wrote");
    }
  }

  void check_version() const {
    if (!has_attribute(handle.get(), "format_version") || !has_attribute(handle.get(), "job_hash")) {
      refuse(
          "it is an HDF5 file, but lacks the attributes format_version and job_hash; give a file that "
          "'gluesweep run' wrote");
    }
    const std::int64_t version = read_integer_attribute(handle.get(), "format_version", path);
    if (version != format_version) {
      refuse("its format version is " + std::to_string(version) + ", this program reads version " +
             std::to_string(format_version) +
             ": use the gluesweep version that its attribute `source` names");
    }
  }

  std::int64_t count_samples() const {
    const auto shape = extents(open("sample").get(), path);
    if (shape.size() != 1 || shape[0] < 1) refuse(std::string("its variable sample is no list") + damaged);
    if (extents(open("status").get(), path) != shape) {
      refuse(std::string("its variables sample and status differ in length") + damaged);
    }
    return shape[0];
  }

  void check_share() {
    // Files of earlier versions hold whole scans and do not say so.
    share = {0, samples, samples};
    if (!has_attribute(handle.get(), "first_sample")) return;
    share.first = read_integer_attribute(handle.get(), "first_sample", path);
    share.scan = read_integer_attribute(handle.get(), "scan_samples", path);
    if (share.first >= 0 && share.first <= share.scan - samples) return;
    refuse("it says that it holds " + std::to_string(samples) + " samples from number " +
           std::to_string(share.first) + " of a scan of " + std::to_string(share.scan) + damaged);
  }

  /// A variable, which holds numbers, as many as it says.
  Handle open(const std::string& variable) const {
    Handle dataset(
        check(H5Dopen2(handle.get(), variable.c_str(), H5P_DEFAULT), "open the variable " + variable, path),
        H5Dclose);
    const Handle type(check(H5Dget_type(dataset.get()), "look up the type of " + variable, path), H5Tclose);
    const H5T_class_t kind = H5Tget_class(type.get());
    if (kind != H5T_INTEGER && (kind != H5T_FLOAT || variable == "status")) {
      refuse("its variable " + variable + " holds something else than numbers" + damaged);
    }
    check_stored(dataset.get(), type.get(), variable);
    return dataset;
  }

  /// All variables are allocated when the file is created, so that one of a wrong extent shows before memory
  /// is taken for it.
  void check_stored(hid_t dataset, hid_t type, const std::string& variable) const {
    const Handle properties(check(H5Dget_create_plist(dataset), "look up the layout of " + variable, path),
                            H5Pclose);
    if (H5Pget_layout(properties.get()) == H5D_VIRTUAL) return;
    const double factor = H5Pget_nfilters(properties.get()) > 0 ? largest_compression : 1.0;
    if (factor * static_cast<double>(H5Dget_storage_size(dataset)) >= bytes_of(dataset, type, path)) return;
    refuse("its variable " + variable + " is longer than the data in the file" + damaged);
  }

  void check_statuses(const at::Tensor& status) const {
    const auto largest = status.max().item<double>();
    if (largest < static_cast<double>(training::status_table.size())) return;
    refuse("its variable status holds " + std::to_string(static_cast<std::int64_t>(largest)) +
           ", which has no meaning" + damaged);
  }

  std::string path;
  Handle handle;
  std::int64_t samples = 0;
  sweep::Share share;
};

SweepReader::SweepReader(const std::string& path) : implementation_(std::make_unique<Implementation>(path)) {}
SweepReader::~SweepReader() = default;
SweepReader::SweepReader(SweepReader&&) noexcept = default;

std::string SweepReader::text(const std::string& attribute) const {
  return implementation_->guarded(
      [&] { return read_text_attribute(implementation_->handle.get(), attribute, implementation_->path); });
}

std::int64_t SweepReader::integer(const std::string& attribute) const {
  return implementation_->guarded([&] {
    return read_integer_attribute(implementation_->handle.get(), attribute, implementation_->path);
  });
}

std::int64_t SweepReader::samples() const { return implementation_->samples; }

sweep::Share SweepReader::share() const { return implementation_->share; }

std::vector<std::string> SweepReader::swept_names() const { return words(text("swept_parameters")); }

bool SweepReader::has(const std::string& variable) const {
  return H5Lexists(implementation_->handle.get(), variable.c_str(), H5P_DEFAULT) > 0;
}

std::string SweepReader::unit(const std::string& variable) const { return attribute_of(variable, "units"); }

std::string SweepReader::long_name(const std::string& variable) const {
  return attribute_of(variable, "long_name");
}

std::string SweepReader::attribute_of(const std::string& variable, const std::string& attribute) const {
  return implementation_->guarded([&] {
    return read_text_attribute(implementation_->open(variable).get(), attribute, implementation_->path);
  });
}

at::Tensor SweepReader::values(const std::string& variable) const {
  return implementation_->guarded([&] {
    const Handle dataset = implementation_->open(variable);
    at::Tensor result = at::empty(extents(dataset.get(), implementation_->path), at::kDouble);
    check(H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, result.data_ptr()),
          "read the variable " + variable, implementation_->path);
    return result;
  });
}

bool SweepReader::is_virtual() const {
  return implementation_->guarded([&] {
    const Handle properties(check(H5Dget_create_plist(implementation_->open("status").get()),
                                  "look up a layout", implementation_->path),
                            H5Pclose);
    return H5Pget_layout(properties.get()) == H5D_VIRTUAL;
  });
}

std::vector<std::int64_t> SweepReader::shape(const std::string& variable) const {
  return implementation_->guarded(
      [&] { return extents(implementation_->open(variable).get(), implementation_->path); });
}

at::Tensor SweepReader::rows(const std::string& variable, std::int64_t first, std::int64_t count,
                             at::ScalarType type) const {
  if (first < 0 || count < 0 || first > samples() - count) {
    throw std::out_of_range("no samples " + std::to_string(first) + " to " +
                            std::to_string(first + count - 1) + " of the variable " + variable);
  }
  return implementation_->guarded([&] {
    const Handle dataset = implementation_->open(variable);
    std::vector<std::int64_t> shape = extents(dataset.get(), implementation_->path);
    if (shape.empty() || shape[0] != samples()) {
      implementation_->refuse("its variables sample and " + variable + " differ in length" + damaged);
    }
    shape[0] = count;
    at::Tensor result = at::empty(shape, type);
    read_slab(dataset.get(), native_type(type), first, shape, result.data_ptr(), implementation_->path);
    if (variable == "status" && count > 0) implementation_->check_statuses(result);
    return result;
  });
}

at::Tensor SweepReader::column(const std::string& variable, std::int64_t first, std::int64_t count,
                               at::ScalarType type) const {
  at::Tensor values = rows(variable, first, count, type);
  if (values.dim() == 1) return values;
  implementation_->refuse("its variable " + variable + " holds more than one number a sample" + damaged);
}

sweep::Tally SweepReader::tally() const {
  sweep::Tally tally;
  for (std::int64_t first = 0; first < samples(); first += rows_per_read) {
    const std::int64_t count = std::min(rows_per_read, samples() - first);
    training::BlockResult piece;
    piece.status = column("status", first, count, at::kByte);
    piece.error_estimate = column("error_estimate", first, count);
    tally += sweep::tally_of(piece);
  }
  return tally;
}

std::vector<std::pair<std::string, at::Tensor>> SweepReader::trunk_arrays() const {
  const std::string names = implementation_->guarded([&] {
    const Handle network(check(H5Gopen2(implementation_->handle.get(), "network", H5P_DEFAULT),
                               "open the group network", implementation_->path),
                         H5Gclose);
    return read_text_attribute(network.get(), "trunk_arrays", implementation_->path);
  });
  std::vector<std::pair<std::string, at::Tensor>> arrays;
  for (const std::string& name : words(names)) arrays.emplace_back(name, values("network/" + name));
  return arrays;
}

std::optional<network::Trunk> SweepReader::trunk(const job::Network& network,
                                                 const std::string& prefix) const {
  const auto arrays = network::with_prefix(trunk_arrays(), prefix);
  if (arrays.empty()) return std::nullopt;
  try {
    return network::Trunk(network, arrays);
  } catch (const std::invalid_argument& error) {
    implementation_->refuse("in its group network: " + std::string(error.what()) + damaged);
  }
}

void SweepReader::read_trunk_into(const std::vector<std::pair<std::string, at::Tensor>>& arrays) const {
  const auto stored = trunk_arrays();
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (i < stored.size() && stored[i].first == arrays[i].first &&
        stored[i].second.sizes() == arrays[i].second.sizes()) {
      arrays[i].second.copy_(stored[i].second);
      continue;
    }
    throw job::InputError(
        implementation_->path + ": the hidden layers in /network are not those of this program (" +
        arrays[i].first + "): go on with the gluesweep version that the attribute `source` names");
  }
}

}  // namespace gluesweep::output
