#include "gluesweep/output/sweep_reader.hpp"

#include <algorithm>
#include <filesystem>
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

}  // namespace

struct SweepReader::Implementation {
  explicit Implementation(std::string file) : path(std::move(file)) {
    silence_hdf5();
    if (!std::filesystem::exists(path)) throw job::InputError(path + ": there is no such file");
    if (std::filesystem::is_directory(path)) refuse("it is a directory");
    if (H5Fis_hdf5(path.c_str()) <= 0) refuse("it is not an HDF5 file, or may not be read");
    handle = Handle(check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open", path), H5Fclose);
    if (!has_attribute(handle.get(), "format_version") || !has_attribute(handle.get(), "job_hash")) {
      refuse("it is an HDF5 file, but lacks the attributes format_version and job_hash");
    }
    const std::int64_t version = read_integer_attribute(handle.get(), "format_version", path);
    if (version != format_version) {
      refuse("its format version is " + std::to_string(version) + ", this program reads version " +
             std::to_string(format_version) +
             ": use the gluesweep version that its attribute `source` names");
    }
    samples = extents(open("sample").get(), path).at(0);
  }

  [[noreturn]] void refuse(const std::string& reason) const {
    throw job::InputError(path + " is not a sweep file that can be read: " + reason);
  }

  Handle open(const std::string& variable) const {
    return {
        check(H5Dopen2(handle.get(), variable.c_str(), H5P_DEFAULT), "open the variable " + variable, path),
        H5Dclose};
  }

  std::string path;
  Handle handle;
  std::int64_t samples = 0;
};

SweepReader::SweepReader(const std::string& path) : implementation_(std::make_unique<Implementation>(path)) {}
SweepReader::~SweepReader() = default;
SweepReader::SweepReader(SweepReader&&) noexcept = default;

std::string SweepReader::text(const std::string& attribute) const {
  return read_text_attribute(implementation_->handle.get(), attribute, implementation_->path);
}

std::int64_t SweepReader::integer(const std::string& attribute) const {
  return read_integer_attribute(implementation_->handle.get(), attribute, implementation_->path);
}

std::int64_t SweepReader::samples() const { return implementation_->samples; }

sweep::Share SweepReader::share() const {
  // Files of earlier versions hold whole scans and do not say so.
  if (!has_attribute(implementation_->handle.get(), "first_sample")) return {0, samples(), samples()};
  return {integer("first_sample"), samples(), integer("scan_samples")};
}

std::vector<std::string> SweepReader::swept_names() const { return words(text("swept_parameters")); }

bool SweepReader::has(const std::string& variable) const {
  return H5Lexists(implementation_->handle.get(), variable.c_str(), H5P_DEFAULT) > 0;
}

std::string SweepReader::unit(const std::string& variable) const {
  return read_text_attribute(implementation_->open(variable).get(), "units", implementation_->path);
}

std::string SweepReader::long_name(const std::string& variable) const {
  return read_text_attribute(implementation_->open(variable).get(), "long_name", implementation_->path);
}

at::Tensor SweepReader::values(const std::string& variable) const {
  const Handle dataset = implementation_->open(variable);
  at::Tensor result = at::empty(extents(dataset.get(), implementation_->path), at::kDouble);
  check(H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, result.data_ptr()),
        "read the variable " + variable, implementation_->path);
  return result;
}

bool SweepReader::is_virtual() const {
  const Handle properties(check(H5Dget_create_plist(implementation_->open("status").get()),
                                "look up a layout", implementation_->path),
                          H5Pclose);
  return H5Pget_layout(properties.get()) == H5D_VIRTUAL;
}

std::vector<std::int64_t> SweepReader::shape(const std::string& variable) const {
  return extents(implementation_->open(variable).get(), implementation_->path);
}

at::Tensor SweepReader::rows(const std::string& variable, std::int64_t first, std::int64_t count,
                             at::ScalarType type) const {
  const Handle dataset = implementation_->open(variable);
  std::vector<std::int64_t> shape = extents(dataset.get(), implementation_->path);
  if (shape.empty() || shape[0] != samples() || first < 0 || count < 0 || first > samples() - count) {
    throw std::out_of_range("no samples " + std::to_string(first) + " to " +
                            std::to_string(first + count - 1) + " of the variable " + variable);
  }
  shape[0] = count;
  at::Tensor result = at::empty(shape, type);
  read_slab(dataset.get(), native_type(type), first, shape, result.data_ptr(), implementation_->path);
  return result;
}

sweep::Tally SweepReader::tally() const {
  sweep::Tally tally;
  for (std::int64_t first = 0; first < samples(); first += rows_per_read) {
    const std::int64_t count = std::min(rows_per_read, samples() - first);
    training::BlockResult piece;
    piece.status = rows("status", first, count).to(at::kByte);
    piece.error_estimate = rows("error_estimate", first, count);
    tally += sweep::tally_of(piece);
  }
  return tally;
}

std::vector<std::pair<std::string, at::Tensor>> SweepReader::trunk_arrays() const {
  const Handle network(check(H5Gopen2(implementation_->handle.get(), "network", H5P_DEFAULT),
                             "open the group network", implementation_->path),
                       H5Gclose);
  std::vector<std::pair<std::string, at::Tensor>> arrays;
  for (const std::string& name :
       words(read_text_attribute(network.get(), "trunk_arrays", implementation_->path))) {
    arrays.emplace_back(name, values("network/" + name));
  }
  return arrays;
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
